"""The simulation: the emulated Azure behind the application's ports, in one process, with a clock that stands still.

Tests and proofs play histories on it and interrupt every call (`interruptions`). The witness (`witness`) checks the
promises before and after every call; the tripwire (`tripwire`) checks that no text contains a key. It is never
deployed. It knows the application's ports and types, and no HTTP: the adapters are tested elsewhere.
"""
