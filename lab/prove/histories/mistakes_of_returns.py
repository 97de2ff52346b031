"""Mistakes about keys that somebody switches on again, and about accounts that take no identity, to be planted. See
`planted_mistakes`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from unittest.mock import patch

from shared.announce import outstanding
from shared.announce.announcements import Announcement
from shared.announce.kinds import Kind
from shared.decide import cadence, plan, policies
from shared.decide.plan import Plan, Reason
from shared.decide.situation import Situation
from shared.decide.steps import Publish
from shared.domain.model import Observation, Target
from shared.domain.publication import Marks, Publication, SecretState
from shared.domain.requests import Request
from shared.domain.told import Happened, ToldDeadline
from shared.ports import Notes
from shared.turns import key_usage, keyless, secret_notes
from shared.turns.keyless import Keyless

Change = Callable[[Publish, Situation], Publish]


@contextmanager
def _publishing_anew(change: Change) -> Iterator[None]:
    """Change the version that is published once keys are back."""

    def decide(seen: Observation, target: Target, now: datetime, request: Request | None = None) -> Plan:
        decided, situation = policies.decide(seen, target, now, request), Situation(seen, target, now, request)
        if decided.reason is not Reason.KEYS_ARE_BACK:
            return decided
        steps = (change(one, situation) if isinstance(one, Publish) else one for one in decided.steps)
        return replace(decided, steps=tuple(steps))

    with patch.object(key_usage, "decide", decide):
        yield


@contextmanager
def leaving_keys_that_are_back() -> Iterator[None]:
    """Leave every disabled version to a person."""

    async def withdrawn_times(*_: object) -> int:
        """Say that this app has withdrawn nothing."""
        return 0

    with patch.object(secret_notes, "withdrawn_times", withdrawn_times):
        yield


@contextmanager
def taking_every_disabled_version_for_ours() -> Iterator[None]:
    """Publish anew whatever is disabled, whoever did that."""

    async def who(seen: Observation, latest: Publication, _target: Target, _notes: Notes) -> Observation:
        return replace(seen, withdrawn=1) if latest.state is SecretState.DISABLED else seen

    with patch.object(secret_notes, "_with_who_disabled", who):
        yield


@contextmanager
def forgetting_that_it_was_enabled() -> Iterator[None]:
    """Let the note about a withdrawn version count as long as that version is the latest one."""
    with patch.object(keyless, "_is_about", lambda known, latest: known.version == latest.version):
        yield


@contextmanager
def counting_what_was_only_begun() -> Iterator[None]:
    """Let the note of a sunset count before keys were seen to be off."""
    real = keyless._read

    def read(text: str | None) -> Keyless | None:
        known = real(text)
        return known and replace(known, off=True)

    with patch.object(keyless, "_read", read):
        yield


@contextmanager
def telling_nobody_of_an_enabled_version() -> Iterator[None]:
    """Go on as before if whoever switched keys on has enabled the version, too."""

    def keys_are_back(situation: Situation) -> Plan | None:
        publication = situation.seen.publication
        is_enabled = publication is not None and publication.state is SecretState.ACTIVE
        return None if is_enabled else policies.keys_are_back(situation)

    others = tuple(keys_are_back if one is policies.keys_are_back else one for one in policies.POLICIES)
    with patch.object(policies, "POLICIES", others):
        yield


@contextmanager
def forgetting_leaks_while_keys_are_off() -> Iterator[None]:
    """Answer a report that comes while keys are off as if it were dealt with."""
    with patch.object(plan, "HELD", plan.HELD - {Reason.KEYS_ARE_OFF}):
        yield


@contextmanager
def ending_keys_on_a_lapsed_date() -> Iterator[None]:
    """Let the announcement of a sunset count however long it was held back."""
    with patch.object(cadence, "has_lapsed", lambda *_: False):
        yield


def _with_the_old_date(step: Publish, situation: Situation) -> Publish:
    agreed = situation.target.sunset
    if agreed is None or agreed > situation.now:
        return step
    return replace(step, told=replace(step.told, sunset=ToldDeadline(agreed)))


@contextmanager
def ending_keys_on_the_old_date() -> Iterator[None]:
    """Let the announcement of a sunset still count once keys are back."""
    with _publishing_anew(_with_the_old_date):
        yield


@contextmanager
def ending_the_other_key_at_once() -> Iterator[None]:
    """Promise the other key nothing once keys are back."""
    with _publishing_anew(lambda step, _: replace(step, overlap=timedelta(0), leaked=True)):
        yield


def _at_the_first_moment(step: Publish, situation: Situation) -> Publish:
    marks: Marks | None = situation.publication.marks
    since = marks.since if marks else situation.publication.created
    carried = (
        replace(one, happened_at=since) if one.happened is Happened.KEYS_BACK else one for one in step.told.carried_over
    )
    return replace(step, told=replace(step.told, carried_over=tuple(carried)))


@contextmanager
def announcing_every_return_alike() -> Iterator[None]:
    """Tell the returns of keys apart by when the withdrawn key was published, and not by when they happened."""
    with _publishing_anew(_at_the_first_moment):
        yield


@contextmanager
def never_announcing_a_return() -> Iterator[None]:
    """Announce everything but that keys are on again."""
    real = outstanding._carried_over

    def carried_over(situation: Situation, marks: Marks) -> Iterator[Announcement]:
        return (one for one in real(situation, marks) if one.kind is not Kind.KEY_AUTH_ENABLED)

    with patch.object(outstanding, "_carried_over", carried_over):
        yield


def _as_if_it_took_an_identity(situation: Situation) -> Situation:
    return replace(situation, seen=replace(situation.seen, takes_identity=True))


@contextmanager
def ending_keys_without_an_identity() -> Iterator[None]:
    """End all keys of an account that accepts nothing else."""
    real = policies.what_holds_a_sunset
    with patch.object(policies, "what_holds_a_sunset", lambda one: real(_as_if_it_took_an_identity(one))):
        yield


@contextmanager
def announcing_an_end_that_cannot_come() -> Iterator[None]:
    """Announce the sunset of an account that accepts nothing but keys."""
    real = outstanding._sunset_notices
    with patch.object(outstanding, "_sunset_notices", lambda one, marks: real(_as_if_it_took_an_identity(one), marks)):
        yield
