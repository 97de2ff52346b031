"""What the app costs, measured: `make bench` prints ratios within one run, beside what the design allows."""
