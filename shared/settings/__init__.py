"""Settings: the environment and the tags of accounts, read into frozen values, with every problem named.

This room knows the domain only. Nothing else in `shared` reads the environment, except `handlers` and `wiring`, which
pass it on.
"""
