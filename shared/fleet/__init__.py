"""The fleet: which accounts take part, which of them need a turn, and a survey of all targets.

This room knows settings, and Azure through ports. It makes no decision about keys itself: it asks `decide`.
"""
