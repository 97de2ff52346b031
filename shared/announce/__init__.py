"""Announcing: which events are outstanding, what they say, and which deadlines lie ahead.

It knows what was observed and decided. It sends nothing and reads no clock: `turns` sends what this room lists.
"""
