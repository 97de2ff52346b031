"""The findings about requests for many: what they have left undone."""

from __future__ import annotations

from collections.abc import Iterator

from shared.domain.errors import RotationError
from shared.domain.many import Fate, ManyState
from shared.findings.codes import Code
from shared.findings.kinds import Finding
from shared.fleet.many_seen import ManySeen, every_many
from shared.fleet.many_turns import in_words, paused
from shared.fleet.rotation import Rotation


async def find_left_of_many(rotation: Rotation) -> tuple[list[Finding], list[RotationError]]:
    """Return a finding for each request for many that pauses, or has ended with accounts left, and why they could not
    be read."""
    try:
        seen = await every_many(rotation)
    except RotationError as error:
        return [], [error]
    return list(_left(seen, rotation.settings.brake)), []


def _left(seen: list[ManySeen], brake: int) -> Iterator[Finding]:
    """Yield the findings. What a later request has done is not left. A person who stopped a request knows it."""
    done: set[str] = set()
    for one in seen:  # the latest first
        progress, about = one.progress, f"rotations {one.progress.request.id}"
        if one.state is ManyState.PAUSED:
            yield Finding(Code.MANY_LEFT, about, paused(progress, brake).what, one.next_step)
        elif one.state is ManyState.ENDED and {rest.hash for rest in progress.rest} - done:
            yield Finding(Code.MANY_LEFT, about, in_words(progress, one.state), one.next_step)
        done |= {each.hash for each in progress.of(Fate.DONE)}
