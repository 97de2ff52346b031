"""Readers: who can read the keys of an account, by which road, and who could give themselves the right.

It judges what Azure shows of role assignments, definitions, deny assignments, eligible assignments and vaults, by
Azure's own rules. It knows no key, and never says "nobody else": what could not be seen is part of every answer.
"""
