"""A small imitation of the Azure services that the app calls, for tests, demos and proofs.

It is written from Azure's interface descriptions and recorded answers, never from the client that it is used to test,
so it can show what that client really does. `World` holds the state. `emulator.serve` serves a world over HTTP. `python
-m emulator` serves one from a terminal. What is not imitated is refused with the code NotImitated.
"""

from emulator.accounts import Account, Lag, fingerprint
from emulator.directory import Identity, Role
from emulator.errors import AzureError, ConnectionDroppedError
from emulator.faults import Rule
from emulator.world import World

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
