"""Deciding: what should happen to one target now, and why.

It knows an observation, a target's settings, the time and an optional request. It performs nothing, reads no clock and
no environment, and knows nothing of Azure, so that the timer, a person and a dry run get the same answer.
"""
