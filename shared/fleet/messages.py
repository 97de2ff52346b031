"""Queue messages for enrolled targets: what a turn needs to know of a target without reading its account again."""

from __future__ import annotations

from datetime import datetime

from shared.domain.requests import Request
from shared.fleet.enrolment import Enrolled
from shared.settings.target_fields import TAG
from shared.turns.message import Message


def message_for(
    enrolled: Enrolled,
    queued_at: datetime,
    *,
    request: Request | None = None,
    crowded: bool = False,
    insists: bool = False,
) -> Message:
    """Return the message that asks for a turn for this target.

    A target that was enrolled by the tags of its account carries those that are ours. `crowded` and `insists` are the
    message's own (see `Message`).
    """
    account = enrolled.account
    tags = {name: text for name, text in account.tags.items() if name.lower().startswith(TAG)} if account else {}
    return Message(
        enrolled.target.name,
        queued_at,
        account.id if account else None,
        tags,
        request,
        crowded=crowded,
        insists=insists,
    )
