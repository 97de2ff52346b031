"""What was seen of one load proof."""

from __future__ import annotations

from dataclasses import dataclass, field

from lab.prove.consumers.processes import Consumer
from lab.prove.consumers.timetable import Timetable


@dataclass(frozen=True)
class LeakEnded:
    """One leak that was reported.

    account: The name of the account.
    leaked: The fingerprint of the key that leaked.
    ended: The fingerprints of all keys of the account that its turn ended.
    """

    account: str
    leaked: str
    ended: frozenset[str]


@dataclass
class Outage:
    """The outage of the vault.

    seconds: How long it lasted, in real seconds.
    in_vain: How many processes asked the vault in vain.
    """

    seconds: float = 0.0
    in_vain: int = 0


@dataclass
class Played:
    """What was seen of a load proof, from outside the app.

    timetable: What was to be played.
    kinds: The kinds of consumers.
    consumers: The processes of consumers with their figures.
    leaks: The leaks that were reported.
    outage: The outage. None before there was one.
    noticed: For each cycle, the real seconds from the last publication until all consumers used the new key.
    rotations: How many scheduled rotations the vault shows.
    leaks_ended: How many leaked keys their accounts refuse at the end.
    kills: How many kills of the app's process the journal shows.
    accepted: How many requests of consumers the accounts accepted.
    refused: How many requests were refused, by the fingerprint of the key that each carried.
    seconds: How long it took, in real seconds.
    broken: What went wrong while it was played, in words.
    """

    timetable: Timetable
    kinds: list[str]
    consumers: list[Consumer] = field(default_factory=list)
    leaks: list[LeakEnded] = field(default_factory=list)
    outage: Outage | None = None
    noticed: list[float] = field(default_factory=list)
    rotations: int = 0
    leaks_ended: int = 0
    kills: int = 0
    accepted: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    broken: list[str] = field(default_factory=list)
