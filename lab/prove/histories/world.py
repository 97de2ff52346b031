"""The small world: one account, one secret, one topic, and the effects that calls have on them.

Each effect is judged by the judge. `somebody_else` is set while an effect is not our doing, or is a call of ours
that was on its way when its turn lost its lease: nothing can hold such a call back, so the keys it ends, and the key
it publishes under another turn's hands, are excused and must be healed by the next look.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache

from lab.prove.histories import judge, values, waiting
from lab.prove.histories.state import KEY1, KEY2, NOW, Grip, State, Version, index
from shared.announce.announcements import Announcement
from shared.domain.errors import TryLater
from shared.domain.keys import KeySlot
from shared.domain.model import Target
from shared.domain.publication import Marks, Publication, read_tags, tags_of
from shared.domain.publication import SecretState as Readable
from shared.domain.requests import LeakedKey, LeakRequest, Request
from shared.ports import Account, Answer, KeyAttempt, KeyAuthIsOff, Keys


@dataclass
class World:
    """A state, and what may be done to it. Since the world was set up: how many versions were written and events
    accepted; the keys that somebody else ended (`spoilt`) or made (`by_hand`), or that were published `late`; the marks
    that a late note has `covered`, from which a turn may have decided already."""

    state: State
    target: Target
    somebody_else: bool = False
    versions: int = 0
    events: int = 0
    spoilt: set[int] = field(default_factory=set)
    by_hand: set[int] = field(default_factory=set)
    late: set[int] = field(default_factory=set)
    covered: list[Marks] = field(default_factory=list)

    # The account

    def account(self) -> Account:
        return Account(self.target.account, values.ENDPOINT, self.state.key_auth, {})

    def keys(self) -> Keys:
        if not self.state.key_auth:
            raise KeyAuthIsOff
        first, second = self.state.keys
        return {KEY1: values.key(first), KEY2: values.key(second)}

    def regenerate(self, slot: KeySlot) -> Keys:
        if not self.state.key_auth:
            raise TryLater(self.target.name, "keys are off.")
        state, number = self.state, index(slot)
        if state.keys[number] in self.late:
            state = state._replace(excused=True)
        elif not self.somebody_else:
            state = judge.may_end(state, number, self.target.cadence)
        else:
            self.spoilt.add(state.keys[number])
            self.by_hand.add(state.fresh)
            state = state._replace(excused=state.excused or _is_published(state, number))
        keys, grips = list(state.keys), list(state.grips)
        keys[number], grips[number] = state.fresh, Grip()
        self.state = state._replace(keys=(keys[0], keys[1]), grips=(grips[0], grips[1]), fresh=state.fresh + 1)
        self._judge()
        return self.keys()

    def switch_keys(self, *, on: bool) -> None:
        """By ourselves for a sunset, or by hand. What was switched on and off again unseen has never been on."""
        if on == self.state.key_auth:
            return
        if not on and not self.somebody_else:
            judge.may_switch_off(self.state)
        state, version = self.state, self.state.version
        outstanding = {one for one in state.outstanding if one[0] != judge.OFF}
        if not on and version is not None and version.marks is not None and version.ours and state.off_said is None:
            outstanding.add((judge.OFF, version.value))
        excused = on and version is not None and version.enabled and version.value not in state.keys
        self.state = state._replace(key_auth=on, outstanding=frozenset(outstanding), excused=excused or state.excused)

    def try_key(self, value: int) -> KeyAttempt:
        if not self.state.key_auth:
            return KeyAttempt(Answer.KEYS_ARE_OFF, "403")
        return KeyAttempt(Answer.ACCEPTED, "200") if value in self.state.keys else KeyAttempt(Answer.REFUSED, "401")

    # The secret

    def latest(self) -> Publication | None:
        version = self.state.version
        return version and _publication(version, self.target)

    def publish(self, value: int, slot: KeySlot, marks: Marks | None, *, by_leak: bool) -> None:
        before = self.state.version
        written = marks and _as_tags_keep_them(marks, slot, self.target)
        if written is not None:
            judge.marks_fit(written, value)
        self.late |= {value} if self.somebody_else else set()
        serial = before.serial + 1 if before else 1
        version = Version(value, slot if written else None, written is not None, written, serial=serial)
        self.versions += 1
        self.state = waiting.published(self.state._replace(version=version))
        if value not in self.state.keys and (self.somebody_else or value in self.spoilt):
            self.state = self.state._replace(excused=True)
        by_leak = by_leak and not self.somebody_else  # a late one fails its turn, and the request comes again
        self.state = judge.published(self.state, before, self.target.cadence, self.by_hand, by_leak=by_leak)
        if self.somebody_else:
            self.forget()
        self._judge()

    def note(self, serial: str, slot: KeySlot, marks: Marks) -> None:
        """Bookkeeping on one version. A version that is not the latest any more is looked at by nobody."""
        before = self.state.version
        if before is None or str(before.serial) != serial:
            return
        if self.somebody_else:  # a late note takes back what was noted after it, so that is said again, and anew
            self.state = self.state._replace(off_said=None, off_before=None, awaits=None)
            self.covered += [before.marks] if before.marks else []
        written = _as_tags_keep_them(marks, slot, self.target)
        version = before._replace(slot=slot, ours=True, marks=written)
        self.state = self.state._replace(version=version)
        self.state = judge.published(self.state, before, self.target.cadence, self.by_hand)
        self._judge()

    def withdraw(self, serial: str) -> None:
        if not self.somebody_else:
            judge.may_withdraw(self.state)
        self.enable(serial, enabled=False)

    def enable(self, serial: str, *, enabled: bool) -> None:
        version = self.state.version
        if version is not None and str(version.serial) == serial:
            self.state = self.state._replace(version=version._replace(enabled=enabled))

    def listed(self) -> Publication | None:
        """As a listing shows it: without the value."""
        version = self.state.version
        return version and replace(_publication(version, self.target), value=None, endpoint=None)

    # The topic

    def accept(self, announcements: Iterable[Announcement]) -> None:
        if not self.state.topic_up:
            raise TryLater(self.target.name, "the topic is out.")
        for said in announcements:
            judge.nothing_is_shown(_text_of(said))
            self.state = judge.told(self.state, said, self.target.cadence)
            self.events += 1

    # Persons

    def hear(self, request: Request | None) -> None:
        """Who says that the live key leaked accepts that the previous one ends with it, and what takes its place in
        this very turn."""
        self.state = waiting.heard(self.state, request)
        if not isinstance(request, LeakRequest):
            return
        live, version = self.state.live, self.state.version
        if live is None and version is not None:
            live = index(version.slot or KEY1)
        both = request.key is not LeakedKey.PREVIOUS or live is None
        self.state = judge.leak_reported(self.state, (0, 1) if both or live is None else (1 - live,))

    def forget(self) -> None:
        """A late version has hidden the one that another turn wrote. What only that one knew is known to nobody."""
        marks = self.state.marks
        known = {marks.live, marks.previous} if marks else set()
        first, second = (
            grip if values.mark(value) in known else Grip()
            for value, grip in zip(self.state.keys, self.state.grips, strict=True)
        )
        self.state = self.state._replace(
            outstanding=frozenset(), off_said=None, off_before=None, awaits=None, grips=(first, second)
        )

    def _judge(self) -> None:
        self.state = judge.published_key_works(self.state)


def _is_published(state: State, slot: int) -> bool:
    return state.version is not None and state.keys[slot] == state.version.value


@lru_cache(maxsize=100_000)
def _text_of(said: Announcement) -> str:
    return f"{said.id} {said.wire(NOW)}"


@lru_cache(maxsize=100_000)
def _as_tags_keep_them(marks: Marks, slot: KeySlot, target: Target) -> Marks | None:
    """The marks as they are read back: what does not survive being tags is not there."""
    tags = tags_of(marks, slot, str(target.account), target.cadence.period, {})
    judge.nothing_is_shown(str(tags))
    kept_slot, provider, _, kept = read_tags(tags)
    if kept_slot is not slot or not target.account.same_as(provider or ""):
        raise judge.Broken("tags do not say what they were made of")
    return kept


@lru_cache(maxsize=100_000)
def _publication(version: Version, target: Target) -> Publication:
    marks, sealed = version.marks, version.marks.sealed_endpoint if version.marks else None
    readable = Readable.ACTIVE if version.enabled else Readable.DISABLED
    good_seal = version.enabled and sealed is not None and values.sealed_with(sealed) == version.value
    return Publication(
        version=str(version.serial),
        state=readable,
        created=version.created,
        value=values.mark(version.value) if version.enabled else None,
        slot=version.slot,
        provider=str(target.account) if version.ours else None,
        marks=marks,
        endpoint=values.ENDPOINT if good_seal else None,
    )
