"""The announcements that take an announced end back, because the account is not enrolled any more."""

from __future__ import annotations

from shared.announce.announcements import Announcement
from shared.announce.kinds import Kind
from shared.domain.keys import KeySlot
from shared.domain.model import Target
from shared.domain.publication import Marks

_WHY = "The account is not enrolled any more, so nothing ends its keys."


def withdrawn(target: Target, slot: KeySlot, marks: Marks) -> list[Announcement]:
    """Return an announcement for each deadline that was announced: of the rotation, the previous key, and all keys.

    slot: The slot that is published; the previous key is in the other one.
    """
    told = marks.told
    found = [
        (told.rotation, slot, marks.live),
        (told.retirement, slot.other, marks.previous),
        (told.sunset, None, None),
    ]
    return [
        Announcement(Kind.DEADLINE_WITHDRAWN, target, key, value, deadline=one.deadline, reason=_WHY)
        for one, key, value in found
        if one is not None
    ]
