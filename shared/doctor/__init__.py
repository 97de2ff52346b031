"""The doctor: can this deployment do what it must, and if not, which command fixes it?

It knows the whole application and asks Azure through ports. Every check is harmless: nothing here changes anything.
"""
