"""The delivery record: which announcements about a version were accepted, as tags of the secret keep it.

`Told` is written after Event Grid accepted something. If that write is lost, the announcement is sent again and never
missed. A deadline is announced at several lead times; only the shortest one accepted is kept, since it covers the
longer ones. `CarriedOver` is an announcement that an earlier version could not deliver; the next version carries it on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.times import from_seconds, sane_lead, seconds_text

# The words of the tag, and the fields of `Told` that they stand for.
_FLAGS = {"origin": "origin", "key_auth_off": "key_auth_off", "armed": "awaited"}
_DEADLINES = ("rotation", "retirement", "sunset")
MOST_CARRIED_OVER = 8  # 28 characters each; a tag holds 256


class Happened(StrEnum):
    """What has to be announced about a version: how it was made, which value ended with it, or that the account accepts
    keys again. The values are tags."""

    ADOPTED = "a"
    ROTATED = "r"
    HEALED = "h"
    ENDED = "e"
    KEYS_BACK = "o"


@dataclass(frozen=True)
class ToldDeadline:
    """An accepted announcement of a deadline.

    deadline: The moment that was announced, in UTC.
    lead: The shortest lead time at which it was announced. None if only the first announcement was accepted.
    """

    deadline: datetime
    lead: timedelta | None = None

    def text(self) -> str:
        """Return the form in the tag: seconds since 1970, a slash, and the lead time in seconds if there is one."""
        lead = "" if self.lead is None else str(int(self.lead.total_seconds()))
        return f"{seconds_text(self.deadline)}/{lead}"

    @classmethod
    def read(cls, text: str) -> ToldDeadline:
        """Read what `text` wrote. Raises ValueError."""
        deadline, _, lead = text.partition("/")
        return cls(from_seconds(deadline), sane_lead(int(lead)) if lead else None)


@dataclass(frozen=True)
class CarriedOver:
    """Something that happened and is still to be announced.

    happened: What happened.
    slot: The slot of the key that it happened to.
    value: The fingerprint of that key.
    happened_at: When it happened, in UTC. The tag keeps whole seconds.
    """

    happened: Happened
    slot: KeySlot
    value: Fingerprint
    happened_at: datetime

    def __str__(self) -> str:
        return f"{self.slot} {self.value} {self.happened.name.lower()} at {self.happened_at.isoformat()}"

    def text(self) -> str:
        """Return the form in the tag."""
        return f"{self.happened}{self.slot[-1]}{self.value}{seconds_text(self.happened_at).split('.')[0]}"

    @classmethod
    def read(cls, text: str) -> CarriedOver:
        """Read what `text` wrote. Raises ValueError or IndexError."""
        return cls(Happened(text[0]), KeySlot(f"key{text[1]}"), Fingerprint(text[2:18]), from_seconds(text[18:]))


@dataclass(frozen=True)
class Told:
    """Which announcements about a version were accepted, and which older ones are still outstanding.

    origin: Whether the announcement of how the version was made was accepted.
    key_auth_off: Whether the announcement that keys are switched off was accepted.
    awaited: Whether the announcement that a deployment is awaited was accepted.
    rotation: The accepted announcement of the next rotation. None if there is none.
    retirement: The accepted announcement of the previous key's end. None if there is none.
    sunset: The accepted announcement of the end of all keys. None if there is none.
    ends: How many announced ends of all keys a person took back by switching keys on again. It tells the next one
        apart.
    carried_over: Announcements that earlier versions could not deliver, oldest first.
    """

    origin: bool = False
    key_auth_off: bool = False
    awaited: bool = False
    rotation: ToldDeadline | None = None
    retirement: ToldDeadline | None = None
    sunset: ToldDeadline | None = None
    ends: int = 0
    carried_over: tuple[CarriedOver, ...] = ()

    @property
    def has_deadlines(self) -> bool:
        """Whether any deadline was announced."""
        return any(getattr(self, name) is not None for name in _DEADLINES)

    def without_deadlines(self) -> Told:
        """Return the record as if no deadline had been announced."""
        return replace(self, rotation=None, retirement=None, sunset=None)

    def text(self) -> str:
        """Return the value of the tag `told`. Empty if nothing was accepted."""
        words = [word for word, name in _FLAGS.items() if getattr(self, name)]
        for name in _DEADLINES:
            told: ToldDeadline | None = getattr(self, name)
            if told is not None:
                words.append(f"{name}={told.text()}")
        words += [f"ends={self.ends}"] if self.ends else []
        return " ".join(words)

    @classmethod
    def read(cls, text: str, outstanding: str = "") -> Told:
        """Read the tags `told` and `owed`. Raises ValueError, KeyError or IndexError for what it cannot read."""
        words = dict(word.partition("=")[::2] for word in text.split())
        deadlines = {name: ToldDeadline.read(words.pop(name)) for name in _DEADLINES if name in words}
        ends = int(words.pop("ends", "0"))
        flags = {name: words.pop(word) == "" for word, name in _FLAGS.items() if word in words}
        if words:
            raise ValueError(f"{sorted(words)} is not something that can have been announced")
        return cls(
            origin=flags.get("origin", False),
            key_auth_off=flags.get("key_auth_off", False),
            awaited=flags.get("awaited", False),
            rotation=deadlines.get("rotation"),
            retirement=deadlines.get("retirement"),
            sunset=deadlines.get("sunset"),
            ends=ends,
            carried_over=tuple(CarriedOver.read(word) for word in outstanding.split()),
        )

    def carried_over_text(self) -> str:
        """Return the value of the tag `owed`: as many of the latest as the tag holds (see `dropped`)."""
        return " ".join(one.text() for one in self.carried_over[-MOST_CARRIED_OVER:])

    @property
    def dropped(self) -> tuple[CarriedOver, ...]:
        """The outstanding announcements that do not fit into the tag. Whoever writes the marks must log them."""
        return self.carried_over[:-MOST_CARRIED_OVER]
