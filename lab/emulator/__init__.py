"""Azure, small enough to hold: an independent witness for what a client really does.

Written from Azure's own interface descriptions, and never from the client it is used to test. `World` is the
state, `emulator.serve` puts it on the wire, `python -m lab.emulator` keeps it up for a terminal.
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
