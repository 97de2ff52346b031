"""The sentence above everything: what needs doing. Page, terminal and JSON begin with it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.announce.deadlines import DeadlineKind
from shared.domain.relative import away, counted, exact
from shared.findings.codes import Code, Severity
from shared.findings.dates import dates_of
from shared.findings.deeds import DEEDS
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
class FleetVerdict:
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
    DeadlineKind.TRIAL: "has keys off for a trial",
}


def verdict_of(status: Status) -> FleetVerdict:
    """Return the sentence about a fleet, or about a part of it."""
    if status.to_do:
        return FleetVerdict(_tone(status.to_do), _things_to_do(status), _others(status))
    if status.to_watch:
        return FleetVerdict(Tone.AMBER, _to_watch(status), _others(status))
    if not status.targets:
        return FleetVerdict(Tone.PLAIN, "No account is enrolled yet.", "Nothing is rotated, and nothing is wrong.")
    if status.mode is Mode.OBSERVE:
        would = sum(bool(one.row.plan and one.row.plan.steps) for one in status.targets)
        what = f"{counted(would, 'thing')} would be done now, and nothing is changed."
        return FleetVerdict(Tone.TEAL, f"Observing only. {what}", "Set ROTATION_MODE to rotate to let the app act.")
    return FleetVerdict(Tone.GREEN, f"Nothing to do. {_all_well(status)}", _coming(status))


def in_words(group: Group, status: Status) -> str:
    """Return what a group is about and what it is, as the rest of a sentence: "chat (no key is published yet)"."""
    if group.code is Code.CHECKS_LATE:
        return _lowered(group.first.says)
    title = group.first.meaning.title
    what = f"{title.removesuffix(' soon')} {_away(group, status)}" if group.first.at else title
    return f"{_about(group)} ({what})"


def deed(group: Group, status: Status) -> str:
    """Return what a person must do about a group, as the rest of a sentence: "enable the secret of chat"."""
    if group.code is Code.CHECKS_LATE:
        return f"see why no check runs. {group.first.says}".removesuffix(".")
    words = DEEDS.get(group.code)
    if words is None:
        return in_words(group, status)
    return words.format(about=_about(group), away=_away(group, status))


def _things_to_do(status: Status) -> str:
    groups = status.to_do
    things, deeds = counted(len(groups), "thing"), [deed(one, status) for one in groups[:2]]
    if len(groups) <= 2:
        return f"{things} to do: {'; and '.join(deeds)}."
    total, affected = len(status.targets), status.affected(groups)
    about = f", for {affected:,} of {total:,} targets" if affected and total > 1 else ""
    return f"{things} to do{about}. First: {deeds[0]}."


def _to_watch(status: Status) -> str:
    first = status.to_watch[0]
    if first.code is Code.CHECKS_LATE:
        return first.first.says
    return f"Nothing to do yet. To watch: {in_words(first, status)}."


def _about(group: Group) -> str:
    """Return what a group is about: a target, a number of targets, or the end of a resource id."""
    targets = group.targets
    return _short(targets[0]) if len(targets) == 1 else counted(len(targets), "target")


def _away(group: Group, status: Status) -> str:
    """Return when the first of a group ends. "soon" if that is not known."""
    moment = group.first.at
    if moment is None:
        return "soon"
    return f"{'from now on' if moment <= status.now else away(moment, status.now)}"


def _lowered(sentence: str) -> str:
    return f"{sentence[:1].lower()}{sentence[1:]}".removesuffix(".")


def _others(status: Status) -> str:
    """Return what is said beside what is to do: who needs nothing, and what to watch."""
    said = _age(status)
    quiet = sum(status.counts[one] for one in (State.HEALTHY, State.ROTATING, State.WAITING, State.KEYLESS))
    if quiet and not said:
        said = [f"{counted(quiet, 'target needs', 'targets need')} nothing."]
    if status.mode is Mode.OBSERVE:
        said.append("The app only observes, so it changes nothing.")
    watched = status.to_watch if status.to_do else status.to_watch[1:]
    said += [f"Also to watch: {'; '.join(in_words(one, status) for one in watched[:2])}."] if watched else []
    return " ".join(said)


def _age(status: Status) -> list[str]:
    """Return since when everything below is known, if checks are late."""
    last = status.checks.last_at if status.checks and status.checks.are_late(status.now) else None
    return [f"Everything below is as of {exact(last)}."] if last else []


def _tone(groups: list[Group]) -> Tone:
    grave = any(one.first.severity is Severity.CRITICAL or one.code in _BREAKS for one in groups)
    return Tone.RED if grave else Tone.AMBER


def _all_well(status: Status) -> str:
    total, waiting, keyless = (len(status.targets), *(status.counts[one] for one in (State.WAITING, State.KEYLESS)))
    word = "keyless" if keyless == total else "waiting" if waiting == total else "healthy"
    if total == 1:
        return f"The target is {word}."
    if waiting and word == "healthy":
        return f"{counted(total - waiting, 'target is', 'targets are')} healthy, and {waiting:,} waiting."
    return f"{'Both' if total == 2 else f'All {total:,}'} targets are {word}."


def _coming(status: Status) -> str:
    """Return what comes first of what has a date. A date that waits has none."""
    known = [(date.falls_at, date) for one in status.targets for date in dates_of(one) if date.falls_at]
    if not known:
        return ""
    falls_at, first = min(known, key=lambda one: one[0])
    return f"Next: {first.target.name} {_NEXT[first.kind]} {away(falls_at, status.now)}."


def _short(thing: str) -> str:
    """Return a name, or the last part of a resource id."""
    return thing.rpartition("/")[2] or thing
