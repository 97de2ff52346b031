"""The simulation: the emulated Azure behind the application's ports, in one process, with a clock that stands still.

Tests and proofs play histories on it and interrupt every call. A witness holds each history to the promises.
"""
