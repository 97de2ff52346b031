"""All cases: which two accounts there are, what they ask for, who came first, what somebody forges, what is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import StrEnum
from itertools import product

TEMPLATES = ("stranger-{account}", "chat-{account}")
NOTES = "notes"


class Who(StrEnum):
    """One of the two accounts, or neither. The team's account is called `chat`."""

    NOBODY = "nobody"
    TEAM = "the team"
    RIVAL = "the rival"

    @property
    def other(self) -> Who:
        """The other account."""
        return Who.TEAM if self is Who.RIVAL else Who.RIVAL


class Asks(StrEnum):
    """Which secret the rival's tag, or its entry in the settings, asks for."""

    DEFAULT = "none: its default one"
    OWN = "one that a template makes of its own name"
    TEAMS = "the team's, which a template makes of its name"
    NOTES = "one that no template makes"


class Forged(StrEnum):
    """What somebody forges in the secret that the rival asks for."""

    NOTHING = "nothing"
    ADDRESS = "the tag ProviderAddress"
    MARKS = "marks of this app without a seal"
    COPIED = "marks that this app has sealed for another secret"
    OWN_VALUE = "a value of somebody's own, with marks sealed by it"
    THEIR_KEY = "a key of the account that it names, with marks without a seal"

    @property
    def needs_a_version(self) -> bool:
        """Whether only tags are written, on a version that is there."""
        return self in (Forged.ADDRESS, Forged.MARKS, Forged.COPIED)


class Asked(StrEnum):
    """What happens next. All but the last is about the account that came first, or else the team's."""

    NOTHING = "the timer ticks for forty days"
    DRIFT = "somebody regenerates the live key, and the timer ticks for forty days"
    BY_NAME = "the live key leaked, by name"
    BY_ID = "the live key leaked, by resource id"
    BY_FINGERPRINT = "a key leaked, by resource id and fingerprint"
    OTHERS = "a key of the other account leaked, by resource id and fingerprint"


@dataclass(frozen=True)
class Case:
    """One case.

    name: The rival's name. If it is that of the team's account, `chat`, its default secret is the team's as well.
    templates: Whether the settings have templates for names of secrets. Without them tags may name default ones only.
    asks: Which secret the rival asks for.
    explicit: Which account is a target of the settings. The other one is enrolled by its tags.
    foreign: Whether the secret that the rival asks for holds somebody's value from the beginning.
    first: Which account was enrolled and published before the other one came.
    forged: What somebody forges after that.
    named: The account that the forgery names.
    asked: What happens in the end.
    """

    name: str
    templates: bool
    asks: Asks
    explicit: Who
    foreign: bool
    first: Who
    forged: Forged
    named: Who
    asked: Asked

    def __str__(self) -> str:
        facts = ((one.name, getattr(self, one.name)) for one in fields(self))
        return "; ".join(f"{name}: {fact}" for name, fact in facts)

    @property
    def rivals_secret(self) -> str:
        """The secret that the rival asks for."""
        names = {Asks.OWN: f"stranger-{self.name}", Asks.TEAMS: "chat-key", Asks.NOTES: NOTES}
        return names.get(self.asks, f"{self.name}-key")

    def secret(self, who: Who) -> str:
        """The secret that an account asks for."""
        return "chat-key" if who is Who.TEAM else self.rivals_secret

    @property
    def is_contested(self) -> bool:
        """Whether both accounts ask for the same secret."""
        return self.secret(Who.TEAM) == self.secret(Who.RIVAL)

    @property
    def subject(self) -> Who:
        """The account that came first; the team's if none did."""
        return Who.TEAM if self.first is Who.NOBODY else self.first

    def allowed(self, who: Who) -> frozenset[str]:
        """Return the secrets that the default name, a template or an explicit target gives to an account."""
        name = "chat" if who is Who.TEAM else self.name
        templates = TEMPLATES if self.templates else ()
        explicit = {self.secret(who)} if self.explicit is who else set()
        return frozenset({f"{name}-key", *(one.format(account=name) for one in templates), *explicit})

    def is_served(self, who: Who) -> bool:
        """Return whether an account may be enrolled with the secret that it asks for."""
        return self.secret(who) in self.allowed(who)

    def is_taken_from(self, who: Who) -> bool:
        """Return whether the settings give the secret that an account asks for to the other one."""
        return self.is_contested and self.explicit is who.other

    def named_by(self, name: str) -> Who:
        """Return the account to which a name leads; nobody if two have it. An explicit target always has its name."""
        if self.name != "chat":
            return Who.TEAM if name == "chat" else Who.RIVAL
        return self.explicit

    @property
    def is_possible(self) -> bool:
        """Whether this differs from every other case."""
        if self.asks is Asks.TEAMS and self.name == "chat":
            return False  # the same as its default
        if self.forged is Forged.NOTHING or not self.is_contested:
            return self.named is Who.RIVAL
        return True

    @property
    def has_a_version(self) -> bool:
        """Whether the secret that the rival asks for holds something before anybody forges."""
        published = self.first is not Who.NOBODY and self.is_served(self.first)
        return self.foreign or (published and self.secret(self.first) == self.rivals_secret)


def cases() -> Iterator[Case]:
    """Yield every case. Those that differ only in what is asked follow each other."""
    for facts in product(("chat", "key"), (True, False), Asks, Who, (False, True), Who, Forged, (Who.RIVAL, Who.TEAM)):
        one = Case(*facts, asked=Asked.NOTHING)
        plain = one.forged in (Forged.NOTHING, Forged.ADDRESS, Forged.MARKS)
        if one.explicit is not Who.NOBODY and not (plain and not one.templates):
            continue  # a template gives an explicit target nothing
        if not one.is_possible or (one.forged.needs_a_version and not one.has_a_version):
            continue
        for asked in Asked:
            yield Case(*facts, asked=asked)


def spread(step: int) -> list[Case]:
    """Return every case, so ordered that those of the beginning differ much: every step-th, then those beside them."""
    every = list(cases())
    return [one for start in range(step) for one in every[start::step]]
