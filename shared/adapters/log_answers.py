"""Read the answer to `log_query`: one row for each account. An answer that is not exactly so counts nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any

import msgspec

from shared.domain.text import plain, quotable
from shared.domain.usage import MOST_CALLERS, DayOfCalls, IdentityCaller, KeyCaller, Usage

type _Count = Annotated[int, msgspec.Meta(ge=0)]
type _Most[T] = Annotated[list[T], msgspec.Meta(max_length=MOST_CALLERS)]
_DYNAMIC = ("workspaces", "days", "callers", "identities")


class AnswerRow(msgspec.Struct, frozen=True):
    """What the answer says of one account. The names are those of the query's columns.

    account: The account's resource id, in lower case.
    since: Where the span begins, in UTC.
    until: Where it ends, in UTC.
    workspaces: The ids of the workspaces that hold any logged call of any account.
    days: The day, the calls with a key, and the calls by identity.
    callers: Address, program, calls and last call of those who used a key. None if nobody did.
    different: How many those are together.
    identities: Object id, calls and last call of those who called by identity. None if nobody did.
    last_key: When the last call with a key was made. None without one.
    last_identity: When the last call by identity was made. None without one.
    unclear: How many calls have no properties in any of their rows.
    """

    account: str
    since: datetime
    until: datetime
    workspaces: list[str]
    days: list[tuple[date, _Count, _Count]]
    callers: _Most[tuple[str, str, _Count, datetime]] | None
    different: _Count
    identities: _Most[tuple[str, _Count, datetime]] | None
    last_key: datetime | None
    last_identity: datetime | None
    unclear: _Count


def rows_of(tables: Iterable[Any]) -> list[AnswerRow]:
    """Return the rows of the answer's one table.

    tables: Those of `azure.monitor.query`. A dynamic column arrives as JSON in a text.

    Raises ValueError, TypeError or LookupError if the answer has another form, also if it names an account twice.
    """
    (table,) = tables
    rows = [msgspec.convert(_decoded(dict(zip(table.columns, row, strict=True))), AnswerRow) for row in table.rows]
    if len({row.account for row in rows}) != len(rows) or not all(map(_fits_together, rows)):
        raise ValueError
    return rows


def _decoded(row: Mapping[str, Any]) -> dict[str, Any]:
    texts = {name: json.loads(row[name]) for name in _DYNAMIC if isinstance(row[name], str) and row[name]}
    return {**row, **{name: None for name in _DYNAMIC if row[name] == ""}, **texts}


def _fits_together(row: AnswerRow) -> bool:
    """Whether a row says one thing only: its parts count the same calls."""
    days = [day for day, _, _ in row.days]
    with_key, by_identity = sum(one for _, one, _ in row.days), sum(one for _, _, one in row.days)
    known = sum(calls for _, _, calls, _ in row.callers or ())
    return (
        row.since < row.until
        and bool(days)
        and days == sorted(set(days))
        and row.since.date() <= days[0] <= days[-1] <= row.until.date()
        and (row.last_key is not None) == (row.different > 0) == (with_key > 0)
        and (row.last_identity is not None) == (by_identity > 0)
        and min(row.different, MOST_CALLERS) == len(row.callers or ())
        and (known == with_key if row.different <= MOST_CALLERS else known < with_key)
    )


def usage_of(row: AnswerRow, name_of: Callable[[str], str]) -> Usage:
    """Return how the account of a row was called.

    name_of: Returns who calls from an address as it was logged, or an empty text.
    """
    callers = tuple(_caller(one, name_of) for one in row.callers or ())
    return Usage(
        since=_utc(row.since),
        until=_utc(row.until),
        days=tuple(DayOfCalls(*one) for one in row.days),
        callers=callers,
        identities=tuple(IdentityCaller(*one[:2], _utc(one[2])) for one in row.identities or ()),
        more_callers=row.different - len(callers),
        last_key_call=_utc(row.last_key) if row.last_key else None,
        last_identity_call=_utc(row.last_identity) if row.last_identity else None,
        unclear=row.unclear,
    )


def _caller(one: tuple[str, str, int, datetime], name_of: Callable[[str], str]) -> KeyCaller:
    """Return a caller. It chose its own name, so that a key could stand in it."""
    address, client, calls, last_at = one
    return KeyCaller(plain(quotable(address)), plain(quotable(client)), calls, _utc(last_at), name_of(address))


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is UTC:
        return moment
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
