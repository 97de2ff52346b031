"""Fuzzing of the doors: inputs that start valid and go bad are refused by name, or served as they should be."""
