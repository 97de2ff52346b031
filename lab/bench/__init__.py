"""Measures what the app costs. `make bench` prints ratios within one run, next to what the design allows."""
