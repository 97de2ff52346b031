"""The small world: one account, one secret, one topic, and the effects that calls have on them.

The judge checks every effect. While `by_others` is set, an effect is not the turn's doing: another person acts, or a
call arrives that was on its way when its turn lost its lease. Nothing can hold back such a call. So the keys that it
ends, and the key that it publishes over another turn's version, are excused, and the next turn must heal them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from lab.prove.histories import deployments, judge, keys_back, on_record, other_writers, values
from lab.prove.histories.late_reads import LateReads
from lab.prove.histories.state import KEY1, KEY2, NOW, Copy, KeyFacts, State, Version, index
from shared.announce.announcements import Announcement
from shared.domain.errors import TryLater
from shared.domain.keys import KeySlot
from shared.domain.model import Target
from shared.domain.notes import FreshKey
from shared.domain.publication import Marks, Publication, others_in, read_tags, tags_of
from shared.domain.publication import SecretState as Readable
from shared.domain.requests import LeakedKey, LeakRequest, Request
from shared.domain.seals import with_value
from shared.ports import Account, Answer, KeyAttempt, KeyAuthIsOff, Keys


@dataclass
class World:
    """A state that changes, and what can be done to it.

    state: The present state.
    target: The target, as the settings describe it.
    by_others: Whether the next effects are not the turn's doing.
    versions: How many versions were written since the world was set up.
    events: How many events were accepted since then.
    ended_by_others: Keys that another actor ended since then.
    made_by_others: Keys that another actor made since then.
    published_late: Keys that a late call published.
    overwritten: Marks that a late write has replaced. A turn may have decided from them already.
    reads: What reads do not show yet.
    records_leaks: Whether the app's storage keeps leaks on record. Default: it forgets them.
    """

    state: State
    target: Target
    by_others: bool = False
    versions: int = 0
    events: int = 0
    ended_by_others: set[int] = field(default_factory=set)
    made_by_others: set[int] = field(default_factory=set)
    published_late: set[int] = field(default_factory=set)
    overwritten: list[Marks] = field(default_factory=list)
    reads: LateReads = field(default_factory=LateReads)
    records_leaks: bool = False

    # The account

    def account(self) -> Account:
        """Return the account as Azure Resource Manager shows it."""
        takes_identity = self.state.has_subdomain
        return Account(self.target.account, values.ENDPOINT, self.state.key_auth, {}, takes_identity=takes_identity)

    def keys(self) -> Keys:
        """Return both keys. Raises KeyAuthIsOff."""
        if not self.state.key_auth:
            raise KeyAuthIsOff
        return _as_keys(self.state.keys)

    def listed_keys(self) -> Keys:
        """Return both keys as a listing shows them, which may be late. Raises KeyAuthIsOff."""
        self.keys()
        return _as_keys(self.reads.read_keys(self.state.keys))

    def regenerate(self, slot: KeySlot) -> Keys:
        """Replace a key and return both. Raises Broken if the old key may not end, TryLater if keys are off."""
        if not self.state.key_auth:
            raise TryLater(self.target.name, "keys are off.")
        state, number = judge.may_be_made(self.state, by_others=self.by_others), index(slot)
        if state.keys[number] in self.published_late:
            state = state._replace(excused=True)
        elif not self.by_others:
            state = judge.may_end(state, number, self.target.cadence)
        else:
            self.ended_by_others.add(state.keys[number])
            self.made_by_others.add(state.fresh)
            state = state._replace(excused=state.excused or _is_published(state, number))
        self.reads.key_is_made(state.keys)
        keys, key_facts = list(state.keys), list(state.key_facts)
        keys[number], key_facts[number] = state.fresh, KeyFacts()
        self.state = state._replace(
            keys=(keys[0], keys[1]), key_facts=(key_facts[0], key_facts[1]), fresh=state.fresh + 1
        )
        self._judge()
        return self.keys()

    def switch_keys(self, *, on: bool) -> None:
        """Switch key authentication, for a sunset or by hand. Raises Broken if a sunset may not end it now."""
        if on == self.state.key_auth:
            return
        if not on and not self.by_others:
            judge.may_switch_off(self.state)
        state, version = self.state, self.state.version
        outstanding = {one for one in state.outstanding if one[0] != judge.OFF}
        if (
            not on
            and version is not None
            and version.marks is not None
            and version.ours
            and state.announced_off is None
        ):
            outstanding.add((judge.OFF, version.value))
        excused = on and version is not None and version.enabled and version.value not in state.keys
        state = state._replace(key_auth=on, outstanding=frozenset(outstanding), excused=excused or state.excused)
        self.state = keys_back.switched(state)

    def try_key(self, value: int) -> KeyAttempt:
        """Return what the account answers to this key."""
        if not self.state.key_auth:
            return KeyAttempt(Answer.KEYS_ARE_OFF, "403")
        return KeyAttempt(Answer.ACCEPTED, "200") if value in self.state.keys else KeyAttempt(Answer.REFUSED, "401")

    # The secret

    def latest(self) -> Publication | None:
        """Return the latest version as the vault shows it, which may be late."""
        version = self.reads.read_secret(self.state.version)
        return version and _publication(version, self.target)

    def publish(self, value: int, slot: KeySlot, marks: Marks | None, *, by_leak: bool) -> None:
        """Write a version with this key. Without marks it carries no tags. `by_leak`: it replaces a leaked key."""
        before = self.state.version
        written = marks and self._kept(marks, slot)
        if written is not None:
            judge.marks_fit(written, value)
        self.reads.secret_is_written(before)
        self.published_late |= {value} if self.by_others else set()
        serial = before.serial + 1 if before else 1
        labelled = self.state.earlier is not None
        version = Version(
            value, slot if written else None, written is not None, written, serial=serial, labelled=labelled
        )
        self.versions += 1
        earlier = other_writers.remembered(self.state)
        self.state = deployments.published(self.state._replace(version=version, earlier=earlier, made=False))
        if value not in self.state.keys and (self.by_others or value in self.ended_by_others):
            self.state = self.state._replace(excused=True)
        by_leak = by_leak and not self.by_others  # a late call fails its turn, and the request is repeated
        self.state = judge.published(self.state, before, self.target.cadence, self.made_by_others, by_leak=by_leak)
        self.state = keys_back.published(self.state, before, self.target.cadence, by_others=self.by_others)
        if self.by_others:
            self.forget()
        self._judge()

    def note(self, serial: str, slot: KeySlot, marks: Marks) -> None:
        """Replace the tags of a version. If it is not the latest any more, nobody reads them and nothing changes."""
        before = self.state.version
        if before is None or str(before.serial) != serial:
            self._note_earlier(serial, slot, marks)
            return
        self.reads.secret_is_written(before)
        if self.by_others:  # a late write undoes what was noted after it, so that is announced again
            self.state = self.state._replace(announced_off=None, earlier_off=None, promised_wait=None)
            self.overwritten += [before.marks] if before.marks else []
        written = self._kept(marks, slot)
        version = before._replace(slot=slot, ours=True, marks=written, upper=False, touched=False)
        version = version._replace(labelled=self.state.earlier is not None)
        self.state = self.state._replace(version=version)
        self.state = judge.published(self.state, before, self.target.cadence, self.made_by_others)
        self.state = keys_back.noted(self.state, before, self.target.cadence, by_others=self.by_others)
        self._judge()

    def _note_earlier(self, serial: str, slot: KeySlot, marks: Marks) -> None:
        written = self._kept(marks, slot)
        for one in self.state.earlier or ():
            if str(one.serial) == serial:
                self.state = other_writers.noted_on(self.state, one._replace(marks=written, upper=False))

    def _kept(self, marks: Marks, slot: KeySlot) -> Marks | None:
        return _as_tags_keep_them(marks, slot, self.target, self.state.keys)

    def all_versions(self) -> list[Publication]:
        """Return all versions that the world remembers, the youngest first, without values."""
        versions = [one for one in (self.state.version, *(self.state.earlier or ())) if one is not None]
        return [_without_value(_publication(one, self.target)) for one in versions]

    def withdraw(self, serial: str) -> None:
        """Disable a version. Raises Broken while the account accepts keys."""
        if not self.by_others:
            judge.may_withdraw(self.state)
        self.enable(serial, enabled=False)
        self.state = keys_back.withdrawn(self.state, serial)

    def enable(self, serial: str, *, enabled: bool) -> None:
        """Enable or disable a version, if it is the latest."""
        version = self.state.version
        if version is not None and str(version.serial) == serial:
            self.reads.secret_is_written(version)
            self.state = self.state._replace(version=version._replace(enabled=enabled))

    def listed(self) -> Publication | None:
        """Return the latest version as a listing shows it, without its value."""
        version = self.state.version
        return version and _without_value(_publication(version, self.target))

    # The app's own storage

    def noted(self) -> FreshKey | None:
        """Return the note of a fresh key."""
        before, made = self.state.noted or (None, None)
        return None if before is None else FreshKey(values.mark(before), None if made is None else values.mark(made))

    def note_fresh_key(self, key: FreshKey | None) -> None:
        """Write the note of a fresh key, or remove it."""
        made = values.number_of(key.made) if key and key.made else None
        self.state = self.state._replace(noted=(values.number_of(key.before), made) if key else None)

    def secret_note(self) -> str | None:
        """Return the note about the secret."""
        return other_writers.text_of(self.state, self.target)

    def claim_secret(self) -> bool:
        """Note that the secret is this app's, unless there is a note. Return whether it was noted."""
        if self.state.copy is not None:
            return False
        self.state = self.state._replace(copy=Copy())
        return True

    def note_about_secret(self, text: str) -> None:
        """Write the note about the secret."""
        copy = other_writers.copy_in(text)
        if self.state.earlier is None and copy is not None:  # nobody puts older marks back here, or takes any away
            copy = copy._replace(least=0) if copy.marks and copy.marks.told.key_auth_off else None
        self.state = self.state._replace(copy=copy)

    def note_keyless(self, text: str) -> None:
        """Write the note about the version that is about to be withdrawn. A late one may hide what is known of it: then
        a person must look."""
        self.state = keys_back.note(self.state, text)
        version, kept = self.state.version, self.state.keyless
        if self.by_others and version is not None and kept is not None and not kept.off:
            self.state = self.state._replace(version=version._replace(withdrawn=False))

    def record_leak(self, text: str) -> bool:
        """Put a leak on record, unless one is. Return whether it was."""
        if self.state.record is not None:
            return False
        self.state = on_record.put(self.state, text)
        return True

    def rewrite_leak(self, text: str) -> None:
        """Replace the leak on record."""
        self.state = self.state._replace(record=on_record.leak_in(text))

    def forget_leak(self) -> None:
        """Take the leak off the record."""
        self.state = on_record.removed(self.state)

    # The topic

    def accept(self, announcements: Iterable[Announcement]) -> None:
        """Accept announcements. Raises TryLater while Event Grid is unavailable, Broken if one is not true."""
        if not self.state.topic_up:
            raise TryLater(self.target.name, "Event Grid is unavailable.")
        for announcement in announcements:
            judge.must_show_no_key(_text_of(announcement))
            self.state = judge.announced(self.state, announcement, self.target.cadence)
            self.events += 1

    # People

    def receive(self, request: Request | None) -> None:
        """Note a request. A report that the live key leaked excuses the end of the other key as well, and of the key
        that the same turn publishes.
        """
        self.state = deployments.requested(self.state, request)
        if not isinstance(request, LeakRequest):
            return
        live, version = self.state.live, self.state.version
        if live is None and version is not None:
            live = index(version.slot or KEY1)
        both = request.key is not LeakedKey.PREVIOUS or live is None or request.requested_at is not None
        self.state = judge.leak_reported(self.state, (0, 1) if both or live is None else (1 - live,))

    def forget(self) -> None:
        """Forget what only a version knew that a late one has hidden: nobody can know it any more."""
        marks = self.state.marks
        known = {marks.live, marks.previous} if marks else set()
        first, second = (
            facts if values.mark(value) in known else KeyFacts()
            for value, facts in zip(self.state.keys, self.state.key_facts, strict=True)
        )
        self.state = self.state._replace(
            outstanding=frozenset(), announced_off=None, earlier_off=None, promised_wait=None, key_facts=(first, second)
        )

    def _judge(self) -> None:
        self.state = judge.published_key_works(self.state)


def _as_keys(keys: tuple[int, int]) -> Keys:
    return {KEY1: values.key(keys[0]), KEY2: values.key(keys[1])}


def _is_published(state: State, slot: int) -> bool:
    return state.version is not None and state.keys[slot] == state.version.value


@lru_cache(maxsize=100_000)
def _text_of(announcement: Announcement) -> str:
    return f"{announcement.id} {announcement.wire(NOW)}"


@lru_cache(maxsize=100_000)
def _as_tags_keep_them(marks: Marks, slot: KeySlot, target: Target, keys: tuple[int, int]) -> Marks | None:
    """Return the marks as they are read back from tags. What tags cannot hold is lost. `keys`: those of the
    account."""
    tags = tags_of(marks, slot, str(target.account), target.cadence.period, {})
    judge.must_show_no_key(str(tags))
    kept_slot, provider, _, kept = read_tags(tags)
    if kept_slot is not slot or not target.account.same_as(provider or ""):
        raise judge.Broken("the tags do not contain the slot and the account that they were made from")
    return kept and values.as_kept(kept, slot, target, keys)


def _without_value(publication: Publication) -> Publication:
    return replace(publication, value=None, endpoint=None, sealed=False)


@lru_cache(maxsize=100_000)
def _publication(version: Version, target: Target) -> Publication:
    slot, provider, marks, others = _as_tags_say(version, target)
    publication = Publication(
        version=str(version.serial),
        state=Readable.ACTIVE if version.enabled else Readable.DISABLED,
        created=version.created,
        slot=slot,
        provider=provider,
        marks=marks,
        others=others,
        labelled=version.labelled,
    )
    return with_value(publication, values.key(version.value), target.secret_url) if version.enabled else publication


def _as_tags_say(
    version: Version, target: Target
) -> tuple[KeySlot | None, str | None, Marks | None, Mapping[str, str]]:
    """Return slot, account, marks and the tags that are not ours, as they are read from a version's tags."""
    account = str(target.account)
    if version.marks is None or version.slot is None:
        return version.slot, account if version.ours else None, version.marks, {}
    really = values.really_sealed(version.marks, version.slot, target)
    if not version.upper:
        return version.slot, account if version.ours else None, really, {}
    tags = tags_of(really, version.slot, account, target.cadence.period, {})
    tags = {name.upper(): text for name, text in tags.items()}
    slot, provider, _, marks = read_tags(tags)
    return slot, provider, marks, others_in(tags)
