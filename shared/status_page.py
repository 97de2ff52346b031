"""The survey as one page for people: what state each target is in, in words, with what needs a person first.

The page runs nothing and loads nothing: its style stands in it and is named by its hash in the Content-Security-Policy
(`HEADERS`), which allows nothing else. Every text from outside (an owner, a reason, what Azure said) is escaped here,
at the one place where it becomes markup, and freed of characters that steer how text is shown.
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

from shared.bodies import plain
from shared.deadlines import Deadline, What, deadlines
from shared.errors import RotationError
from shared.keys import KeySlot
from shared.plan import Plan, Reason
from shared.publication import Marks
from shared.report import Row
from shared.situation import Situation

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
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Shade(StrEnum):
    """How a state looks, beside its words. In the order in which they are shown."""

    BAD = "bad"
    DUE = "due"
    WAITS = "waits"
    CALM = "calm"


_HEADS = {
    Shade.BAD: "Needs a person",
    Shade.DUE: "Something is due",
    Shade.WAITS: "Waits",
    Shade.CALM: "In order",
}
_COUNTED = {Shade.BAD: "for a person to look at", Shade.DUE: "due", Shade.WAITS: "waiting", Shade.CALM: "in order"}
_STATES = {
    Reason.PERSON_MUST_LOOK: (Shade.BAD, "A person must look"),
    Reason.DRIFT: (Shade.BAD, "The published key is dead, and is about to be replaced"),
    Reason.LEAKED: (Shade.BAD, "A key has leaked, and is about to end"),
    Reason.STILL_USED: (Shade.BAD, "Keys should have ended, and are still used"),
    Reason.ADOPT: (Shade.DUE, "Not published yet"),
    Reason.ADOPT_IN_PLACE: (Shade.DUE, "Published by somebody else, and about to be adopted"),
    Reason.DUE: (Shade.DUE, "Rotation is due"),
    Reason.RESUMED: (Shade.DUE, "A rotation has begun and is about to be finished"),
    Reason.OVERLAP_OVER: (Shade.DUE, "The previous key is about to end"),
    Reason.SUNSET: (Shade.DUE, "All keys are about to end"),
    Reason.KEY_AUTH_IS_OFF: (Shade.DUE, "Keys are switched off; the secret is about to be withdrawn"),
    Reason.OVERLAP_RUNS: (Shade.WAITS, "Waits for the end of the previous key"),
    Reason.OUTSIDE_WINDOW: (Shade.WAITS, "Waits for its window"),
    Reason.NOT_ANNOUNCED: (Shade.WAITS, "Waits for its announcement"),
    Reason.FINISHED: (Shade.CALM, "Finished: keys are switched off"),
}


@dataclass(frozen=True)
class _Card:
    """One target as it is shown."""

    row: Row
    shade: Shade
    state: str
    why: str
    next_step: str | None = None


def page(rows: Iterable[Row], problems: Sequence[RotationError], now: datetime, remarks: Iterable[str] = ()) -> str:
    """The whole page. `remarks` are sentences about the app itself."""
    cards = sorted(map(_card, rows), key=lambda card: (list(Shade).index(card.shade), card.row.target.name))
    body = [_header(cards, problems, now), *(f"<p><strong>{_text(one)}</strong></p>" for one in remarks)]
    body += [_problems(problems)] if problems else []
    body += [_group(shade, [card for card in cards if card.shade is shade], now) for shade in Shade]
    if not cards and not problems:
        body.append("<p>No target is enrolled. Tag an account <code>key-rotation: on</code>.</p>")
    return _document("".join(body))


def page_of_error(error: RotationError, now: datetime) -> str:
    """The page where nothing can be shown of any target, such as with wrong settings."""
    return _document(_header([], [error], now) + _problems([error]))


def _document(body: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><title>Key rotation</title>'
        f"<style>{STYLE}</style></head><body>{body}</main></body></html>\n"
    )


def _header(cards: Sequence[_Card], problems: Sequence[RotationError], now: datetime) -> str:
    counts = ((words, sum(card.shade is shade for card in cards)) for shade, words in _COUNTED.items())
    parts = [f"{number} {words}" for words, number in counts if number]
    total = f"{len(cards)} {'target' if len(cards) == 1 else 'targets'}{': ' if parts else ''}{', '.join(parts)}."
    total += f" {len(problems)} more could not be looked at." if problems else ""
    return f'<header><h1>Key rotation</h1><p>{_text(total)}</p><p class="faint">As of {_time(now)}.</p></header><main>'


def _problems(problems: Sequence[RotationError]) -> str:
    items = "".join(
        f'<li class="bad"><h3>{_text(error.thing.rpartition("/")[2])}</h3><p class="state">{_text(error.code)}</p>'
        f"<p>{_text(error)}</p></li>"
        for error in problems
    )
    return f"<section><h2>Could not be looked at ({len(problems)})</h2><ul>{items}</ul></section>"


def _group(shade: Shade, cards: Sequence[_Card], now: datetime) -> str:
    if not cards:
        return ""
    items = "".join(_item(card, now) for card in cards)
    return f"<section><h2>{_HEADS[shade]} ({len(cards)})</h2><ul>{items}</ul></section>"


def _card(row: Row) -> _Card:
    if row.error is not None or row.plan is None:
        error = row.error or RotationError(row.target.name, "It could not be looked at.")
        return _Card(row, Shade.BAD, f"Cannot be looked at: {error.code}", error.what, error.next_step)
    shade, state = _STATES.get(row.plan.reason, _otherwise(row.plan))
    until = f" Not before {row.plan.held_until:%Y-%m-%d %H:%M} UTC." if row.plan.held_until else ""
    return _Card(row, shade, state, f"{row.plan.why}{until}")


def _otherwise(plan: Plan) -> tuple[Shade, str]:
    return (Shade.DUE, "Something is due") if plan.steps else (Shade.CALM, "In order")


def _item(card: _Card, now: datetime) -> str:
    step = f"<p>Next step: {_text(card.next_step)}.</p>" if card.next_step else ""
    facts = "".join(f"<dt>{_text(name)}</dt><dd>{markup}</dd>" for name, markup in _facts(card.row, now))
    return (
        f'<li class="{card.shade}"><h3>{_text(card.row.target.name)}</h3><p class="state">{_text(card.state)}</p>'
        f"<p>{_text(card.why)}</p>{step}<dl>{facts}</dl></li>"
    )


def _facts(row: Row, now: datetime) -> Iterator[tuple[str, str]]:
    """Names, and markup that is safe already."""
    at = Situation(row.seen, row.target, now) if row.seen else None
    marks = at.seen.publication.marks if at and at.seen.publication else None
    if at is not None and marks is not None and at.seen.key_auth:
        yield from _keys(at, marks, now)
    if row.owed:
        yield "To announce", _text(", ".join(dict.fromkeys(one.kind.partition(".")[2] for one in row.owed)))
    if marks is not None and (marks.asked.by or marks.asked.why):
        yield "Last asked for", _text(": ".join(text for text in (marks.asked.by, marks.asked.why) if text))
    if row.target.owner:
        yield "Owner", _text(row.target.owner)
    yield "Account", _text(f"{row.target.account.name} in {row.target.account.group}")
    yield "Secret", _text(f"{row.target.secret} in {urlsplit(row.target.vault_url).hostname}")


def _keys(at: Situation, marks: Marks, now: datetime) -> Iterator[tuple[str, str]]:
    if at.seen.live is not None:
        proven = ", not proven" if marks.unproven else ""
        yield "Live", f"{_slot(at.live)} since {_time(marks.since, now)}{proven}"
    coming = {one.what: one for one in deadlines(at)} if at.seen.live is not None else {}
    if What.ROTATION in coming:
        yield "Next rotation", _deadline(coming[What.ROTATION], now)
    if at.armed and not at.armed.deployed:
        soak = f", {_length(at.armed.soak)} after it" if at.armed.soak else ""
        yield "Waits for", _text(f"the next deployment to {at.armed.environment}{soak}")
    if at.spare_in_use and marks.until is not None:
        over = " It should have ended." if marks.until < now else ""
        yield "Previous key", f"{_slot(at.spare)} until {_time(marks.until, now)}.{over}"
    if What.SUNSET in coming:
        yield "All keys end", _deadline(coming[What.SUNSET], now)


def _deadline(one: Deadline, now: datetime) -> str:
    latest = "at the latest " if one.after_deployment else ""
    return f"{latest}{_time(one.at, now)}{', announced' if one.announced else ''}"


def _slot(slot: KeySlot) -> str:
    return f"key {slot[-1]}"


def _time(moment: datetime, now: datetime | None = None) -> str:
    """A moment that machines can read, and beside it how far away it is."""
    there = moment.astimezone(UTC)
    away = f' <span class="faint">({_away(moment - now)})</span>' if now else ""
    return f'<time datetime="{there:%Y-%m-%dT%H:%M:%SZ}">{there:%Y-%m-%d %H:%M} UTC</time>{away}'


def _away(distance: timedelta) -> str:
    return f"in {_length(distance)}" if distance > timedelta(0) else f"{_length(-distance)} ago"


def _length(time: timedelta) -> str:
    """Roughly, in the largest unit of which there are at least two."""
    minutes = int(time.total_seconds()) // 60
    if minutes >= 2 * 24 * 60:
        return f"{minutes // (24 * 60)} days"
    return f"{minutes // 60} hours" if minutes >= 2 * 60 else f"{max(1, minutes)} min"


def _text(words: object) -> str:
    return escape(plain(str(words)))
