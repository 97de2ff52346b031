"""Kept members of entries, as the adapter hands them over, and what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from shared.copies.addresses import version_mark
from shared.copies.find import CopiesSeen
from shared.copies.kinds import Copied
from shared.copies.matching import TraceIndex
from shared.copies.sought import KeyEnds, Sought
from shared.copies.traces import KeyPlace, Trace
from shared.domain.model import AccountId

ACCOUNT = AccountId.parse(
    "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/ai/providers/Microsoft.CognitiveServices"
    "/accounts/Chat"
)
HOLDER = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/apps/providers/Some.Provider/things/one"
LABEL = "chat-prod"
HOST = f"{LABEL}.openai.azure.com"
SECRET = ["keys.vault.azure.net", "chat-key", ""]
LIVE, OLD = "a" * 32, "b" * 32
ROTATION, RETIREMENT = datetime(2027, 1, 4, 9, tzinfo=UTC), datetime(2026, 12, 8, 9, tzinfo=UTC)
NOTHING_KNOWN = Sought(ACCOUNT, LABEL, "keys/chat-key")
PUBLISHED = Sought(ACCOUNT, LABEL, "keys/chat-key", KeyEnds(LIVE, ROTATION))
IN_OVERLAP = Sought(ACCOUNT, LABEL, "keys/chat-key", KeyEnds(LIVE, ROTATION, RETIREMENT))


def traces(place: KeyPlace, *entries: dict[str, Any], number: int = 0) -> list[Trace]:
    """Return the traces that a place's list yields."""
    return list(place.lists[number][1](HOLDER, entries))


def copies(place: KeyPlace, found: Sequence[Trace], sought: Sought = PUBLISHED) -> list[Copied]:
    """Return the copies of an account's keys among traces."""
    seen = CopiesSeen(tuple((place, one) for one in found if one.can_be_judged))
    return list(TraceIndex(seen).copies_of(sought).copies)


def pinned(version: str = LIVE) -> list[str]:
    """Return the parts of the secret's address with a version."""
    return [*SECRET[:2], version_mark(version)]
