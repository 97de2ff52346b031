"""The lives that are explored: one target each, and the moments at which it is first looked at.

The rhythm is short, so that there are few interesting moments: a period of ten days, of which three are overlap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from prove.histories.state import KEY1, NOW, State, Version
from shared.cadence import LONGEST_SENDING
from shared.model import AccountId, Adopt, Cadence, LeakedKey, Request, Target, Wish
from shared.settings import Settings, read_settings


def rhythm(period: int, overlap: int, *warnings: int) -> Cadence:
    """A cadence in days. The notice is one day, of which the time for sending is part."""
    one, sending = timedelta(days=1), LONGEST_SENDING
    return Cadence(one * period, one * overlap, tuple(one * lead for lead in warnings), notice=one - sending)


TARGET = Target(
    "chat",
    AccountId("00000000-0000-4000-8000-000000000001", "group", "chat"),
    "https://keys.vault.azure.net",
    "chat-key",
    rhythm(10, 3, 4, 1),
)
UNPUBLISHED = State((0, 1))
BY_HAND = State((0, 1), version=Version(1))
BY_THE_TUTORIAL = State((0, 1), version=Version(0, KEY1, ours=True))
BY_THE_TUTORIAL_AND_DEAD = State((0, 1), version=Version(2, KEY1, ours=True), excused=True, fresh=3)
FIRST_LOOKS = {
    "nothing is published": UNPUBLISHED,
    "somebody has put key 2 into the secret": BY_HAND,
    "the secret is tagged by Microsoft's tutorial": BY_THE_TUTORIAL,
    "the secret is tagged by the tutorial and its key is dead": BY_THE_TUTORIAL_AND_DEAD,
}
ENVIRONMENT = {
    "ROTATION_SUBSCRIPTIONS": TARGET.account.subscription,
    "ROTATION_VAULT_URL": TARGET.vault_url,
    "EVENT_GRID_TOPIC_ENDPOINT": "https://announcements.invalid",
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
}
NEW, SAME = "a new request", "the last request"
REQUESTS = {
    "rotate": Request(Wish.ROTATE, id=NEW),
    "the live key leaked": Request(Wish.LEAK, LeakedKey.LIVE, id=NEW),
    "the previous key leaked": Request(Wish.LEAK, LeakedKey.PREVIOUS, id=NEW),
    "both keys leaked": Request(Wish.LEAK, LeakedKey.BOTH, id=NEW),
}
REPEATED = tuple(replace(request, id=SAME) for request in REQUESTS.values())


@dataclass(frozen=True)
class Life:
    """A target, and how it begins."""

    name: str
    target: Target
    begins: Mapping[str, State]

    def target_in(self, state: State) -> Target:
        return _with_sunset(self.target, state.sunset)


@lru_cache
def _with_sunset(target: Target, sunset: datetime | None) -> Target:
    return replace(target, sunset=sunset)


@lru_cache
def settings_for(target: Target) -> Settings:
    """The app's settings, with this one target."""
    return replace(read_settings(ENVIRONMENT), targets=(target,), subscriptions=())


def lives(cadence: Cadence = TARGET.cadence) -> tuple[Life, ...]:
    """All of them: adopted as it stands, begun with a fresh key, and on its way out of keys."""
    target = replace(TARGET, cadence=cadence)
    ending = UNPUBLISHED._replace(sunset=NOW + cadence.period + timedelta(days=1))
    return (
        Life("adopt: publish", target, FIRST_LOOKS),
        Life("adopt: rotate", replace(target, adopt=Adopt.ROTATE), {"nothing is published": UNPUBLISHED}),
        Life("sunset", target, {"nothing is published, and keys end soon": ending}),
    )
