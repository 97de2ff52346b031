"""What has been announced, as one tag on the secret version remembers it.

`Told` is bookkeeping: it is written after Event Grid accepted something, so losing it repeats an announcement
and never drops one. A deadline's announcements form a ladder; only the lowest rung told is kept, because the
longer leads are covered by it. A `Debt` is an announcement that an earlier version could not get accepted; the
next version carries it on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.times import from_seconds, sane_lead, seconds_text

_FLAGS = ("origin", "key_auth_off", "armed")
MOST_DEBTS = 8  # 28 characters each; a tag holds 256


class Happened(StrEnum):
    """What a version owes the world a word about: how it came to be, or which value ended with it."""

    ADOPTED = "a"
    ROTATED = "r"
    HEALED = "h"
    ENDED = "e"


@dataclass(frozen=True)
class Telling:
    """An accepted announcement of `deadline`; `lead` is the lowest rung told, none for the first word only."""

    deadline: datetime
    lead: timedelta | None = None

    def text(self) -> str:
        rung = "" if self.lead is None else str(int(self.lead.total_seconds()))
        return f"{seconds_text(self.deadline)}/{rung}"

    @classmethod
    def read(cls, text: str) -> Telling:
        deadline, _, rung = text.partition("/")
        return cls(from_seconds(deadline), sane_lead(int(rung)) if rung else None)


@dataclass(frozen=True)
class Debt:
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
    def read(cls, text: str) -> Debt:
        return cls(Happened(text[0]), KeySlot(f"key{text[1]}"), Fingerprint(text[2:18]), from_seconds(text[18:]))


@dataclass(frozen=True)
class Told:
    """Which announcements about a version were accepted, and which older ones are still owed. `ends` is how many ends
    of all keys were told of and taken back, by somebody who has switched keys on again."""

    origin: bool = False
    key_auth_off: bool = False
    armed: bool = False
    rotation: Telling | None = None
    retirement: Telling | None = None
    sunset: Telling | None = None
    ends: int = 0
    debts: tuple[Debt, ...] = ()

    def text(self) -> str:
        """The tag's value; empty when nothing was told."""
        words = [name for name in _FLAGS if getattr(self, name)]
        for name in ("rotation", "retirement", "sunset"):
            telling: Telling | None = getattr(self, name)
            if telling is not None:
                words.append(f"{name}={telling.text()}")
        words += [f"ends={self.ends}"] if self.ends else []
        return " ".join(words)

    @classmethod
    def read(cls, text: str, owed: str = "") -> Told:
        """The reverse of `text` and `owed_text`. Raises ValueError or KeyError for what it cannot read."""
        words = dict(word.partition("=")[::2] for word in text.split())
        tellings = {
            name: Telling.read(words.pop(name)) for name in ("rotation", "retirement", "sunset") if name in words
        }
        ends = int(words.pop("ends", "0"))
        flags = {name: words.pop(name) == "" for name in _FLAGS if name in words}
        if words:
            raise ValueError(f"{sorted(words)} is not something that can have been told")
        return cls(
            origin=flags.get("origin", False),
            key_auth_off=flags.get("key_auth_off", False),
            armed=flags.get("armed", False),
            rotation=tellings.get("rotation"),
            retirement=tellings.get("retirement"),
            sunset=tellings.get("sunset"),
            ends=ends,
            debts=tuple(Debt.read(word) for word in owed.split()),
        )

    def owed_text(self) -> str:
        """The debts, as their own tag's value: as many of the latest as a tag holds (see `forgotten`)."""
        return " ".join(debt.text() for debt in self.debts[-MOST_DEBTS:])

    @property
    def forgotten(self) -> tuple[Debt, ...]:
        """The debts that no tag has room for. Whoever writes such marks must say them in another place."""
        return self.debts[:-MOST_DEBTS]
