"""Calls in the emulated log of a workspace, and what the app's adapter tells of them."""

from typing import Any

from shared.domain.usage import Usage
from tests.support.real_parts import Parts

QUERY = "logs.query"
HOUR, DAY = 3600.0, 86400.0
COLUMNS = {
    "account": "string", "since": "datetime", "until": "datetime", "workspaces": "dynamic", "days": "dynamic",
    "callers": "dynamic", "different": "long", "identities": "dynamic", "last_key": "datetime",
    "last_identity": "datetime", "unclear": "long",
}  # fmt: skip
AT = "2026-11-20T10:00:00.0000000Z"
ROW = {
    "account": "/subscriptions/s", "since": "2026-10-16T00:00:00Z", "until": "2026-11-20T00:00:00Z",
    "workspaces": "[]", "days": '[["2026-11-19", 3, 1]]', "callers": f'[["", "", 3, "{AT}"]]', "different": 1,
    "identities": f'[["an id", 1, "{AT}"]]', "last_key": AT, "last_identity": AT, "unclear": 0,
}  # fmt: skip


def note(parts: Parts, number: int = 1, *, ago: float = HOUR, **facts: Any) -> None:
    """Log a call, by default one that is an hour old, so that its rows have all come."""
    parts.azure.world.workspace.note(parts.account(number).id, ago=ago, **facts)


async def usage(parts: Parts, number: int = 1) -> Usage | None:
    logs: Any = parts.rotation.outside.logs
    found: Usage | None = await logs.usage(parts.target(number).account)
    return found


async def known(parts: Parts, number: int = 1) -> Usage:
    found = await usage(parts, number)
    assert found is not None
    return found


async def usages(parts: Parts) -> dict[str, Usage]:
    logs: Any = parts.rotation.outside.logs
    return dict(await logs.usages())


async def counted(parts: Parts) -> int:
    """Return how many calls used a key or may have used one."""
    found = await known(parts)
    return found.with_key + found.unclear


def answer(*changes: dict[str, object], columns: object = None, **more: object) -> dict[str, Any]:
    """An answer with a row for each of these changes to ROW."""
    described = [{"name": name, "type": sort} for name, sort in COLUMNS.items()] if columns is None else columns
    rows = [list((ROW | change).values()) for change in changes]
    return {"tables": [{"name": "PrimaryResult", "columns": described, "rows": rows}], **more}
