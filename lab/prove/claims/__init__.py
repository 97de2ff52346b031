"""Every small clash of claims: what names, tags of accounts and tags of secrets can do to another account (P12).

Two accounts live in one subscription and publish in one vault. Somebody tags them, somebody writes a secret's tags or
values, and a key drifts or leaks. `case` lists all combinations, `scene` is the simulated Azure of one of them, `play`
plays it with the shipped code, once in each order in which Azure can list the two accounts, and `judge` watches every
call. What it judges by are the emulated accounts and secrets alone.

It knows two accounts, one vault, one act of a forger, and one request. It knows no faults and no second process, which
`lab.prove.histories` and `lab.prove.lives` have. It takes about two minutes on one core.
"""
