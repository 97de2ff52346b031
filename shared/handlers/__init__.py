"""Handlers: what each trigger does, with plain data and without the Functions SDK.

They read what came in, call the fleet or one turn, and form the answer. They know no Azure client.
"""
