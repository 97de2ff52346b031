"""What became of an act, as a page says it: done, not now, accepted, refused or failed. Plain data, no markup."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.decide.plan import Reason
from shared.turns.report import HeldByMode, Result, Row
from shared.web.pages.plan_words import when, works_on


class ResultTone(StrEnum):
    """How a result is shown: its icon and its colour, beside its words."""

    DONE = "done"
    WAIT = "wait"
    STOP = "stop"


@dataclass(frozen=True)
class EndedKey:
    """A leaked key, and when it ended.

    key: The key in words.
    fingerprint: Its fingerprint. Empty if it is not known.
    accepted: When the account last accepted it, in words.
    refused: Since when the account refuses it, in words.
    is_refused: Whether it was seen to refuse it.
    """

    key: str
    fingerprint: str
    accepted: str
    refused: str
    is_refused: bool


@dataclass(frozen=True)
class ResultPage:
    """The page that says what became of an act, or why there is none.

    title: What the browser shows as the page's title.
    head: The answer, as a short sentence.
    tone: How it is shown.
    says: More sentences.
    done: The steps that were carried out.
    ended: The leaked keys and their ends.
    next_step: What a person should do. Empty if there is nothing to do.
    code: The public word of the answer.
    who: How the record names the person. Empty if nobody is known.
    back: The address that the page leads back to, and `back_words` what is there.
    back_words: The words of that link.
    leak: The address of the page for a leaked key, where that is another way. Empty otherwise.
    """

    title: str
    head: str
    tone: ResultTone
    says: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    ended: tuple[EndedKey, ...] = ()
    next_step: str = ""
    code: str = ""
    who: str = ""
    back: str = "/api/status"
    back_words: str = "All targets"
    leak: str = ""


_ACCEPTED = "Accepted. It goes on by itself; you need not wait here."
_NOTHING = "Nothing was done."
_BEGUN = "It has begun and is not finished."
_ORDERED: Mapping[str, str] = {
    Reason.TRIAL_PLANNED: "a trial is planned.",
    Reason.TRIAL_CALLED_OFF: "the trial is called off. Keys stay on.",
    Reason.TRIAL_OVER: "keys are on again. The trial is over.",
    Reason.TRIAL_STOPPED: "keys are on again. The trial is over.",
    Reason.HOLD_SET: "it is on hold.",
    Reason.HOLD_LIFTED: "the hold is lifted.",
}


def head_of_answer(status: int, told: Mapping[str, Any], name: str, after: Row | None) -> tuple[str, ResultTone]:
    """Return the answer in a sentence, and how it is shown.

    told: The members of the API's answer.
    after: What the target looks like now. None if that is not known.
    """
    result, done, ended = told.get("result"), bool(told.get("done")), _of_leak(told, name, after)
    if status == 202:
        return f"{name}: {_ACCEPTED}", ResultTone.WAIT
    if result == Result.DONE and ended is not None:
        return ended
    if result == Result.DONE and told.get("reason") in _ORDERED:
        return f"{name}: {_ORDERED[told['reason']]}", ResultTone.DONE
    if result == Result.DONE:
        return f"{name}: {_live(after) or 'done.'}", ResultTone.DONE
    if result == Result.NOTHING:
        return f"{name}: nothing is left to do.", ResultTone.DONE
    if result == Result.BUSY:
        return f"Another turn works on {name} now. Yours did nothing.", ResultTone.WAIT
    if told.get("reason") == HeldByMode.OBSERVING or result == Result.PLANNED:
        return f"{name}: this app only observes. {_NOTHING}", ResultTone.STOP
    if result == Result.HELD:
        return f"Not now. {_BEGUN if done else _NOTHING}", ResultTone.WAIT
    return f"{name}: {_BEGUN if done else 'not done.'}", ResultTone.STOP


def _live(after: Row | None) -> str:
    situation = after.situation if after else None
    if situation is None or situation.seen.live is None:
        return ""
    return f"{situation.seen.live.words} is live."


def _of_leak(told: Mapping[str, Any], name: str, after: Row | None) -> tuple[str, ResultTone] | None:
    """Return the answer to a report of a leak whose keys were ended. None for anything else."""
    ended = ended_keys(told)
    if not ended:
        return None
    keys = " and ".join(sorted(one.key for one in ended))
    if all(one.is_refused for one in ended):
        plural = len(ended) > 1
        head = f"{name}: the leaked {keys} {'do' if plural else 'does'} not work any more."
        live = _live(after)
        fresh = "a new " if any(live.startswith(one.key) for one in ended) else ""
        return f"{head} {f'{fresh}{live}'.capitalize()}".strip(), ResultTone.DONE
    return f"{name}: the account was not seen to refuse the leaked {keys}.", ResultTone.STOP


def sentences(told: Mapping[str, Any], after: Row | None, now: datetime) -> tuple[str, ...]:
    """Return what else is to be said: why, until when the other key works, and what was announced."""
    said = [str(told.get("why") or told.get("detail") or "")]
    situation = after.situation if after else None
    marks = situation.publication.marks if situation and situation.seen.publication else None
    if told.get("result") == Result.DONE and situation and marks and marks.until and situation.overlap_runs:
        said.append(f"{situation.spare.words.capitalize()} works {works_on(marks.until, now)}.")
    if told.get("heldUntil"):
        said.append(f"Ask again {when(datetime.fromisoformat(told['heldUntil']), now)}.")
    if told.get("announced"):
        said.append(f"Announced: {', '.join(told['announced'])}.")
    if told.get("announcementsOwed"):
        said.append(f"Not announced yet, the next check does it: {', '.join(told['announcementsOwed'])}.")
    if told.get("unproven"):
        said.append(f"Not proven: {', '.join(told['unproven'])}.")
    return tuple(one for one in said if one)


def ended_keys(told: Mapping[str, Any]) -> tuple[EndedKey, ...]:
    """Return the leaked keys of an answer, with when each was last accepted and first refused."""
    return tuple(_ended(one) for one in told.get("leakedKeys", ()))


def _ended(one: Mapping[str, Any]) -> EndedKey:
    accepted, refused = one.get("lastAccepted"), one.get("refusedFrom")
    return EndedKey(
        f"key {str(one['key'])[-1]}",
        str(one.get("fingerprint", "")),
        _exact(accepted) if accepted else "never seen accepted",
        _exact(refused) if refused else f"not seen refused: {one.get('lastAnswer', '')}",
        bool(refused),
    )


def _exact(text: str) -> str:
    return f"{datetime.fromisoformat(text):%a %d %b %Y, %H:%M:%S} UTC"


def may_be_a_leak(told: Mapping[str, Any]) -> bool:
    """Return whether a request was held back by what a leaked key does not wait for."""
    return told.get("reason") in (
        Reason.OVERLAP_RUNS,
        Reason.OUTSIDE_WINDOW,
        Reason.NOT_ANNOUNCED,
        Reason.ON_HOLD,
    )
