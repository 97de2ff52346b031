"""The command line: what the HTTP interface offers, from a terminal and without the function app.

It uses the same settings, observations and decisions as the function app. It is not deployed with it.
"""
