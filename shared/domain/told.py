"""What has been announced, as one tag on the secret version remembers it.

`Told` is bookkeeping: it is written after Event Grid accepted something, so losing it repeats an announcement
and never drops one. A deadline's announcements form a ladder; only the lowest rung told is kept, because the
longer leads are covered by it. A `CarriedOver` is an announcement that an earlier version could not get accepted; the
next version carries it on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.times import from_seconds, sane_lead, seconds_text

_FLAGS = {"origin": "origin", "key_auth_off": "key_auth_off", "armed": "awaited"}  # the tag's words, and our fields
MOST_CARRIED_OVER = 8  # 28 characters each; a tag holds 256


class Happened(StrEnum):
    """What a version owes the world a word about: how it came to be, or which value ended with it."""

    ADOPTED = "a"
    ROTATED = "r"
    HEALED = "h"
    ENDED = "e"


@dataclass(frozen=True)
class ToldDeadline:
    """An accepted announcement of `deadline`; `lead` is the lowest rung told, none for the first word only."""

    deadline: datetime
    lead: timedelta | None = None

    def text(self) -> str:
        rung = "" if self.lead is None else str(int(self.lead.total_seconds()))
        return f"{seconds_text(self.deadline)}/{rung}"

    @classmethod
    def read(cls, text: str) -> ToldDeadline:
        deadline, _, rung = text.partition("/")
        return cls(from_seconds(deadline), sane_lead(int(rung)) if rung else None)


@dataclass(frozen=True)
class CarriedOver:
    """Something that happened and is still to be announced: what, to which slot's value, when."""

    happened: Happened
    slot: KeySlot
    value: Fingerprint
    at: datetime

    def __str__(self) -> str:
        return f"{self.slot} {self.value} {self.happened.name.lower()} at {self.at.isoformat()}"

    def text(self) -> str:
        return f"{self.happened}{self.slot[-1]}{self.value}{seconds_text(self.at).split('.')[0]}"

    @classmethod
    def read(cls, text: str) -> CarriedOver:
        return cls(Happened(text[0]), KeySlot(f"key{text[1]}"), Fingerprint(text[2:18]), from_seconds(text[18:]))


@dataclass(frozen=True)
class Told:
    """Which announcements about a version were accepted, and which older ones are still owed. `ends` is how many ends
    of all keys were told of and taken back, by somebody who has switched keys on again."""

    origin: bool = False
    key_auth_off: bool = False
    awaited: bool = False
    rotation: ToldDeadline | None = None
    retirement: ToldDeadline | None = None
    sunset: ToldDeadline | None = None
    ends: int = 0
    carried_over: tuple[CarriedOver, ...] = ()

    def text(self) -> str:
        """The tag's value; empty when nothing was told."""
        words = [word for word, name in _FLAGS.items() if getattr(self, name)]
        for name in ("rotation", "retirement", "sunset"):
            told_deadline: ToldDeadline | None = getattr(self, name)
            if told_deadline is not None:
                words.append(f"{name}={told_deadline.text()}")
        words += [f"ends={self.ends}"] if self.ends else []
        return " ".join(words)

    @classmethod
    def read(cls, text: str, outstanding: str = "") -> Told:
        """The reverse of `text` and `carried_over_text`. Raises ValueError or KeyError for what it cannot read."""
        words = dict(word.partition("=")[::2] for word in text.split())
        told_deadlines = {
            name: ToldDeadline.read(words.pop(name)) for name in ("rotation", "retirement", "sunset") if name in words
        }
        ends = int(words.pop("ends", "0"))
        flags = {name: words.pop(word) == "" for word, name in _FLAGS.items() if word in words}
        if words:
            raise ValueError(f"{sorted(words)} is not something that can have been told")
        return cls(
            origin=flags.get("origin", False),
            key_auth_off=flags.get("key_auth_off", False),
            awaited=flags.get("awaited", False),
            rotation=told_deadlines.get("rotation"),
            retirement=told_deadlines.get("retirement"),
            sunset=told_deadlines.get("sunset"),
            ends=ends,
            carried_over=tuple(CarriedOver.read(word) for word in outstanding.split()),
        )

    def carried_over_text(self) -> str:
        """The debts, as their own tag's value: as many of the latest as a tag holds (see `dropped`)."""
        return " ".join(carried.text() for carried in self.carried_over[-MOST_CARRIED_OVER:])

    @property
    def dropped(self) -> tuple[CarriedOver, ...]:
        """The debts that no tag has room for. Whoever writes such marks must say them in another place."""
        return self.carried_over[:-MOST_CARRIED_OVER]
