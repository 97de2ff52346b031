"""When the next tick comes, and how long it is between two: as the last tick kept it in the view."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.errors import RotationError
from shared.domain.names import LOGGER
from shared.fleet.pace import SHORTEST, USUAL
from shared.fleet.rotation import Rotation
from shared.fleet.view import View, load_view

log = logging.getLogger(LOGGER)


@dataclass(frozen=True)
class Beat:
    """The times of ticks.

    last_at: When the last tick began, in UTC. None if that is not known.
    interval: The time between two ticks.
    """

    last_at: datetime | None
    interval: timedelta

    def until_next(self, moment: datetime) -> timedelta:
        """Return how long after this moment the next tick comes: a minute if it should have come already."""
        return max((self.last_at or moment) + self.interval - moment, SHORTEST)

    def has_ticked_since(self, moment: datetime) -> bool:
        """Return whether a tick has begun since then, as far as is known."""
        return self.last_at is not None and self.last_at >= moment


def beat_in(view: View, pause: timedelta | None) -> Beat:
    """Return the beat that a view tells. `pause`: what the settings say of it; None: nothing."""
    if view.seen_at is None or view.next_at is None:
        return Beat(view.seen_at, pause or USUAL)
    return Beat(view.seen_at, max(view.next_at - view.seen_at, SHORTEST))


async def beat_of(app: Rotation) -> Beat:
    """Return the beat of the app's ticks. If the view cannot be read, it is what the settings say, or the usual one."""
    try:
        view = await load_view(app.outside.views)
    except RotationError as error:
        log.warning("view: it could not be read, so it is not known when the next check comes: %s", error)
        view = View()
    return beat_in(view, app.settings.pause)
