"""How long Azure's published limits make a fleet take at least, and what a measurement is compared with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lab.emulator.limits import ARM, CREATES, VAULT_SECONDS

WRITES = 3  # calls to ARM that a rotation makes and that count as writes: listKeys, regenerateKey, and listKeys again
# What must happen one after another until a leaked key is replaced: the lease, the secret, the account, its keys, a new
# key, two proofs, and publishing. The new key of the leaked slot ends it.
LEAK_CALLS = 8


def arm_seconds(writes: int) -> float:
    """Return how long one identity needs at least for so many writes in one subscription, in seconds."""
    capacity, rate = ARM["writes"]
    return max(0.0, (writes - capacity) / rate)


def vault_seconds(versions: int, others: float = 0) -> float:
    """Return how long so many new versions in one vault take at least, in seconds.

    others: How many versions a second another program writes. The app's fair part is the rest; it takes less time if it
        comes before the other program.
    """
    if others:
        rest = CREATES / VAULT_SECONDS - others
        return max(0.0, versions / rest - VAULT_SECONDS)
    return max(0, versions - 1) // CREATES * VAULT_SECONDS


@dataclass(frozen=True)
class Bound:
    """The least time that a fleet can take, in seconds.

    azure: What Azure's limits and pages allow.
    machine: What this machine takes for the same without limits. None: not measured.
    """

    azure: float
    machine: float | None = None

    @property
    def seconds(self) -> float:
        """The larger of the two."""
        return max(self.azure, self.machine or 0.0)


def azure_bound(writes: Iterable[int], versions: Iterable[int], *, others: float = 0, pages: float = 0) -> float:
    """Return what Azure allows at best, in seconds: the slowest subscription or vault, after the pages were read.

    writes: How many writes each subscription needs.
    versions: How many new versions each vault needs.
    others: How many versions a second another program writes into each vault.
    pages: How long the pages take that must be read first, in seconds.
    """
    slowest = max(map(arm_seconds, writes), default=0.0)
    return pages + max(slowest, max((vault_seconds(count, others) for count in versions), default=0.0))
