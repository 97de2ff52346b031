"""The way out of keys on the pages: who still uses keys, how far each account is, and the fleet week by week.

Everything here is made of the survey that the app keeps. A page asks no logs, and what is not known is shown as such.
"""
