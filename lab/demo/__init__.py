"""`make demo` and `make run`: the function app with an emulated Azure, either as a timed demo or staying up.

`make demo` plays a hundred days of three accounts in a hundred seconds, and checks the promises from outside the app.
"""
