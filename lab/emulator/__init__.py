"""A small imitation of the Azure services that the app calls, for tests, demos and proofs.

It is written from Azure's interface descriptions and recorded answers, never from the client that it is used to test,
so it can show what that client really does. `World` holds the state. `emulator.serve` serves a world over HTTP. `python
-m emulator` serves one from a terminal. What is not imitated is refused with the code NotImitated.
"""

from lab.emulator.accounts import Account, Lag, fingerprint
from lab.emulator.directory import Identity, Role
from lab.emulator.errors import AzureError, ConnectionDroppedError
from lab.emulator.faults import Rule
from lab.emulator.world import World

__all__ = [
    "Account",
    "AzureError",
    "ConnectionDroppedError",
    "Identity",
    "Lag",
    "Role",
    "Rule",
    "World",
    "fingerprint",
]
