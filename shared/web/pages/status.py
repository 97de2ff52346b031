"""The survey as one page for people: the state of each target in words, with those that need a person first.

The page runs no script and loads nothing. Its style is part of it, and the Content-Security-Policy (`HEADERS`) allows
that style by its hash and nothing else. Every text from outside (an owner, a reason, an answer of Azure) is escaped
here, where it becomes markup, and loses characters that change how text is shown.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from html import escape
from urllib.parse import urlsplit

from shared.announce.deadlines import Deadline, DeadlineKind, deadlines
from shared.decide.plan import Plan, Reason
from shared.decide.situation import Situation
from shared.domain.errors import FixConfiguration, RotationError
from shared.domain.keys import KeySlot
from shared.domain.publication import Marks
from shared.domain.text import plain
from shared.fleet.survey import Overview
from shared.turns.report import Row
from shared.version import described

STYLE = """
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--text:#1b1f24;--faint:#56606b;--line:#d5dae0;
--bad:#b3261e;--due:#8a5300;--waits:#2458a6;--calm:#1d6b3a}
@media(prefers-color-scheme:dark){:root{--page:#14171a;--card:#1e2226;--text:#e7eaed;--faint:#a3adb8;--line:#3a4149;
--bad:#ff9d94;--due:#f3c26b;--waits:#9cc3ff;--calm:#86d9a2}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1rem;max-width:80rem;background:var(--page);color:var(--text);
font:1rem/1.45 system-ui,sans-serif;overflow-wrap:anywhere}
h1{margin:0;font-size:1.5rem}h2{margin:2rem 0 .75rem;font-size:1.15rem}h3{margin:0;font-size:1.05rem}
p{margin:.35rem 0}
ul{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(21rem,100%),1fr));gap:.75rem;margin:0;padding:0;
list-style:none}
li{padding:.8rem 1rem;background:var(--card);border:1px solid var(--line);border-left:.35rem solid var(--shade);
border-radius:.4rem}
.bad{--shade:var(--bad)}.due{--shade:var(--due)}.waits{--shade:var(--waits)}.calm{--shade:var(--calm)}
.state{margin:.1rem 0 .35rem;color:var(--shade);font-weight:600}
dl{display:grid;grid-template-columns:minmax(5rem,auto) 1fr;gap:.15rem .75rem;margin:.6rem 0 0;font-size:.93rem}
dt{color:var(--faint)}dd{margin:0}
time,dd .faint{white-space:nowrap}
@media(max-width:22rem){dl{display:block}dt{margin-top:.35rem}}
.faint{color:var(--faint)}
"""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
}


class Shade(StrEnum):
    """The groups of the page, in the order in which it shows them. Each has a colour beside its words."""

    BAD = "bad"
    DUE = "due"
    WAITS = "waits"
    CALM = "calm"


_UNTIL_CORRECTED = (
    "Published keys go on working, but no key is rotated, ended or watched, and no deadline is announced. "
    "The app starts again by itself when its settings are changed."
)
_NO_VIEW = (
    "No check has left a view within the last hour, so this is what the vaults list now. See whether the timer runs."
)
_HEADS = {
    Shade.BAD: "Action needed",
    Shade.DUE: "Due now",
    Shade.WAITS: "Waiting",
    Shade.CALM: "Healthy",
}
_COUNTED = {Shade.BAD: "action needed", Shade.DUE: "due now", Shade.WAITS: "waiting", Shade.CALM: "healthy"}
_STATES = {
    Reason.PERSON_MUST_LOOK: (Shade.BAD, "A person must decide"),
    Reason.DRIFT: (Shade.BAD, "The published key does not work and must be replaced"),
    Reason.LEAKED: (Shade.BAD, "A key has leaked and must be ended"),
    Reason.STILL_USED: (Shade.BAD, "Keys should have ended, but apps still use them"),
    Reason.NOBODY_LISTENS: (Shade.BAD, "A key should have ended, but nobody is known to hear of it"),
    Reason.ADOPT: (Shade.DUE, "Not published yet"),
    Reason.TAGS_LOST: (Shade.DUE, "Its tags were taken away and are put back"),
    Reason.OVERWRITTEN: (Shade.BAD, "Somebody wrote another version over the published one"),
    Reason.ADOPT_IN_PLACE: (Shade.DUE, "Published, but not adopted by this app yet"),
    Reason.DUE: (Shade.DUE, "Rotation is due"),
    Reason.RESUMED: (Shade.DUE, "A rotation has begun and is not finished"),
    Reason.OVERLAP_OVER: (Shade.DUE, "The overlap of the previous key is over"),
    Reason.SUNSET: (Shade.DUE, "The sunset is reached: all keys end"),
    Reason.KEY_AUTH_IS_OFF: (Shade.DUE, "Keys are switched off, but the secret is not withdrawn yet"),
    Reason.OVERLAP_RUNS: (Shade.WAITS, "Waiting for the end of the previous key"),
    Reason.OUTSIDE_WINDOW: (Shade.WAITS, "Waiting for its window"),
    Reason.NOT_ANNOUNCED: (Shade.WAITS, "Waiting for its announcement"),
    Reason.FINISHED: (Shade.CALM, "Keyless: keys are switched off"),
}


@dataclass(frozen=True)
class _Card:
    """One target as the page shows it.

    row: The target's line of the survey.
    shade: The group that it stands in.
    state: Its state in words.
    why: Why it is in this state.
    next_step: What a person should do. None if there is nothing to do.
    """

    row: Row
    shade: Shade
    state: str
    why: str
    next_step: str | None = None


def status_page(seen: Overview, now: datetime, remarks: Iterable[str] = ()) -> str:
    """Return the whole page. `remarks` are sentences about the app itself."""
    cards = sorted(map(_card, seen.rows), key=lambda card: (list(Shade).index(card.shade), card.row.target.name))
    remarks, problems = [*remarks, _age(seen, now)], seen.problems
    body = [
        _header(cards, problems, seen.seen_at or now),
        *(f"<p><strong>{_text(one)}</strong></p>" for one in remarks),
    ]
    body += [_problems(problems)] if problems else []
    body += [_group(shade, [card for card in cards if card.shade is shade], now) for shade in Shade]
    if not cards and not problems:
        body.append("<p>No target is enrolled. Tag an account <code>key-rotation: on</code>.</p>")
    return _document("".join(body))


def status_page_of_error(error: RotationError, now: datetime) -> str:
    """Return the page that is shown if no target can be read.

    With invalid settings the app does nothing at all. The page then says so first, and names each setting.
    """
    if isinstance(error, FixConfiguration) and error.each:
        return _document(_stopped(error.each, now))
    return _document(_header([], [error], now) + _problems([error]))


def _stopped(problems: Sequence[FixConfiguration], now: datetime) -> str:
    settings = "1 setting is" if len(problems) == 1 else f"{len(problems)} settings are"
    items = "".join(
        f'<li class="bad"><h3>{_text(one.thing)}</h3><p>{_text(one.what)}</p>'
        f'<p class="state">Next step: {_text(one.next_step)}.</p></li>'
        for one in problems
    )
    return (
        f'<header><h1>Key rotation</h1><p class="bad state">Nothing is being done: {settings} invalid.</p>'
        f'<p>{_text(_UNTIL_CORRECTED)}</p><p class="faint">As of {_time(now)}.</p></header>'
        f"<main><section><h2>Correct the settings</h2><ul>{items}</ul></section>"
    )


def _document(body: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><title>Key rotation</title>'
        f"<style>{STYLE}</style></head><body>{body}</main>"
        f'<footer class="faint"><p>Version {_text(described())}.</p></footer></body></html>\n'
    )


def _header(cards: Sequence[_Card], problems: Sequence[RotationError], now: datetime) -> str:
    counts = ((words, sum(card.shade is shade for card in cards)) for shade, words in _COUNTED.items())
    parts = [f"{number} {words}" for words, number in counts if number]
    total = f"{len(cards)} {'target' if len(cards) == 1 else 'targets'}{': ' if parts else ''}{', '.join(parts)}."
    total += f" {len(problems)} more could not be read." if problems else ""
    return f'<header><h1>Key rotation</h1><p>{_text(total)}</p><p class="faint">As of {_time(now)}.</p></header><main>'


def _problems(problems: Sequence[RotationError]) -> str:
    items = "".join(
        f'<li class="bad"><h3>{_text(error.thing.rpartition("/")[2])}</h3><p class="state">{_text(error.code)}</p>'
        f"<p>{_text(error)}</p></li>"
        for error in problems
    )
    return f"<section><h2>Could not be read ({len(problems)})</h2><ul>{items}</ul></section>"


def _group(shade: Shade, cards: Sequence[_Card], now: datetime) -> str:
    if not cards:
        return ""
    items = "".join(_item(card, now) for card in cards)
    return f"<section><h2>{_HEADS[shade]} ({len(cards)})</h2><ul>{items}</ul></section>"


def _card(row: Row) -> _Card:
    if row.error is not None or row.plan is None:
        error = row.error or RotationError(row.target.name, "It could not be read.")
        return _Card(row, Shade.BAD, f"Cannot be read: {error.code}", error.what, error.next_step)
    shade, state = _STATES.get(row.plan.reason, _otherwise(row.plan))
    until = f" Not before {row.plan.held_until:%Y-%m-%d %H:%M} UTC." if row.plan.held_until else ""
    return _Card(row, shade, state, f"{row.plan.why}{until}")


def _age(seen: Overview, now: datetime) -> str:
    """Return how old what is shown is, and that it shows no keys."""
    if seen.seen_at is None:
        return _NO_VIEW
    said = f"This is what the check saw {_length(now - seen.seen_at)} ago."
    if seen.whole_at is None:
        said += " A subscription or a vault was never listed to its end."
    elif seen.whole_at < seen.seen_at:
        said += f" All subscriptions and vaults were seen within the last {_length(now - seen.whole_at)}."
    return f"{said} A key that was regenerated by hand shows here once a turn has observed it."


def _otherwise(plan: Plan) -> tuple[Shade, str]:
    return (Shade.DUE, "Due now") if plan.steps else (Shade.CALM, "Healthy")


def _item(card: _Card, now: datetime) -> str:
    step = f"<p>Next step: {_text(card.next_step)}.</p>" if card.next_step else ""
    facts = "".join(f"<dt>{_text(name)}</dt><dd>{markup}</dd>" for name, markup in _facts(card.row, now))
    return (
        f'<li class="{card.shade}"><h3>{_text(card.row.target.name)}</h3><p class="state">{_text(card.state)}</p>'
        f"<p>{_text(card.why)}</p>{step}<dl>{facts}</dl></li>"
    )


def _facts(row: Row, now: datetime) -> Iterator[tuple[str, str]]:
    """Yield names and values; a value is markup and already escaped."""
    situation = Situation(row.seen, row.target, now) if row.seen else None
    marks = situation.seen.publication.marks if situation and situation.seen.publication else None
    if situation is not None and marks is not None and situation.seen.key_auth:
        yield from _keys(situation, marks, now)
    if row.outstanding:
        yield "To announce", _text(", ".join(dict.fromkeys(one.kind.partition(".")[2] for one in row.outstanding)))
    if marks is not None and (marks.requester.by or marks.requester.why):
        yield "Last requested by", _text(": ".join(text for text in (marks.requester.by, marks.requester.why) if text))
    if row.target.owner:
        yield "Owner", _text(row.target.owner)
    yield "Account", _text(f"{row.target.account.name} in {row.target.account.group}")
    yield "Secret", _text(f"{row.target.secret} in {urlsplit(row.target.vault_url).hostname}")


def _keys(situation: Situation, marks: Marks, now: datetime) -> Iterator[tuple[str, str]]:
    if situation.seen.live is not None:
        proven = ", not proven" if marks.unproven else ""
        yield "Live", f"{_slot(situation.live)} since {_time(marks.since, now)}{proven}"
    coming = {one.what: one for one in deadlines(situation)} if situation.seen.live is not None else {}
    if DeadlineKind.ROTATION in coming:
        yield "Next rotation", _deadline(coming[DeadlineKind.ROTATION], now)
    if situation.awaited and not situation.awaited.deployed:
        soak = f", {_length(situation.awaited.soak)} after it" if situation.awaited.soak else ""
        yield "Waits for", _text(f"the next deployment to {situation.awaited.environment}{soak}")
    if situation.spare_in_use and marks.until is not None:
        over = " It should have ended." if marks.until < now else ""
        yield "Previous key", f"{_slot(situation.spare)} until {_time(marks.until, now)}.{over}"
    if DeadlineKind.SUNSET in coming:
        yield "All keys end", _deadline(coming[DeadlineKind.SUNSET], now)


def _deadline(one: Deadline, now: datetime) -> str:
    latest = "at the latest " if one.after_deployment else ""
    return f"{latest}{_time(one.falls_at, now)}{', announced' if one.announced else ''}"


def _slot(slot: KeySlot) -> str:
    return f"key {slot[-1]}"


def _time(moment: datetime, now: datetime | None = None) -> str:
    """Return a time as markup that programs can read, with how far away it is beside it."""
    there = moment.astimezone(UTC)
    away = f' <span class="faint">({_away(moment - now)})</span>' if now else ""
    return f'<time datetime="{there:%Y-%m-%dT%H:%M:%SZ}">{there:%Y-%m-%d %H:%M} UTC</time>{away}'


def _away(distance: timedelta) -> str:
    return f"in {_length(distance)}" if distance > timedelta(0) else f"{_length(-distance)} ago"


def _length(time: timedelta) -> str:
    """Return a length roughly, in the largest unit of which there are at least two."""
    minutes = int(time.total_seconds()) // 60
    if minutes >= 2 * 24 * 60:
        return f"{minutes // (24 * 60)} days"
    return f"{minutes // 60} hours" if minutes >= 2 * 60 else f"{max(1, minutes)} min"


def _text(words: object) -> str:
    return escape(plain(str(words)))
