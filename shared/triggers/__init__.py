"""Triggers: the functions that Azure runs, with their names, schedules, routes and bindings. One file for each kind.

Until a function runs they import the Functions SDK and small tables of this app, nothing else, so that a cold start
costs no more than the SDK itself.
"""
