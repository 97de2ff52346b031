"""The fleet: which accounts take part, what a tick finds, and a survey of all targets.

It knows settings, and Azure through ports. It decides nothing itself: it asks `decide`.
"""
