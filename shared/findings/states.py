"""The state of a target in one word, as page, terminal, JSON and docs show it.

A target is never healthier than its findings: what is owed, late, unseen or about to end is not green (P11).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from shared.decide.plan import Reason
from shared.findings.codes import Code, Urgency
from shared.findings.kinds import Finding
from shared.settings.environment import Mode
from shared.turns.report import Row


class State(StrEnum):
    """What a target's state is called, the most urgent first. The words are public.

    `docs/answers.md` says what each means.
    """

    ACTION = "action-needed"
    UNKNOWN = "unknown"
    ATTENTION = "attention"
    OBSERVING = "observing"
    WAITING = "waiting"
    ROTATING = "rotating"
    HEALTHY = "healthy"
    KEYLESS = "keyless"

    @property
    def words(self) -> str:
        """The state as people read it: "action needed"."""
        return self.value.replace("-", " ")


_ORDERED = frozenset({Code.TRIAL_RUNS, Code.ON_HOLD})  # a person wants it, and it ends by itself


def state_of(row: Row, findings: Iterable[Finding], mode: Mode) -> State:
    """Return the state of a target.

    findings: The findings about it.
    """
    pressing = [one for one in findings if one.urgency is not Urgency.IMPROVE]
    if any(one.urgency is Urgency.TO_DO for one in pressing):
        return State.ACTION
    if row.is_stale or row.plan is None or any(one.code is Code.UNSEEN for one in pressing):
        return State.UNKNOWN
    if any(one.code not in _ORDERED for one in pressing):
        return State.ATTENTION
    if row.plan.reason in (Reason.FINISHED, Reason.KEY_AUTH_IS_OFF):
        return State.KEYLESS
    if mode is Mode.OBSERVE:
        return State.OBSERVING
    if pressing or row.plan.is_held:
        return State.WAITING
    return State.ROTATING if row.plan.steps else _of_a_quiet_one(row)


def _of_a_quiet_one(row: Row) -> State:
    """Return the state of a target for which nothing is to be done now."""
    situation = row.situation
    if situation is None or situation.seen.publication is None:
        return State.WAITING
    marks = situation.seen.publication.marks
    if marks is not None and marks.awaited is not None and not marks.awaited.deployed:
        return State.WAITING
    return State.ROTATING if situation.spare_in_use else State.HEALTHY
