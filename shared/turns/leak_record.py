"""The record of reported leaks, as turns and ticks use it: what fails here is logged, and stops no leak from ending."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from shared.domain.errors import RotationError
from shared.domain.keys import Fingerprint
from shared.domain.names import LOGGER
from shared.domain.requests import LeakRequest
from shared.ports import Outside
from shared.turns.message import About, Message
from shared.turns.notes import forget_leak, leak_is_on_record, name_leaked, pending_leaks, record_leak

log = logging.getLogger(LOGGER)


@dataclass(frozen=True)
class LeakRecord:
    """The leaks on record.

    outside: Where the notes are kept, and the clock.
    """

    outside: Outside

    def dated(self, request: LeakRequest) -> LeakRequest:
        """Return the report with its moment, which is now if it has none."""
        return replace(request, requested_at=request.requested_at or self.outside.clock.now())

    async def add(self, about: About, request: LeakRequest) -> LeakRequest:
        """Put a reported leak on record, and return the request as it is on record.

        If that fails, the leak is ended all the same, because its caller waits.
        """
        request = self.dated(request)
        try:
            return await record_leak(self.outside.notes, about, request, self.outside.clock.now())
        except RotationError as error:
            log.error("%s: the leak could not be put on record: %s", about, error)  # noqa: TRY400 - the error says it all
            return request

    async def holds(self, about: About, request: LeakRequest) -> bool:
        """Return whether a leak is on record. Where that cannot be read, it counts as not."""
        try:
            return await leak_is_on_record(self.outside.notes, about, request)
        except RotationError as error:
            log.warning("%s: whether the leak is on record could not be read: %s", about, error)
            return False

    async def name_values(self, about: About, request: LeakRequest, values: frozenset[Fingerprint]) -> None:
        """Note which keys a leak is about, so that a later turn ends no others."""
        try:
            await name_leaked(self.outside.notes, about, request, values)
        except RotationError as error:
            log.error("%s: the leaked key could not be put on record: %s", about, error)  # noqa: TRY400

    async def remove(self, about: About, request: LeakRequest) -> None:
        """Take a leak that has ended off the record."""
        try:
            await forget_leak(self.outside.notes, about, request)
        except RotationError as error:
            log.warning("%s: an ended leak is still on record; a later turn removes it: %s", about, error)

    async def pending(self) -> tuple[list[Message], list[RotationError]]:
        """Return the leaks whose keys have not ended yet, and why they could not be read."""
        try:
            return await pending_leaks(self.outside.notes), []
        except RotationError as error:
            return [], [error]
