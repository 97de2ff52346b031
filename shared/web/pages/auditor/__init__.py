"""The pages for auditors: who can read keys, and where copies of them lie.

They show what was asked of Azure for this view, decide nothing, and never say "nobody else" or "no other copies".
"""
