"""Copies: where copies of an account's key lie, and what happens to each at the next end of its key.

It looks at names, addresses and kinds of authentication in Azure's resources. It never receives a key: no operation
that returns one is in the table of what is read, and members that could hold one are dropped before anything sees them.
"""
