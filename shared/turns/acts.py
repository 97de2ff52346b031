"""The record of acts, in the app's storage: one note for each, counted by one listing.

It is a help and no promise: what fails here is logged, and lets the act through. A leaked key must not wait for it.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime

from shared.domain.acts import MANY, Act
from shared.domain.errors import RotationError
from shared.domain.model import AccountId
from shared.domain.names import LOGGER
from shared.domain.requests import Request
from shared.domain.times import stamp
from shared.ports import Notes

log = logging.getLogger(LOGGER)
ACTS = "acts/"


def act_of(request: Request, account: AccountId | None, now: datetime, *, confirmed: bool = False) -> Act:
    """Return the act that a request is.

    account: Whose keys it is about. None for a request for several targets.
    confirmed: Whether its caller confirmed it. Default: no.
    """
    about = MANY if account is None else _hash(str(account).casefold())
    return Act(now, request.kind, about, _hash(request.id or stamp(now)), confirmed)


@dataclass(frozen=True)
class ActRecord:
    """The acts on record.

    notes: Where they are kept.
    """

    notes: Notes

    async def add(self, act: Act, account: AccountId | None) -> list[Act]:
        """Note an act, and return those on record that came before it. None are returned if that fails."""
        try:
            # Written first and counted then: of two acts at once, at least the second one sees the other.
            await self.notes.add(ACTS + act.text(), str(account or ""))
            return await self._before(act)
        except RotationError as error:
            log.error("acts: not counted: %s", error)  # noqa: TRY400 - the error says it all
            return []

    async def before(self, act: Act) -> list[Act]:
        """Return the acts on record that came before this one. None are returned if that fails."""
        try:
            return await self._before(act)
        except RotationError as error:
            log.error("acts: not read: %s", error)  # noqa: TRY400 - the error says it all
            return []

    async def remove(self, act: Act) -> None:
        """Take an act off the record. If that fails, it counts until it is too old."""
        try:
            await self.notes.remove(ACTS + act.text())
        except RotationError as error:
            log.warning("acts: one that no longer counts is still on record: %s", error)

    async def _before(self, act: Act) -> list[Act]:
        found = (_read(name.removeprefix(ACTS)) for name in await self.notes.names(ACTS))
        return [one for one in found if one is not None and one != act and one.at <= act.at]


def _read(text: str) -> Act | None:
    try:
        return Act.read(text)
    except ValueError:
        return None


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
