"""The proofs: they search for a history, crash, race or fault that breaks a promise. `make prove` runs all of them.

Every proof runs the shipped code and has a judge of its own. What each explores, what it cannot see and how long it
takes is written at the top of its package; docs/decisions/0008-what-is-proven.md has the figures.
"""
