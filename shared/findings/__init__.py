"""Findings: what is not as it should be, in one list for audit, status page and alerts.

It knows the fleet and what a survey of it found. It changes nothing.
"""
