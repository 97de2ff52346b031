"""What the witness checks of an account's first rotation: it comes neither too early nor too late.

The first rotation of an adopted account may come earlier than the whole period, by a tenth at most, and not before a
moment that Event Grid accepted as its deadline. It may not come later than the period says. Only scheduled rotations
are meant: a person, a leak or a deployment may bring it at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from shared.domain.model import Cadence

_ORIGIN, _REQUEST, _ARMED = "key-rotation-origin", "key-rotation-request", "key-rotation-armed"


@dataclass
class Adopted:
    """A version with which an account was adopted, as its tags described it first.

    since: When its period began.
    waits: Whether it has ever waited for a deployment, which may bring the rotation at any time.
    """

    since: datetime
    waits: bool = False

    @classmethod
    def read(cls, tags: Mapping[str, str]) -> Self | None:
        """Return what the tags of a version say. None if they say something else than an adoption."""
        origin, _, rest = tags.get(_ORIGIN, "").partition(" ")
        if origin != "adopted":
            return None
        return cls(datetime.strptime(rest.split()[0], "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC))

    def note(self, tags: Mapping[str, str]) -> None:
        """Note what the tags of the same version say by now."""
        self.waits = self.waits or _ARMED in tags

    def may_be_rotated(
        self, tags: Mapping[str, str], cadence: Cadence, announced: datetime | None, now: datetime
    ) -> str | None:
        """Return what is wrong with the version that takes the place of this one now. None if nothing is.

        tags: The tags of that version.
        announced: The latest deadline that Event Grid accepted for the rotation. None if it accepted none.
        """
        if not tags.get(_ORIGIN, "").startswith("rotated") or tags.get(_REQUEST) or self.waits:
            return None
        latest = self.since + cadence.period
        if now < latest - cadence.period / 10:
            return f"a first rotation comes {latest - now} early, which is more than a tenth of the period"
        if announced is not None and now < min(announced, latest):
            return f"a first rotation comes {announced - now} before the moment that was announced"
        return None

    def is_late(self, cadence: Cadence, now: datetime) -> bool:
        """Return whether the first rotation should have happened by now, if nothing holds it back."""
        latest = self.since + cadence.period
        return now > (cadence.window.next_open(latest) if cadence.window else latest)
