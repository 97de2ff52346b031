"""A state of the small world: what Azure and the app's storage hold between two calls, and what the judge remembers.

Everything is a value, so that equal states are found again, and one history can go on in several ways.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
ORDERS = "notes/orders/"


class Version(NamedTuple):
    """A version of the secret.

    serial: Its place among the versions, from 1. It is also its id.
    value: The number of the key that it holds.
    enabled: Whether it can be read.
    tags: Its tags, in the order of their names.
    created, updated: When it was written, and when it was changed last, in UTC.
    expires: Its expiry date, in UTC. None if it has none.
    """

    serial: int
    value: int
    enabled: bool
    tags: tuple[tuple[str, str], ...]
    created: datetime
    updated: datetime
    expires: datetime | None = None


class Told(NamedTuple):
    """An accepted announcement of something to come.

    kind: Which kind of event it was.
    about: The id of the trial, or the number of the key. Empty for all keys.
    deadline: The moment that it named, in UTC.
    in_time: Whether it was accepted at least the notice before that moment.
    """

    kind: str
    about: str
    deadline: datetime
    in_time: bool


class Memory(NamedTuple):
    """What the judge remembers.

    told: The accepted announcements of what is to come.
    off_by: Who switched keys off: "trial", "sunset" or "others". Empty while they are on.
    off_since: Since when they are off, in UTC. None while they are on.
    unseen: Since when keys were off before they were switched on, in UTC, as long as no turn could see that they are
        on. None otherwise.
    off_for: The trials for which the app has switched keys off.
    back_after: Those of them after which keys were on again.
    started, ended: The trials whose start and whose end were told.
    known: The keys that somebody may hold, because they were published or were there at the adoption.
    promised: Until when a key that was replaced must work, in UTC.
    leaked: The keys that were reported as leaked.
    meant: Those that the last report means.
    recorded: The leaked keys that were put on record, so that they must end.
    despite: Whether a person said that keys may be switched on although a leaked one still has its value.
    refused: Whether Azure refused to regenerate a key while keys were off.
    lost: Whether the note of the orders was lost.
    by_hand: Whether the last who switched keys off was a person or a policy.
    sunset: Whether a person asked for the end of all keys after a deployment.
    confirmed: The soak time of an end after a deployment that a person has confirmed. None without one.
    agreed: When both old values have ended, by an end that a person confirmed, in UTC. None without one.
    copied: The keys that may stand in copies when that end was agreed.
    tampered: Whether somebody wrote tags, so that what they said may be forgotten.
    sure: Whether the person and the deployment were both answered, so that the end must come.
    """

    told: frozenset[Told] = frozenset()
    off_by: str = ""
    off_since: datetime | None = None
    unseen: datetime | None = None
    off_for: frozenset[str] = frozenset()
    back_after: frozenset[str] = frozenset()
    started: frozenset[str] = frozenset()
    ended: frozenset[str] = frozenset()
    known: frozenset[int] = frozenset({0, 1})
    promised: frozenset[tuple[int, datetime]] = frozenset()
    leaked: frozenset[int] = frozenset()
    meant: frozenset[int] = frozenset()
    recorded: frozenset[int] = frozenset()
    despite: bool = False
    refused: bool = False
    lost: bool = False
    by_hand: bool = False
    sunset: bool = False
    confirmed: timedelta | None = None
    agreed: datetime | None = None
    copied: frozenset[int] = frozenset()
    tampered: bool = False
    sure: bool = False


class State(NamedTuple):
    """A state of the world.

    now: The time, in UTC.
    keys: The numbers of the two keys.
    made: The number of the next key.
    key_auth: Whether the account accepts keys, as Azure Resource Manager says.
    switched: Since when that is so, in UTC. The data plane may follow later.
    versions: The versions of the secret, the oldest first.
    notes: The app's notes, in the order of their names.
    policy: Whether a policy switches keys off as soon as somebody switches them on.
    asked: The requests that were made, by their names.
    armed: The tags of the latest version before a wait for a deployment was taken from them. Empty without any.
    memory: What the judge remembers.
    """

    now: datetime = START
    keys: tuple[int, int] = (0, 1)
    made: int = 2
    key_auth: bool = True
    switched: datetime = START - timedelta(days=1)
    versions: tuple[Version, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()
    policy: bool = False
    asked: frozenset[str] = frozenset()
    armed: tuple[tuple[str, str], ...] = ()
    memory: Memory = Memory()

    @property
    def latest(self) -> Version | None:
        """The latest version. None before the first one."""
        return self.versions[-1] if self.versions else None

    def note(self, prefix: str) -> dict[str, Any] | None:
        """Return the first note under a prefix, as data. None if there is none."""
        text = next((text for name, text in self.notes if name.startswith(prefix)), None)
        found: dict[str, Any] | None = json.loads(text) if text else None
        return found

    @property
    def trial(self) -> dict[str, Any] | None:
        """The trial in the note of orders, as it stands there. None without one."""
        orders = self.note(ORDERS)
        found: dict[str, Any] | None = orders["trial"] if orders else None
        return found

    @property
    def open_trial(self) -> dict[str, Any] | None:
        """The trial that has begun and did not end, as the note says. None without one."""
        trial = self.trial
        return trial if trial and trial["begun"] and not trial["ended"] else None

    def hold_at(self, moment: datetime) -> bool:
        """Return whether the note says that a hold is on at this moment."""
        orders = self.note(ORDERS)
        hold = orders["hold"] if orders else None
        if not hold:
            return False
        return datetime.fromisoformat(hold["since"]) <= moment < datetime.fromisoformat(hold["until"])

    def remember(self, **facts: Any) -> State:  # noqa: ANN401 - each member has its own type
        """Return the state with these facts in the judge's memory."""
        return self._replace(memory=self.memory._replace(**facts))

    def with_note(self, name: str, text: str | None) -> State:
        """Return the state with a note in place of the one of that name. None removes it."""
        notes = dict(self.notes)
        notes.pop(name, None)
        return self._replace(notes=tuple(sorted((notes | ({} if text is None else {name: text})).items())))

    def with_latest(self, **facts: Any) -> State:  # noqa: ANN401 - each member has its own type
        """Return the state with another latest version."""
        return self._replace(versions=(*self.versions[:-1], self.versions[-1]._replace(**facts)))


def sorted_tags(tags: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return tags as a state keeps them."""
    return tuple(sorted(tags.items()))
