"""The findings about what a person ordered for a target: a trial, a hold; and about keys that somebody else switched
off."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from shared.decide.plan import Reason
from shared.decide.situation import Situation
from shared.domain.orders import Hold, Trial
from shared.domain.readiness import Verdict
from shared.findings.codes import Code, Urgency
from shared.findings.facts import Facts
from shared.findings.kinds import Finding
from shared.findings.of_problems import LASTING
from shared.findings.of_readiness import who_still_calls
from shared.turns.report import Row


def of_standing_orders(row: Row, situation: Situation, facts: Facts) -> Iterator[Finding]:
    """Yield the findings about the trial, the hold, and keys that are off by somebody else's doing."""
    trial, hold = situation.seen.orders.open_trial, situation.seen.orders.hold_at(facts.now)
    if trial is not None:
        yield _of_trial(row, trial, facts)
    if hold is not None:
        yield _of_hold(row.target.name, hold, situation)
    if row.plan is not None and row.plan.reason is Reason.OFF_BY_OTHERS:
        yield _off_by_others(row, situation, facts)


def cannot_end(trial: Trial | None, now: datetime) -> bool:
    """Return whether a trial should have ended, and keys could not be switched on: somebody tried, or nobody did for an
    hour."""
    if trial is None or trial.leaked or not trial.is_over(now):
        return False
    over = _over_since(trial)
    return trial.tried is not None or (over is not None and now - over > LASTING)


def _over_since(trial: Trial) -> datetime | None:
    return trial.stop.at if trial.stop else trial.ends


def _of_trial(row: Row, trial: Trial, facts: Facts) -> Finding:
    name = row.target.name
    if trial.leaked:
        why = "A key leaked while its trial ran, and Azure regenerates no key while keys are off. So keys stay off."
        return Finding(Code.TRIAL_WAITS_FOR_YOU, name, why, since=trial.off or trial.begun)
    if cannot_end(trial, facts.now):
        return _cannot_end(row, trial, facts)
    until = f"until {trial.ends:%Y-%m-%d %H:%M} UTC" if trial.ends else "for a while"
    why = f"Keys are off {until} for a trial{_by(trial.by, trial.why)}."
    return Finding(Code.TRIAL_RUNS, name, why, since=trial.off or trial.begun)


def _cannot_end(row: Row, trial: Trial, facts: Facts) -> Finding:
    """Return that keys could not be switched on, with the reason if a turn has left one."""
    name, over = row.target.name, _over_since(trial)
    error = (row.error if row.fails else None) or facts.troubles.of(row.target.account)
    when = f" on {over:%Y-%m-%d %H:%M} UTC" if over else ""
    said = [f"Keys should have been switched on{when}, at the end of its trial, and are off."]
    said += [f"Last tried at {trial.tried:%H:%M} UTC."] if trial.tried else []
    said += [error.about(name)] if error else []
    return Finding(Code.TRIAL_CANNOT_END, name, " ".join(said), error.next_step if error else None, since=over)


def _of_hold(name: str, hold: Hold, situation: Situation) -> Finding:
    """Return that a target is on hold. It is for a person if all keys should end before, or if a leaked key works."""
    agreed, marks = situation.agreed_sunset, situation.seen.publication.marks if situation.seen.publication else None
    says = hold.says[:1].upper() + hold.says[1:]
    if situation.seen.key_auth and agreed is not None and agreed < hold.until:
        why = f"{says}. All its keys were agreed to end on {agreed:%Y-%m-%d %H:%M} UTC, before that."
        return Finding(Code.ON_HOLD, name, why, special_urgency=Urgency.TO_DO, since=hold.since)
    if situation.seen.key_auth and marks is not None and marks.leaked and situation.spare_in_use:
        why = f"{says}. A leaked key of it still works. Its end does not wait for the hold."
        return Finding(Code.ON_HOLD, name, why, special_urgency=Urgency.TO_DO, since=hold.since)
    return Finding(Code.ON_HOLD, name, f"{says}.", since=hold.since)


def _off_by_others(row: Row, situation: Situation, facts: Facts) -> Finding:
    """Return that somebody else switched keys off. If the logs show that they are used, it is for a person."""
    entry, since = facts.entry_of(row.target.account), situation.seen.off_since
    used = entry is not None and entry.readiness.verdict is Verdict.USED
    why = f"{row.plan.why if row.plan else ''}{who_still_calls(entry)}"
    return Finding(
        Code.KEYS_OFF_BY_OTHERS, row.target.name, why, special_urgency=Urgency.TO_DO if used else None, since=since
    )


def _by(who: str, why: str) -> str:
    by = f" by {who}" if who else ""
    return f"{by} ({why})" if why else by
