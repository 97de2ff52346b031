"""The lab: what is never deployed. An emulated Azure, a local function host, a simulation, proofs, demo and benchmarks.

It may import the application; the application never imports it. Nothing here imports the tests.
"""
