"""One state of the small world, as a value: what Azure holds, and what the judge must remember.

The time is always `NOW`; when time passes, all moments in the state move into the past. States are hashable, so a
history can go on from one in any number of ways, and equal states are explored once. Keys are numbers, see `values`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from shared.domain.keys import KeySlot
from shared.domain.publication import Marks
from shared.domain.requests import AwaitedDeployment, LeakedKey
from shared.domain.told import ToldDeadline

NOW = datetime(2030, 1, 1, tzinfo=UTC)
KEY1, KEY2 = KeySlot.KEY1, KeySlot.KEY2


class Version(NamedTuple):
    """The latest version of the secret.

    value: The key that it holds.
    slot: The slot that its tags name. None if they name none.
    ours: Whether its tags name our account.
    marks: Our tags. None if it has none.
    enabled: Whether it can be read. Default yes.
    created: When it was written.
    serial: Its number, which distinguishes it from earlier ones while a turn runs.
    labelled: Whether its content type is ours. Told only in a life with another writer.
    upper: Whether somebody has written the names of its tags back in capitals.
    touched: Whether somebody else has written it, or has replaced its tags.
    foreign: Whether its value was never a key of the account.
    withdrawn: Whether this app disabled it, or has noted while keys were off that it is about to. Once its tags tell
        that keys are back, that is over: what a person disables after that stays disabled.
    """

    value: int
    slot: KeySlot | None = None
    ours: bool = False
    marks: Marks | None = None
    enabled: bool = True
    created: datetime = NOW
    serial: int = 0
    labelled: bool = False
    upper: bool = False
    touched: bool = False
    foreign: bool = False
    withdrawn: bool = False


class KeyFacts(NamedTuple):
    """What the judge knows about the key that a slot holds now.

    in_use: Whether somebody may use it.
    until: Until when it was promised to work.
    deadline: The end that was last announced for it.
    in_time: Whether that end was announced at least the notice ahead.
    leaked: Whether it was reported as leaked.
    must_end: Whether its successor was published because of the leak, so that it must end.
    """

    in_use: bool = False
    until: datetime | None = None
    deadline: datetime | None = None
    in_time: bool = False
    leaked: bool = False
    must_end: bool = False


class Copy(NamedTuple):
    """The app's note about a secret that somebody else writes, too.

    serial: The version whose marks are copied. None without a copy.
    slot, marks: The slot whose key that version holds, and the copy.
    overwritten: When the app last published over somebody else's version.
    least: The least number of marks that still count.
    """

    serial: int | None = None
    slot: KeySlot | None = None
    marks: Marks | None = None
    overwritten: datetime | None = None
    least: int = 0


class Keyless(NamedTuple):
    """The app's note that it withdrew a version because keys were off.

    serial: The version. None: one that is not the latest any more.
    times: How often the app has withdrawn one.
    off: Whether keys were seen to be off. Before that, a sunset was only begun.
    since: Since when keys are off, as the note says.
    by_sunset: Whether the note says that the sunset switched them off.
    withdrawn: Whether the version was disabled. If somebody else switched keys off, it stays for one overlap.
    """

    serial: int | None
    times: int
    off: bool
    since: datetime = NOW
    by_sunset: bool = False
    withdrawn: bool = True


class Refusing(NamedTuple):
    """A refusal that lasts (see `refusals`).

    what: Which one.
    until: When it ends by itself. None: a person ends it.
    """

    what: str
    until: datetime | None = None


class Leak(NamedTuple):
    """A leak on record.

    key: Which key was reported, in words.
    id: The id of the request.
    requested_at: When it was reported.
    values: The reported keys. Empty before a turn has named them.
    """

    key: LeakedKey
    id: str
    requested_at: datetime
    values: frozenset[int] = frozenset()


class State(NamedTuple):
    """Azure's side up to `sunset`, then the judge's memory.

    keys: The values of key 1 and key 2.
    key_auth: Whether the account accepts keys.
    version: The latest version of the secret. None if there is none.
    topic_up: Whether Event Grid accepts events.
    sunset: When all keys are to end. None if no end is set.
    key_facts: What is known about the value of each slot.
    outstanding: Events that happened and were not accepted yet: what happened, and to which key.
    excused: Whether somebody else is to blame if the published key does not work.
    warned: Announced dates of the next rotation, each with the shortest lead time that was announced.
    announced_sunset: The date that was last announced for the sunset, and whether that was in time.
    announced_off: The number under which the present end of all keys was announced.
    earlier_off: The number of the end before that one.
    promised_wait: The awaited deployment on which a caller relies.
    announced_wait: The awaited deployment that Event Grid accepted.
    fresh: The number of the next key that the account makes.
    made: Whether a turn has regenerated a key for the first version, which is not published yet.
    noted: The app's note of a fresh key that nothing published can remember: what key 2 held before, and what it got
        (None if that is not noted yet). None without a note.
    refusing: The refusal that lasts. None if there is none.
    record: The leak on record. None without one.
    reported: The keys that were reported and put on record, so that they must end.
    earlier: The versions before the latest one, the youngest first. None: they are not remembered.
    copy: The app's note about the secret. None without one.
    keyless: The app's note about the version that it withdrew. None without one.
    has_subdomain: Whether the account accepts Entra tokens.
    """

    keys: tuple[int, int]
    key_auth: bool = True
    version: Version | None = None
    topic_up: bool = True
    sunset: datetime | None = None
    key_facts: tuple[KeyFacts, KeyFacts] = (KeyFacts(), KeyFacts())
    outstanding: frozenset[tuple[str, int]] = frozenset()
    excused: bool = False
    warned: frozenset[tuple[datetime, timedelta]] = frozenset()
    announced_sunset: tuple[datetime, bool] | None = None
    announced_off: int | None = None
    earlier_off: int | None = None
    promised_wait: AwaitedDeployment | None = None
    announced_wait: AwaitedDeployment | None = None
    fresh: int = 2
    made: bool = False
    noted: tuple[int, int | None] | None = None
    refusing: Refusing | None = None
    record: Leak | None = None
    reported: frozenset[int] = frozenset()
    earlier: tuple[Version, ...] | None = None
    copy: Copy | None = None
    keyless: Keyless | None = None
    has_subdomain: bool = True

    @property
    def marks(self) -> Marks | None:
        """Our tags of the latest version, if it has any."""
        return self.version.marks if self.version else None

    @property
    def live(self) -> int | None:
        """The slot that holds the published value, 0 or 1. None if no slot holds it."""
        return self.keys.index(self.version.value) if self.version and self.version.value in self.keys else None


def index(slot: KeySlot) -> int:
    """Return the place of a slot in `State.keys`, 0 or 1."""
    return 0 if slot is KEY1 else 1


def later(state: State, time: timedelta) -> State:
    """Return the same world after some time in which nothing happened."""
    version = state.version and _version_later(state.version, time)
    first, second = (_key_facts_later(facts, time) for facts in state.key_facts)
    return state._replace(
        version=version,
        sunset=state.sunset and state.sunset - time,
        key_facts=(first, second),
        warned=frozenset((deadline - time, lead) for deadline, lead in state.warned),
        announced_sunset=state.announced_sunset and (state.announced_sunset[0] - time, state.announced_sunset[1]),
        promised_wait=deployment_later(state.promised_wait, time),
        announced_wait=deployment_later(state.announced_wait, time),
        refusing=_refusing_later(state.refusing, time),
        earlier=state.earlier and tuple(_version_later(one, time) for one in state.earlier),
        copy=state.copy and _copy_later(state.copy, time),
        record=state.record and state.record._replace(requested_at=state.record.requested_at - time),
        keyless=state.keyless and state.keyless._replace(since=state.keyless.since - time),
    )


def _version_later(version: Version, time: timedelta) -> Version:
    marks = _marks_later(version.marks, time) if version.marks else None
    return version._replace(marks=marks, created=version.created - time)


def _copy_later(copy: Copy, time: timedelta) -> Copy:
    return copy._replace(
        marks=_marks_later(copy.marks, time) if copy.marks else None,
        overwritten=copy.overwritten and copy.overwritten - time,
    )


def _refusing_later(refusing: Refusing | None, time: timedelta) -> Refusing | None:
    if refusing is None or refusing.until is None:
        return refusing
    until = refusing.until - time
    return refusing._replace(until=until) if until > NOW else None


def _key_facts_later(facts: KeyFacts, time: timedelta) -> KeyFacts:
    return facts._replace(until=facts.until and facts.until - time, deadline=facts.deadline and facts.deadline - time)


@lru_cache(maxsize=100_000)
def _marks_later(marks: Marks, time: timedelta) -> Marks:
    def told_deadline(one: ToldDeadline | None) -> ToldDeadline | None:
        return one and ToldDeadline(one.deadline - time, one.lead)

    told = marks.told
    told = replace(
        told,
        rotation=told_deadline(told.rotation),
        retirement=told_deadline(told.retirement),
        sunset=told_deadline(told.sunset),
        carried_over=tuple(replace(carried, happened_at=carried.happened_at - time) for carried in told.carried_over),
    )
    return replace(
        marks,
        since=marks.since - time,
        until=marks.until and marks.until - time,
        rotated=marks.rotated and marks.rotated - time,
        awaited=deployment_later(marks.awaited, time),
        told=told,
    )


def deployment_later(awaited: AwaitedDeployment | None, time: timedelta) -> AwaitedDeployment | None:
    """Return an awaited deployment after some time."""
    if awaited is None:
        return None
    return replace(
        awaited, latest=awaited.latest and awaited.latest - time, deployed=awaited.deployed and awaited.deployed - time
    )
