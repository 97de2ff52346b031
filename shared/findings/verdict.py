"""The sentence above everything: what needs doing. Page, terminal and JSON begin with it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.announce.deadlines import DeadlineKind
from shared.domain.relative import away, counted
from shared.findings.codes import Code, Severity
from shared.findings.states import State
from shared.findings.status import Group, Status
from shared.settings.environment import Mode


class Tone(StrEnum):
    """How a sentence is shown, the gravest first. The words are public."""

    RED = "red"
    AMBER = "amber"
    TEAL = "teal"
    PLAIN = "plain"
    GREEN = "green"


@dataclass(frozen=True)
class Verdict:
    """What needs doing, in one sentence.

    tone: How grave it is.
    sentence: The answer. It names the thing, the target and the day.
    detail: What else one must know. May be empty.
    """

    tone: Tone
    sentence: str
    detail: str = ""


_BREAKS = frozenset(
    {Code.SUNSET_NEAR, Code.SECRET_DELETED, Code.SECRET_DISABLED, Code.CHECKS_LATE, Code.ANOTHER_APP, Code.SUNSET_PAST}
)
_NEXT = {
    DeadlineKind.ROTATION: "gets a new key",
    DeadlineKind.RETIREMENT: "loses its previous key",
    DeadlineKind.SUNSET: "loses all its keys",
}


def verdict_of(status: Status) -> Verdict:
    """Return the sentence about a fleet, or about a part of it."""
    if status.to_do:
        return Verdict(_tone(status.to_do), _things_to_do(status), _others(status))
    if status.to_watch:
        watched = in_words(status.to_watch[0], status)
        return Verdict(Tone.AMBER, f"Nothing to do yet. To watch: {watched}.", _others(status))
    if not status.targets:
        return Verdict(Tone.PLAIN, "No account is enrolled yet.", "Nothing is rotated, and nothing is wrong.")
    if status.mode is Mode.OBSERVE:
        would = sum(bool(one.row.plan and one.row.plan.steps) for one in status.targets)
        what = f"{counted(would, 'thing')} would be done now, and nothing is changed."
        return Verdict(Tone.TEAL, f"Observing only. {what}", "Set ROTATION_MODE to rotate to let the app act.")
    return Verdict(Tone.GREEN, f"Nothing to do. {_all_well(status)}", _coming(status))


def in_words(group: Group, status: Status) -> str:
    """Return what a group is, with whom it is about and when, as the rest of a sentence."""
    first, targets = group.first, group.targets
    about = _short(targets[0]) if len(targets) == 1 else counted(len(targets), "target")
    when = f", {'the first ' if len(targets) > 1 else ''}{away(first.at, status.now)}" if first.at else ""
    return f"{about}: {first.meaning.title}{when}"


def _things_to_do(status: Status) -> str:
    groups = status.to_do
    things = counted(len(groups), "thing")
    if len(groups) <= 2:
        return f"{things} to do: {'; '.join(in_words(one, status) for one in groups)}."
    total, affected = len(status.targets), status.affected(groups)
    about = f", for {affected:,} of {total:,} targets" if affected and total > 1 else ""
    return f"{things} to do{about}. First: {in_words(groups[0], status)}."


def _others(status: Status) -> str:
    """Return what is said beside what is to do: who needs nobody, and what to watch."""
    quiet = sum(status.counts[one] for one in (State.HEALTHY, State.ROTATING, State.WAITING, State.KEYLESS))
    said = [f"{counted(quiet, 'target needs', 'targets need')} nobody."] if quiet else []
    watched = status.to_watch if status.to_do else status.to_watch[1:]
    said += [f"Also to watch: {'; '.join(in_words(one, status) for one in watched[:2])}."] if watched else []
    return " ".join(said)


def _tone(groups: list[Group]) -> Tone:
    grave = any(one.first.severity is Severity.CRITICAL or one.code in _BREAKS for one in groups)
    return Tone.RED if grave else Tone.AMBER


def _all_well(status: Status) -> str:
    keyless, total = status.counts[State.KEYLESS], len(status.targets)
    if keyless == total:
        return "The target is keyless." if total == 1 else f"All {total:,} targets are keyless."
    return "The target is healthy." if total == 1 else f"All {total:,} targets are healthy."


def _coming(status: Status) -> str:
    if not status.deadlines:
        return ""
    first = status.deadlines[0]
    return f"Next: {first.target.name} {_NEXT[first.what]} {away(first.falls_at, status.now)}."


def _short(thing: str) -> str:
    """Return a name, or the last part of a resource id."""
    return thing.rpartition("/")[2] or thing
