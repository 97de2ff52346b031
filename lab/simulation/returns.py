"""Returns of keys, as the witness sees them: somebody switches keys on after the app had disabled the version.

Once another version is published over the disabled one, keys have returned. That must be announced before the target
is at rest, and not while keys are off. Whoever switches keys on may enable the version, too: then keys have returned
with it, if it was announced that they were off.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.announce.kinds import Kind


@dataclass
class Returns:
    """The returns of one target's keys.

    enabled: Whether the latest version was enabled when last observed.
    last: When keys last returned. None if they never did.
    expected: How many returns must have been announced by the time of rest.
    told: How many were announced when last observed.
    values: The values that were published with a return, which its announcement tells.
    ends: How many ends of all keys were announced when last observed.
    withdrawn: The version that was disabled while keys were off. Empty once keys have returned, and without one.
    ends_before: How many ends of all keys were announced when keys were last seen on.
    """

    enabled: bool = True
    last: datetime | None = None
    expected: int = 0
    told: int = 0
    values: set[str] = field(default_factory=set)
    ends: int = 0
    withdrawn: str = ""
    ends_before: int = 0

    def note(self, now: datetime, value: str = "") -> None:
        """Note that keys have returned now.

        value: The key that was published with that. Empty if the version was enabled by hand, and nothing was.
        """
        self.last, self.expected, self.withdrawn = now, self.told + 1, ""
        if value:
            self.values.add(value)

    def note_version(self, version: str, *, enabled: bool, are_off: bool) -> bool:
        """Note the latest version. Return whether somebody has enabled what was disabled while keys were off, after
        that was announced."""
        if are_off and self.enabled and not enabled:
            self.withdrawn = version
        self.enabled = enabled
        if are_off or not enabled or self.withdrawn != version:
            return False
        self.withdrawn = ""
        return self.ends > self.ends_before

    def all_ended(self, events: Iterable[Mapping[str, Any]]) -> bool:
        """Return whether another end of all keys was announced since this was last asked. It tells of every end."""
        before, self.ends = self.ends, len({one["id"] for one in events if one["type"] == Kind.KEY_AUTH_DISABLED})
        return self.ends > before

    def wrong(self, events: Iterable[Mapping[str, Any]], *, were_off: bool, are_off: bool) -> str | None:
        """Note which returns are announced by now. Return what is wrong with that, None if nothing is.

        events: The accepted events of the target.
        were_off, are_off: Whether keys were off when last observed, and are off now.
        """
        before, self.told = self.told, len({one["id"] for one in events if one["type"] == Kind.KEY_AUTH_ENABLED})
        if are_off:
            self.expected = min(self.expected, self.told)  # over before it was announced
        untrue = are_off and were_off and self.told > before
        return "it was announced that keys are on again while they are off" if untrue else None

    @property
    def are_announced(self) -> bool:
        """Whether all returns were announced that must be, as far as was observed."""
        return self.told >= self.expected
