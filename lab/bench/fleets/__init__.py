"""Measures many keys due at once, long listings and leaks, against what Azure's limits and this machine allow."""
