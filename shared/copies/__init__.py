"""Copies: where copies of an account's key lie, and what happens to each at the next end of its key.

It looks at names, addresses and kinds of authentication in Azure's resources. It asks for no key and keeps none: no
operation that is made to show one is in the table of what is read, and of answers in which a value can lie only
harmless parts leave the adapter.
"""
