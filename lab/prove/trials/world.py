"""The small world: one account, one secret, one storage, one topic, and the effects that calls have on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from lab.prove.histories import values
from lab.prove.trials import judge
from lab.prove.trials.state import START, State, Version, sorted_tags
from shared.announce.announcements import Announcement
from shared.domain.keys import ApiKey, KeySlot
from shared.domain.model import Target
from shared.domain.publication import Marks, Publication, others_in, read_tags, tags_of
from shared.domain.publication import SecretState as Readable
from shared.domain.scheduled import scheduled_at
from shared.domain.seals import with_value
from shared.ports import Account, Answer, KeyAttempt, KeyAuthIsOff, Keys
from shared.turns.notes import LEAKS

SLOTS = (KeySlot.KEY1, KeySlot.KEY2)


@dataclass
class World:
    """A state that changes, and what can be done to it.

    state: The present state.
    target: The target, as the settings describe it.
    refuses: Whether Azure refuses to regenerate a key while keys are off.
    delay: How long the data plane goes on as before after keys were switched.
    late: How many reads of the account still show what was there before keys were switched.
    by_others: Whether the next effects are not a turn's doing, so that nobody judges them.
    surprised: Whether somebody else has acted since the turn began. It cannot know that, so what it does is judged by
        what lasts alone.
    """

    state: State
    target: Target
    refuses: bool = False
    delay: timedelta = timedelta(0)
    late: int = 0
    by_others: bool = False
    surprised: bool = False

    # The account

    def account(self) -> Account:
        """Return the account as Azure Resource Manager shows it."""
        shown = self.state.key_auth
        if self.late:
            self.late, shown = self.late - 1, not shown
        return Account(self.target.account, values.ENDPOINT, shown, {})

    def keys(self) -> Keys:
        """Return both keys. Raises KeyAuthIsOff."""
        if not self.state.key_auth:
            raise KeyAuthIsOff
        return self._keys()

    def regenerate(self, slot: KeySlot, *, by_leak: bool = False, end_other: bool = False) -> Keys:
        """Replace a key and return both. Raises KeyAuthIsOff if Azure refuses that now, Broken if it may not end."""
        state, number = self.state, SLOTS.index(slot)
        if not self.by_others:
            if not self.surprised:
                judge.regenerated(state, number, by_leak=by_leak)
            judge.may_end(state, number, by_person=by_leak or end_other)
        if not state.key_auth and self.refuses:
            self.state = state.remember(refused=True)
            raise KeyAuthIsOff
        keys = list(state.keys)
        keys[number] = state.made
        self.state = state._replace(keys=(keys[0], keys[1]), made=state.made + 1)
        return self._keys()

    def switch(self, *, on: bool) -> None:
        """Switch keys. If a policy keeps them off, switching them on is accepted and has no effect."""
        if not self.by_others:
            change = judge.switched_on if on else judge.switched_off
            self.state = change(self.state, self.target, surprised=self.surprised)
        elif not on and self.state.key_auth:
            self.state = judge.off_by_others(self.state)
        on = on and not self.state.policy
        if on:
            self.state = judge.are_on(self.state)
        if on != self.state.key_auth:
            self.state = self.state._replace(key_auth=on, switched=self.state.now)

    def try_key(self, value: int) -> KeyAttempt:
        """Return what the data plane answers to this key. It follows the account with a delay."""
        state = self.state
        follows = state.now - state.switched >= self.delay
        if not (state.key_auth if follows else not state.key_auth):
            return KeyAttempt(Answer.KEYS_ARE_OFF, "403")
        return KeyAttempt(Answer.ACCEPTED, "200") if value in state.keys else KeyAttempt(Answer.REFUSED, "401")

    def _keys(self) -> Keys:
        return {slot: values.key(number) for slot, number in zip(SLOTS, self.state.keys, strict=True)}

    # The secret

    def latest(self) -> Publication | None:
        """Return the latest version. None before the first one."""
        return self._publication(self.state.latest) if self.state.latest else None

    def all_versions(self) -> Sequence[Publication]:
        """Return all versions, the youngest first, without values."""
        found = [self._publication(one) for one in reversed(self.state.versions)]
        return [replace(one, value=None, endpoint=None, sealed=False) for one in found]

    def publish(
        self,
        key: ApiKey,
        slot: KeySlot,
        marks: Marks,
        others: Mapping[str, str],
        accepted: int,
        *,
        by_leak: bool,
    ) -> str:
        """Write a version and return its id. Raises Broken."""
        value = values.number_of(key.fingerprint)
        if not self.by_others:
            if not self.surprised:
                judge.may_be_published(self.state, value, accepted, by_leak=by_leak)
            self.state = judge.published(self.state, value, self.target)
        tags, now = self._tags(marks, slot, others), self.state.now
        version = Version(len(self.state.versions) + 1, value, True, tags, now, now, scheduled_at(marks, self.target))
        self.state = self.state._replace(versions=(*self.state.versions, version), armed=())
        return str(version.serial)

    def note(self, publication: Publication, slot: KeySlot, marks: Marks) -> None:
        """Replace the tags of a version. Those of an earlier one are read by nobody."""
        if self.state.latest is None or str(self.state.latest.serial) != publication.version:
            return
        tags, before = self._tags(marks, slot, publication.others), self.state.latest.tags
        if _waits(before) and not _waits(tags):
            self.state = self.state._replace(armed=before)
        expires = scheduled_at(marks, self.target, publication.named_due)
        self.state = self.state.with_latest(tags=tags, expires=expires, updated=self.state.now)

    def withdraw(self, version: str) -> None:
        """Disable a version. Raises Broken."""
        if not (self.by_others or self.surprised):
            judge.withdrawn(self.state, self.target)
        if self.state.latest is not None and str(self.state.latest.serial) == version:
            self.state = self.state.with_latest(enabled=False, updated=self.state.now)

    def _tags(self, marks: Marks, slot: KeySlot, others: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        tags = tags_of(marks, slot, str(self.target.account), self.target.cadence.period, others)
        judge.must_show_no_key(tags.values())
        return sorted_tags(tags)

    def _publication(self, version: Version) -> Publication:
        return _as_read(version, self.target)

    # The app's storage

    def add_note(self, name: str, text: str) -> bool:
        """Write a note unless there is one. Return whether it was written."""
        if name in dict(self.state.notes):
            return False
        self.write_note(name, text)
        return True

    def write_note(self, name: str, text: str | None) -> None:
        """Write a note, or remove it."""
        judge.must_show_no_key([text or ""])
        self.state = self.state.with_note(name, text)
        if name.startswith(LEAKS) and text is not None:
            memory = self.state.memory
            self.state = self.state.remember(recorded=memory.recorded | memory.meant)

    # The topic

    def accept(self, announcements: Sequence[Announcement]) -> None:
        """Accept events. Raises Broken if one is not true."""
        for one in announcements:
            judge.must_show_no_key([_text_of(one)])
            self.state = judge.announced(self.state, one, self.target, surprised=self.surprised)

    def pass_time(self, time: timedelta) -> None:
        """Let time pass."""
        self.state = self.state._replace(now=self.state.now + time)

    @property
    def now(self) -> datetime:
        """The time, in UTC."""
        return self.state.now


@lru_cache(maxsize=10_000)
def _as_read(version: Version, target: Target) -> Publication:
    tags = dict(version.tags)
    slot, provider, validity, marks = read_tags(tags)
    publication = Publication(
        version=str(version.serial),
        state=Readable.ACTIVE if version.enabled else Readable.DISABLED,
        created=version.created,
        expires=version.expires,
        slot=slot,
        provider=provider,
        validity=validity,
        marks=marks,
        others=others_in(tags),
        labelled=True,
        updated=version.updated,
    )
    return with_value(publication, values.key(version.value), target.secret_url) if version.enabled else publication


@lru_cache(maxsize=10_000)
def _text_of(announcement: Announcement) -> str:
    return f"{announcement.id} {announcement.wire(START)}"


def _waits(tags: tuple[tuple[str, str], ...]) -> bool:
    return any(name == "key-rotation-armed" for name, _ in tags)
