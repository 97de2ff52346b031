"""Reads that are late: for a while after a write, Azure shows what it held before that write.

A turn that meets such reads must do what it does without them (P13). They last as long as the turn: see `BOUNDS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from lab.prove.histories.state import Version

LONGER_THAN_A_MINUTE = 99  # reads: more than a turn makes while it waits


class Late(NamedTuple):
    """Which reads are late, and for how long.

    secret: How many reads of the secret show what was there before the last write.
    keys: How many listings of the keys do.
    """

    secret: int = 0
    keys: int = 0


@dataclass
class LateReads:
    """What the reads of one world still hide.

    late: Which reads are late. None: none is.
    version, keys: What was there before the hidden write, and how many reads still show that.
    """

    late: Late | None = None
    version: tuple[Version | None, int] = (None, 0)
    keys: tuple[tuple[int, int], int] = ((0, 0), 0)

    def secret_is_written(self, before: Version | None) -> None:
        """Hide a write of the secret. If an earlier write is still hidden, what was there before that one is shown."""
        if self.late is not None:
            self.version = (self.version[0] if self.version[1] else before, self.late.secret)

    def key_is_made(self, before: tuple[int, int]) -> None:
        """Hide a regeneration, in the same way."""
        if self.late is not None:
            self.keys = (self.keys[0] if self.keys[1] else before, self.late.keys)

    def read_secret(self, now: Version | None) -> Version | None:
        """Return what a read of the secret shows; `now` is what is there."""
        before, left = self.version
        self.version = (before, max(left - 1, 0))
        return before if left else now

    def read_keys(self, now: tuple[int, int]) -> tuple[int, int]:
        """Return what a listing of the keys shows; `now` is what is there."""
        before, left = self.keys
        self.keys = (before, max(left - 1, 0))
        return before if left else now

    def end(self) -> None:
        """Show everything from now on."""
        self.late, self.version, self.keys = None, (None, 0), ((0, 0), 0)
