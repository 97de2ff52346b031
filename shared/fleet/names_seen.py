"""Which account a name led to when a tick last looked, so that a leak need not wait until every subscription is listed.

A view can be old, and names can be taken. So the account that it shows is only asked first: it is the right one if the
reported key is one of its two keys (`Fleet.find_by_key`). In any other case everything is listed.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.domain.errors import RotationError
from shared.domain.model import AccountId
from shared.domain.names import LOGGER
from shared.fleet.view import OLD, View, load_view
from shared.ports import Outside
from shared.settings.target_fields import TAG, default_name

log = logging.getLogger(LOGGER)


@dataclass
class NamesSeen:
    """The names of a view, as this process has read or written it last.

    seen_at: When the tick began that wrote the view, in UTC. None before the first one.
    accounts: The accounts that claim each name, by the name in lower case.
    """

    seen_at: datetime | None = None
    accounts: dict[str, list[AccountId]] = field(default_factory=dict)

    def take(self, view: View) -> None:
        """Take the names of a view in place of what was known."""
        self.seen_at, self.accounts = view.seen_at, {}
        for one in view.accounts():
            if one.tags.get(TAG, "").strip().lower() != "off":
                self.accounts.setdefault(default_name(one.id).casefold(), []).append(one.id)

    async def only_account(self, name: str, outside: Outside) -> AccountId | None:
        """Return the only account that had this name. None if several or none had it, or if no view of the last hour
        says it."""
        now = outside.clock.now()
        if not self._is_current(now):
            try:
                self.take(await load_view(outside.views))
            except RotationError as error:
                log.warning("view: it could not be read, so everything is listed: %s", error)
        found = self.accounts.get(name.casefold(), [])
        return found[0] if len(found) == 1 and self._is_current(now) else None

    def _is_current(self, now: datetime) -> bool:
        return self.seen_at is not None and timedelta(0) <= now - self.seen_at <= OLD
