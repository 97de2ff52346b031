"""The nouns: accounts, targets, keys, publications, requests, times and errors.

It knows nothing outside itself: no Azure, no clock, no environment, no log. Every other room may import it.
"""
