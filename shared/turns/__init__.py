"""Turns: one target served under a lease. Observe, decide, perform, observe again, announce.

It knows the outside through `ports` alone. It does not know the fleet, HTTP or the queue's triggers.
"""
