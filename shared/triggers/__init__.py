"""Triggers: the functions that Azure runs, with their names, schedules, routes and bindings. One file for each kind.

They import the Functions SDK and nothing else until one runs, so that a cold start costs no more than the SDK itself.
"""
