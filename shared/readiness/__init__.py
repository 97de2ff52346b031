"""Readiness: who still uses keys, and which accounts can do without; for one account, for the fleet, week by week.

It asks the logs and looks at accounts, enrolled or not, at most once a day for the whole fleet, and keeps the answer in
the app's own storage. It decides nothing about keys: a turn that would end them asks the logs itself.
"""
