"""The HTTP side of the emulator: one module per Azure service, and the control surface for tests."""
