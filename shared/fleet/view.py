"""The view: what the listings showed, so that people see all targets without a call for each, and listings can go on.

Each tick writes it, as one compressed blob. It is for people and for the next tick's listings, and nothing about a key
is decided by it: a turn observes its target. Without it less is shown for a while, and long listings begin anew.
"""

from __future__ import annotations

import json
import logging
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.domain.errors import RotationError
from shared.domain.model import AccountId
from shared.domain.names import LOGGER
from shared.domain.publication import (
    CREDENTIAL_ID,
    PREFIX,
    PROVIDER_ADDRESS,
    VALIDITY_DAYS,
    Publication,
    SecretState,
    published_with,
    texts_of,
    whole_days,
)
from shared.domain.times import stamp, unstamp
from shared.fleet.known import Known, read_known
from shared.ports import Account, Views
from shared.settings.target_fields import TAG, default_name
from shared.turns.trouble import error_data, error_of

log = logging.getLogger(LOGGER)
FORM = 4  # of the view's data; one of another form counts as absent
OLD = timedelta(hours=1)  # from then on a view is not shown, and does not lead to targets


@dataclass
class View:
    """What was seen last.

    seen_at: When the tick began that wrote it, in UTC. None before the first tick.
    subscriptions: What the listing of each subscription showed, by its id.
    vaults: What the listing of each vault showed, by its address.
    problems: What kept targets from being enrolled, listed or decided about in that tick.
    put_off: The ids of accounts that were to be observed in full and got no turn, in lower case. They are next.
    refused: The ids of the accounts that could not be enrolled, in lower case.
    left: The ids of the accounts that are not enrolled any more and whose secret we published, in lower case.
    owing: Since which tick announcements about an account are outstanding, in UTC, by its id in lower case.
    unsent: Whether messages of that tick could not be queued. The next one queues every leak on record again.
    tag: The tag of the blob that held it, so that another process's view is not written over. None if it is new.
    next_at: When the tick after that one is expected, in UTC. None if that is not known.
    """

    seen_at: datetime | None = None
    subscriptions: dict[str, Known[Account]] = field(default_factory=dict)
    vaults: dict[str, Known[Publication]] = field(default_factory=dict)
    problems: list[RotationError] = field(default_factory=list)
    put_off: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()
    owing: dict[str, datetime] = field(default_factory=dict)
    unsent: bool = False
    tag: str | None = None
    next_at: datetime | None = None

    def subscription(self, id_: str) -> Known[Account]:
        """Return what the listing of a subscription showed; nothing yet if it is new."""
        return self.subscriptions.setdefault(id_, Known(_account))

    def vault(self, url: str) -> Known[Publication]:
        """Return what the listing of a vault showed; nothing yet if it is new."""
        return self.vaults.setdefault(url, Known(_publication))

    def is_current(self, now: datetime) -> bool:
        """Return whether it is young enough to be shown."""
        return self.seen_at is not None and timedelta(0) <= now - self.seen_at <= OLD

    def whole_at(self) -> datetime | None:
        """Return since when everything in it was seen, in UTC. None if something was never listed to its end."""
        moments = [one.whole_at for one in self.subscriptions.values()]
        moments += [one.whole_at for one in self.vaults.values()]
        return min((one for one in moments if one), default=self.seen_at) if all(moments) else None

    def accounts(self) -> Iterator[Account]:
        """Yield all accounts with our tag, as they were shown last."""
        for known in self.subscriptions.values():
            yield from (one.entry for one in known.latest().values())

    def named(self, name: str) -> list[AccountId]:
        """Return the accounts that claimed this name: the tagged ones whose name it is. Names are compared without
        case."""
        wanted = name.casefold()
        return [
            one.id
            for one in self.accounts()
            if default_name(one.id).casefold() == wanted and one.tags.get(TAG, "").strip().lower() != "off"
        ]

    def keep_only(self, subscriptions: Iterable[str], vaults: Iterable[str]) -> None:
        """Forget what no setting and no target names any more."""
        subscriptions, vaults = set(subscriptions), set(vaults)
        self.subscriptions = {id_: one for id_, one in self.subscriptions.items() if id_ in subscriptions}
        self.vaults = {url: one for url, one in self.vaults.items() if url in vaults}

    def packed(self) -> bytes:
        """Return it as the bytes of the blob."""
        data = {
            "form": FORM,
            "seen": stamp(self.seen_at) if self.seen_at else None,
            "subscriptions": {id_: one.data(_account_data) for id_, one in self.subscriptions.items()},
            "vaults": {url: one.data(_publication_data) for url, one in self.vaults.items()},
            "problems": [error_data(one) for one in self.problems],
            "put off": sorted(self.put_off),
            "next": stamp(self.next_at) if self.next_at else None,
            "refused": sorted(self.refused),
            "left": sorted(self.left),
            "owing": {id_: stamp(moment) for id_, moment in self.owing.items()},
            "unsent": self.unsent,
        }
        return zlib.compress(json.dumps(data, separators=(",", ":")).encode(), 1)


def read_view(packed: bytes, tag: str) -> View:
    """Return the view of these bytes. What cannot be read, such as another release's, counts as absent."""
    try:
        data = json.loads(zlib.decompress(packed))
        if data["form"] != FORM:
            return View(tag=tag)
        return View(
            unstamp(data["seen"]) if data["seen"] else None,
            {id_: read_known(one, _account) for id_, one in data["subscriptions"].items()},
            {url: read_known(one, _publication) for url, one in data["vaults"].items()},
            [error_of(one) for one in data["problems"]],
            frozenset(map(str, data["put off"])),
            frozenset(map(str, data["refused"])),
            frozenset(map(str, data.get("left", ()))),  # an older release writes neither of these two
            {str(id_): unstamp(moment) for id_, moment in data.get("owing", {}).items()},
            data["unsent"] is True,
            tag,
            unstamp(data["next"]) if data["next"] else None,
        )
    except (zlib.error, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as problem:
        log.warning("view: it cannot be read and counts as absent: %s", type(problem).__name__)
        return View(tag=tag)


async def load_view(views: Views | None) -> View:
    """Return the view; an empty one if there is none. Raises what the storage raises."""
    found = await views.read() if views else None
    return View() if found is None else read_view(*found)


async def save_view(views: Views | None, view: View) -> None:
    """Write the view. If that fails, the log says so: the next tick does without."""
    if views is None:
        return
    try:
        if not await views.write(view.packed(), view.tag):
            log.warning("view: another check wrote its own meanwhile, which stays")
    except RotationError as error:
        log.warning("view: it could not be written, so people see an older one: %s", error)


def _account_data(account: Account) -> list[Any]:
    tags = {name: text for name, text in account.tags.items() if name.startswith(TAG)}
    return [str(account.id), tags, account.kind, account.key_auth, account.state, account.open, account.takes_identity]


def _account(data: Any) -> Account:  # noqa: ANN401 - JSON
    id_, tags, kind, key_auth, state, is_open, takes_identity = data
    return Account(AccountId.parse(id_), "", key_auth, tags, kind, state, is_open, takes_identity)


def _publication_data(one: Publication) -> list[Any]:
    facts = {CREDENTIAL_ID: one.slot, PROVIDER_ADDRESS: one.provider}
    facts[VALIDITY_DAYS] = str(whole_days(one.validity)) if one.validity else None
    ours = {PREFIX + name: text for name, text in texts_of(one.marks).items()} if one.marks else {}
    tags = {name: text for name, text in {**facts, **ours}.items() if text}
    moments = [moment.timestamp() if moment else None for moment in (one.created, one.expires, one.updated)]
    return [tags, one.version, one.state, *moments, one.labelled]


def _publication(data: Any) -> Publication:  # noqa: ANN401 - JSON
    tags, version, state, *moments, labelled = data
    created, expires, updated = (datetime.fromtimestamp(one, UTC) if one is not None else None for one in moments)
    return published_with(
        tags,
        version=version,
        state=SecretState(state),
        created=created,
        expires=expires,
        updated=updated,
        labelled=labelled,
    )
