"""What a copy is recognised by, and when the keys in it end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from shared.copies.addresses import account_label, secret_at, version_mark
from shared.decide.schedule import schedule_of
from shared.decide.situation import Situation
from shared.domain.model import AccountId
from shared.ports import Account


@dataclass(frozen=True)
class KeyEnds:
    """When the keys of an account end, as far as that is known. All times are in UTC.

    live_version: The latest version of the secret. Empty if none is published.
    live: When the key in it ends at the earliest: at the end of the overlap after the next rotation, or at the sunset.
        None if that is not known.
    previous: When the key before it ends. None if it has ended, or if that is not known.
    """

    live_version: str = ""
    live: datetime | None = None
    previous: datetime | None = None

    @property
    def next(self) -> datetime | None:
        """When the next of the keys ends. None if that is not known."""
        return min((one for one in (self.live, self.previous) if one is not None), default=None)

    def is_live(self, mark: str) -> bool:
        """Return whether a mark of a version is that of the latest one."""
        return bool(mark) and mark == version_mark(self.live_version)

    def of_version(self, mark: str) -> datetime | None:
        """Return when the key of a pinned version ends, by its mark. None if that is not known.

        It is known of the latest version only: which of the earlier ones holds the previous key is not recorded.
        """
        return self.live if self.is_live(mark) else None


@dataclass(frozen=True)
class Sought:
    """An account whose keys are looked for.

    account: The account.
    label: Its custom subdomain, in lower case. Empty if it has none, so that no address names it.
    secret: The secret in which its key is published (`addresses.secret_of`). Empty if nobody enrolled it.
    ends: When its keys end.
    key_auth: Whether it accepts keys. If not, every copy is broken already.
    """

    account: AccountId
    label: str = ""
    secret: str = ""
    ends: KeyEnds = field(default_factory=KeyEnds)
    key_auth: bool = True


def sought_of(found: Account, secret_url: str = "", ends: KeyEnds | None = None) -> Sought:
    """Return what the copies of an account's keys are recognised by.

    found: The account. Its name says nothing: it may differ from the custom subdomain, which another account may have.
    secret_url: The address of the secret in which its key is published. Empty if nobody enrolled it.
    ends: When its keys end. None if that is not known.
    """
    host = found.endpoint.partition("//")[2].partition("/")[0]
    label = found.subdomain.lower() or account_label(host)
    label = label if found.takes_identity else ""  # it has no custom subdomain
    return Sought(found.id, label, secret_at(secret_url), ends or KeyEnds(), found.key_auth)


def ends_of(situation: Situation) -> KeyEnds:
    """Return when the keys of a target end. Nothing is known of a target that is not published and marked."""
    schedule = schedule_of(situation)
    if schedule is None:
        return KeyEnds()
    overlap_ends = schedule.rotation + situation.target.cadence.overlap
    live = min(overlap_ends, schedule.sunset) if schedule.sunset else overlap_ends
    return KeyEnds(situation.publication.version, live, schedule.retirement)
