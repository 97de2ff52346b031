"""The page of one target, as plain data: its sentence, what happens next and why, its past, and its settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from shared.decide.explained import Answer, Considered, explain
from shared.decide.schedule import schedule_of
from shared.domain.relative import away, exact, length_in_words
from shared.findings.codes import Urgency
from shared.findings.facts import Facts
from shared.findings.gather import findings_of, severe_first
from shared.findings.states import State
from shared.findings.status import Status, TargetStatus, status_of
from shared.findings.verdict import Tone, Verdict, verdict_of
from shared.settings.origins import Shown, settings_shown
from shared.turns.report import Row

ACTS = ("rotate", "leak", "arm", "disarm")
_QUIET = {
    State.HEALTHY: Tone.GREEN,
    State.ROTATING: Tone.GREEN,
    State.WAITING: Tone.GREEN,
    State.KEYLESS: Tone.GREEN,
    State.OBSERVING: Tone.TEAL,
}


@dataclass(frozen=True)
class TargetPage:
    """What the page of one target shows.

    status: The target with its findings, and nothing else.
    one: The target.
    verdict: The sentence about it.
    considered: The rules in their order, and which one decided. Empty if it could not be observed.
    settings: How it is configured, and where that comes from.
    acts: What this caller may do with it. Empty if nothing.
    why_not: Why this caller may do nothing, as a sentence. Empty if something.
    """

    status: Status
    one: TargetStatus
    verdict: Verdict
    considered: Sequence[Considered]
    settings: Sequence[Shown]
    acts: Sequence[str] = ()
    why_not: str = ""

    @property
    def reason(self) -> str:
        """The public word for why the plan is what it is, or the error's code."""
        row = self.one.row
        if row.error is not None:
            return row.error.code
        return row.plan.reason.value if row.plan else ""

    @property
    def improvements(self) -> list[str]:
        """What could be better and is not wrong, as sentences."""
        return [one.says for one in self.one.findings if one.urgency is Urgency.IMPROVE]


def target_page(facts: Facts, row: Row, tags: Mapping[str, str] | None, environment: Mapping[str, str]) -> TargetPage:
    """Return what the page of one target shows.

    facts: What is known, with this target as its only row.
    row: The target as it was observed just now, or as it was known last with the error that kept it from that.
    tags: The tags of its account. None for a target of ROTATION_TARGETS.
    environment: The app's settings.
    """
    whole = status_of(facts, severe_first(findings_of(facts)))
    one = whole.targets[0]
    status = replace(whole, findings=one.findings)
    considered = explain(row.situation) if row.situation is not None and row.error is None else []
    return TargetPage(status, one, _verdict(status, one), considered, settings_shown(row.target, tags, environment))


def _verdict(status: Status, one: TargetStatus) -> Verdict:
    if one.state not in _QUIET:
        found = verdict_of(status)
        return replace(found, detail=_about_keys(status, one))
    words = "is healthy" if one.state is State.ROTATING else f"is {one.state.words}"
    return Verdict(_QUIET[one.state], f"{one.name} {words}. Nothing to do.", _about_keys(status, one))


def _about_keys(status: Status, one: TargetStatus) -> str:
    """Return the two most useful sentences about the keys. Empty if nothing is known of them."""
    situation = one.row.situation
    dates = schedule_of(situation) if situation is not None and situation.seen.live is not None else None
    if situation is None or dates is None:
        return ""
    since = length_in_words(status.now - situation.marks.since)
    said = [f"{situation.live.words.capitalize()} has been live for {since}."]
    if one.is_stale:
        return said[0]
    if dates.retirement is not None:
        ends = dates.retirement
        said.append(f"{situation.spare.words.capitalize()} stops working {away(ends, status.now)} ({exact(ends)}).")
    said.append(f"A new key comes {away(dates.rotation, status.now)} ({exact(dates.rotation)}).")
    return " ".join(said)


def decided(considered: Sequence[Considered]) -> Considered | None:
    """Return the rule that decided. None if none is known."""
    return next((one for one in considered if one.answer is Answer.DECIDED), None)
