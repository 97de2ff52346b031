"""Azure, small enough to hold: an independent witness for what a client really does.

Written from Azure's own interface descriptions, and never from the client it is used to test. `World` is the
state, `emulator.serve` puts it on the wire, `python -m emulator` keeps it up for a terminal.
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
