"""Long random lives: several targets, random actions and faults, with the promises checked before and after every call.

Two forms share the same actions (`life`): `soak` draws them from a seed, and `machine` lets Hypothesis choose them and
shrink a failing life. They see several targets, faults and long times together, which the exploration of
`lab.prove.histories` does not; but they find only what chance meets, and one fault at a time in a turn. 300 seeds take
about five minutes.
"""
