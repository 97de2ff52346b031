"""The findings about who listens to announcements: nobody, somebody whose deliveries fail, or it is not known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from shared.announce.listening import Hearing
from shared.domain.model import Target
from shared.findings.codes import Code
from shared.findings.kinds import Finding
from shared.ports import Outside

TOPIC = "announcements"  # what a finding about the whole topic is about


async def find_listeners(outside: Outside, targets: Iterable[Target]) -> list[Finding]:
    """Ask who listens, and return the findings about it. None if no topic is set; that is a finding of its own."""
    if outside.listeners is None:
        return []
    return list(of_hearing(await outside.listeners.hearing(outside.clock.now()), targets))


def of_hearing(hearing: Hearing, targets: Iterable[Target]) -> Iterator[Finding]:
    """Yield the findings about who listens to the topic, as a whole and for each of these targets."""
    if hearing.unknown:
        why = f"Whether anybody listens to announcements is not known. {hearing.unknown}"
        yield Finding(Code.LISTENERS_UNKNOWN, TOPIC, why, hearing.next_step)
        return
    for one in hearing.failing:
        why = f"Event subscription {one.name} failed to take {one.failed} deliveries in the last day, and took none."
        yield Finding(Code.DELIVERIES_FAIL, TOPIC, why)
    if hearing.nobody:
        yield Finding(Code.NOBODY_LISTENS, TOPIC, hearing.nobody)
        return
    for target in targets:
        unheard = hearing.unheard(target.secret_url)
        if unheard:
            yield Finding(Code.NOBODY_LISTENS, target.name, unheard, account=str(target.account))
