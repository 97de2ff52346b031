"""The notes of turns: leaks that have not ended yet, and fresh keys that nothing published can remember.

Each note is a text under a name of its own, in the storage account that holds the leases. A note about an account names
it in full; a note for another account is void. What cannot be read counts as absent.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import datetime, timedelta

from shared.domain.errors import FixConfiguration
from shared.domain.keys import Fingerprint
from shared.domain.model import AccountId
from shared.domain.notes import FreshKey
from shared.domain.requests import LeakRequest
from shared.ports import Notes
from shared.turns.message import About, Message, read_message

LEAKS, FRESH = "leaks/", "notes/fresh/"
FIRST_REMINDER, EVERY = timedelta(minutes=5), timedelta(hours=1)


async def record_leak(notes: Notes, about: About, request: LeakRequest, now: datetime) -> LeakRequest:
    """Put a leak on record, and return the request as it is on record: a turn may have named its keys already.

    Raises what the storage raises. Then nothing is on record, and the request still stands.
    """
    name = _leak_name(about, request)
    wanted = about.message(request.requested_at or now, request)
    if await notes.add(name, wanted.text()):
        return request
    recorded = _leak(await notes.read(name))
    return recorded.request if recorded and isinstance(recorded.request, LeakRequest) else request


async def name_leaked(notes: Notes, about: About, request: LeakRequest, values: frozenset[Fingerprint]) -> None:
    """Note which keys a reported leak is about, so that a later turn ends these and no others. Raises what the storage
    raises."""
    if request.requested_at is None:
        return  # it was never put on record: its caller waits for this very turn
    message = about.message(request.requested_at, replace(request, values=values))
    await notes.write(_leak_name(about, request), message.text())


async def forget_leak(notes: Notes, about: About, request: LeakRequest) -> None:
    """Remove a leak that has ended from the record. Raises what the storage raises; then a later turn removes it."""
    await notes.remove(_leak_name(about, request))


async def leak_is_on_record(notes: Notes, about: About, request: LeakRequest) -> bool:
    """Return whether this leak is on record. Raises what the storage raises."""
    return await notes.read(_leak_name(about, request)) is not None


async def pending_leaks(notes: Notes) -> list[Message]:
    """Return the leaks on record, the oldest first. Raises what the storage raises."""
    found = [_leak(text) for _, text in await notes.under(LEAKS)]
    return sorted((one for one in found if one is not None), key=lambda one: one.queued_at)


def is_due(leak: Message, since: datetime, now: datetime) -> bool:
    """Return whether the tick that follows the one at `since` queues a leak on record again.

    Five minutes after the report, because its process may have been killed before it queued anything; then every hour.
    """
    first = leak.queued_at + FIRST_REMINDER
    return now >= first and (now - first) // EVERY > (since - first) // EVERY


async def fresh_key(notes: Notes, account: AccountId) -> FreshKey | None:
    """Return the note of a fresh key of this account. None if there is none. Raises what the storage raises."""
    return read_fresh_key(await notes.read(_fresh_name(account)) or "", account)


async def note_fresh_key(notes: Notes, account: AccountId, key: FreshKey) -> None:
    """Write the note of a fresh key of this account. Raises what the storage raises."""
    await notes.write(_fresh_name(account), fresh_key_text(account, key))


async def forget_fresh_key(notes: Notes, account: AccountId) -> None:
    """Remove the note of a fresh key of this account. Raises what the storage raises."""
    await notes.remove(_fresh_name(account))


def fresh_key_text(account: AccountId, key: FreshKey) -> str:
    """Return the text of the note."""
    return json.dumps({"account": str(account), "before": key.before, "made": key.made})


def read_fresh_key(text: str, account: AccountId | None = None) -> FreshKey | None:
    """Return what `fresh_key_text` wrote. None for any other text, and for a note about another account."""
    try:
        found = json.loads(text)
        if account is not None and not account.same_as(str(found["account"])):
            return None
        made = found["made"]
        return FreshKey(Fingerprint(found["before"]), Fingerprint(made) if made else None)
    except (ValueError, TypeError, KeyError):
        return None


def _leak(text: str | None) -> Message | None:
    try:
        return read_message((text or "").encode())
    except FixConfiguration:
        return None


def _leak_name(about: About, request: LeakRequest) -> str:
    moment = request.requested_at.isoformat() if request.requested_at else ""
    return LEAKS + _hash(str(about.account or about.name).casefold(), request.id or moment)


def _fresh_name(account: AccountId) -> str:
    return FRESH + _hash(str(account).casefold())


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
