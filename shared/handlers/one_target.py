"""Look at one target for its page. Unlike the overview, it observes; if that fails, it shows what was known last."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from shared.domain.errors import DisputedName, RotationError, UnknownTarget
from shared.domain.model import AccountId, Target
from shared.findings.gather import gather_named
from shared.fleet.history import History
from shared.fleet.rotation import Rotation
from shared.fleet.survey import Overview
from shared.turns.report import Row
from shared.web.pages.target import SeenTarget


async def look_at(app: Rotation, which: str | AccountId) -> SeenTarget:
    """Return what the page of a target shows.

    which: Its name, or its account.

    Raises UnknownTarget, DisputedName, and what kept a target from being found of which nothing was known before.
    """
    overview = await app.surveyor.overview(lambda target: _is(target, which))
    row, tags = await _observed(app, which, overview)
    (facts, _), (history, unknown) = await asyncio.gather(gather_named(app, [row]), _history(app, row.target))
    return SeenTarget(facts, tags, history, unknown)


async def _observed(app: Rotation, which: str | AccountId, overview: Overview) -> tuple[Row, Mapping[str, str] | None]:
    """Return the target as it is now, and the tags of its account.

    A target that is known and cannot be read, or that is misconfigured, is returned as it was known last.
    """
    known = [row for row in overview.rows if _is(row.target, which)]
    last = known[0] if len(known) == 1 else None
    try:
        enrolled = await app.fleet.find_one(last.target.account if last else which)
    except RotationError as error:
        if last is None or isinstance(error, DisputedName):
            raise
        gone = isinstance(error, UnknownTarget) and last.error is not None
        return (last if gone else replace(last, error=error, fails=False)), {}
    row = await app.plan_turn(enrolled.target)
    if row.error is not None and last is not None:
        row = replace(last, error=row.error, fails=False)
    return row, enrolled.account.tags if enrolled.account else None


async def _history(app: Rotation, target: Target) -> tuple[History, str]:
    """Return what happened to a target's keys, or why that is not known."""
    try:
        return await app.history(target), ""
    except RotationError as error:
        return History(), f"Its past cannot be read. {error.what} Next step: {error.next_step}."


def _is(target: Target, which: str | AccountId) -> bool:
    if isinstance(which, AccountId):
        return target.account.same_as(str(which))
    return target.name.casefold() == which.casefold()
