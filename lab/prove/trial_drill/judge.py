"""What must have held in the drill, judged by what the accounts answered and what Event Grid accepted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from rich.table import Table

from lab.emulator.accounts import KeyUse
from lab.prove.trial_drill.cast import DEPLOYED, HOUR, SOAK, TRIED, UNTIL_KNOWN, WHO, Who
from lab.prove.trial_drill.story import MINUTES, Played, TrialSeen

_SLOW = 60.0  # seconds in which this machine must have got around to anything
_METRICS_LATE = 120.0  # seconds: a minute late, and the minute that has not ended
_NOTICE = timedelta(days=1)


def broken(played: Played) -> list[str]:
    """Return what did not hold, as sentences. Empty if all did."""
    return [*_consumers(played), *_trials(played), *_deployment(played), *_announcements(played)]


def first_accepted(played: Played, trial: TrialSeen) -> KeyUse | None:
    """Return the first use of the copied key that the account accepted after a trial. None if there was none."""
    return next((one for one in played.uses[TRIED] if one.accepted and one.time >= trial.on), None)


def _consumers(played: Played) -> Iterator[str]:
    for who in (Who.KEYLESS, Who.READER):
        yield from (f"{who}: a request failed: {error}" for error in played.consumers[who].failed)
    if played.consumers[Who.READER].repeated:
        yield f"reader: {played.consumers[Who.READER].repeated} answers were 401"
    yield from (f"{who}: it made no request" for who, one in played.consumers.items() if not one.made.total())


def _trials(played: Played) -> Iterator[str]:
    for name, trial in (("undisturbed", played.undisturbed), ("killed", played.killed)):
        during = [one for one in played.uses[TRIED] if trial.off + UNTIL_KNOWN + 1 < one.time < trial.on]
        if not during or any(one.accepted for one in during):
            yield f"{name}: {sum(one.accepted for one in during)} of {len(during)} calls with a key were accepted"
        if any(one.status != 403 for one in during):
            yield f"{name}: a call with a key was answered { ({one.status for one in during} - {403}) }"
        if trial.keyless <= 0:
            yield f"{name}: the keyless consumer made no request while keys were off"
        if trial.on < trial.ends:
            yield f"{name}: keys were on {trial.ends - trial.on:.0f} seconds before its end"
        accepted = first_accepted(played, trial)
        if accepted is None or accepted.time - trial.from_there > _SLOW:
            yield f"{name}: no call with a key was accepted within {_SLOW:.0f} seconds of {trial.from_there:.0f}"
        yield from _said(name, trial, during)
    if played.killed.dead_refused == 0 or played.killed.from_there - played.killed.ends < HOUR:
        yield "killed: the app was not dead at the end of the trial"


def _said(name: str, trial: TrialSeen, during: list[KeyUse]) -> Iterator[str]:
    """Compare how many refused calls the app has announced with what the account refused. Metrics are a minute late,
    and the minutes at both ends count as a whole."""
    seen = sum(one.time < trial.on - _METRICS_LATE for one in during)
    most = len(during) + 1
    if trial.says_refused is None or not seen <= trial.says_refused <= most:
        yield f"{name}: the app says {trial.says_refused} refused calls; the account refused {seen} to {most}"


def _deployment(played: Played) -> Iterator[str]:
    """The copied key works until the soak time is over, and ends with the next check after that."""
    due = played.deployed + SOAK
    accepted = [one.time for one in played.uses[DEPLOYED] if one.accepted]
    refused = [one for one in played.uses[DEPLOYED] if not one.accepted]
    if not any(played.deployed + 1 < one < due for one in accepted):
        yield "copied: the key was not used within the soak time"
    if refused and refused[0].time < due:
        yield f"copied: the key was refused {due - refused[0].time:.0f} seconds before the soak time was over"
    if not refused or max(accepted) > due + MINUTES + _SLOW:
        yield "copied: the key still works after the soak time"
    if any(one.time > refused[0].time + 1 for one in played.uses[DEPLOYED] if refused and one.accepted):
        yield "copied: the key works again"


def _announcements(played: Played) -> Iterator[str]:
    """Each trial was announced a day before it started, and everybody was told that it started and ended."""
    told = [(kind, when) for account, kind, when in played.told if account == TRIED and kind.startswith("Trial")]
    order = [kind for kind, _ in told]
    if order != ["TrialAnnounced", "TrialStarted", "TrialEnded"] * 2:
        yield f"the events about trials are {', '.join(order)}"
        return
    for announced, started in ((told[0], told[1]), (told[3], told[4])):
        if started[1] - announced[1] < _NOTICE:
            yield f"a trial started {started[1] - announced[1]} after it was announced"


def table_of_calls(played: Played) -> Table:
    """Return the figures of the consumers."""
    table = Table("consumer", "what it does", "requests", "failed", "repeated after 401", title="Calls")
    for who, one in played.consumers.items():
        table.add_row(who, WHO[who], str(one.made.total()), str(len(one.failed)), str(one.repeated))
    return table


def words(played: Played) -> Iterator[str]:
    """Return what was measured, as sentences."""
    for name, trial in (("undisturbed", played.undisturbed), ("killed", played.killed)):
        accepted = first_accepted(played, trial)
        refused = sum(
            not one.accepted and trial.off <= one.time <= trial.on + UNTIL_KNOWN for one in played.uses[TRIED]
        )
        after = "its end" if trial.from_there == trial.ends else "the killed app was started again"
        waited = f"{accepted.time - trial.from_there:.1f}" if accepted else "-"
        yield (
            f"{name}: {refused} calls with a key were refused, {trial.keyless} calls by identity went on; keys were on "
            f"{trial.on - trial.from_there:.1f} s after {after}, and the first call with a key was accepted {waited} s "
            f"after it, of which the account needed {UNTIL_KNOWN:.0f} s to know; the app says that "
            f"{trial.says_refused} were refused"
        )
    late = (played.killed.on - played.killed.ends) / HOUR
    dead = played.killed.dead_refused
    yield f"killed: {dead} of them after its end, while the app was dead; keys were on {late:.1f} hours late"
    accepted_until = max((one.time for one in played.uses[DEPLOYED] if one.accepted), default=0.0)
    yield (
        f"deployed: the copied key was accepted until {(accepted_until - played.deployed) / HOUR:.2f} hours after the "
        f"deployment, of {SOAK / HOUR:.0f} hours of soak time"
    )
