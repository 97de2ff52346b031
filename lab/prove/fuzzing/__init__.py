"""Fuzzing: every input from outside is corrupted at random, and must be refused with a name or handled correctly.

Inputs start valid and are corrupted in one to three places, so that they get past the first check. A seed always gives
the same input. It cannot see whether a corrupted input that is accepted is understood as meant; the tests of each
reader cover that. 20 000 inputs of each kind take about a minute.
"""
