"""The lives that are explored: one target each, and the moments at which it is first looked at.

The rhythm is short, so that there are few interesting moments: a period of ten days, of which three are overlap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache

from lab.prove.histories.state import KEY1, NOW, State, Version
from shared.decide.cadence import LONGEST_SENDING
from shared.domain.model import AccountId, Adopt, Cadence, Target
from shared.domain.requests import (
    ArmRequest,
    AwaitedDeployment,
    DeploymentRequest,
    DisarmRequest,
    LeakedKey,
    LeakRequest,
    Request,
    RotateRequest,
)
from shared.settings.environment import Settings, read_settings


def rhythm(period: int, overlap: int, *warnings: int) -> Cadence:
    """A cadence in days. The notice is one day, of which the time for sending is part."""
    one, sending = timedelta(days=1), LONGEST_SENDING
    return Cadence(one * period, one * overlap, tuple(one * lead for lead in warnings), notice=one - sending)


SHORT = rhythm(3, 1, 1)
ALWAYS = AwaitedDeployment("production", SHORT.overlap / 2)
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
LEAK = "the live key leaked"
NEW, SAME = "a-new-request", "the-last-request"
REQUESTS: Mapping[str, Request] = {
    "rotate": RotateRequest(id=NEW),
    LEAK: LeakRequest(key=LeakedKey.LIVE, id=NEW),
    "the previous key leaked": LeakRequest(key=LeakedKey.PREVIOUS, id=NEW),
    "both keys leaked": LeakRequest(key=LeakedKey.BOTH, id=NEW),
}


def waiting_requests(cadence: Cadence) -> Mapping[str, Request]:
    """What can be asked for about deployments."""
    production = AwaitedDeployment("production", cadence.overlap, NOW + cadence.period - cadence.overlap)
    return {
        "rotate after the next deployment": ArmRequest(id=NEW, deployment=production),
        "wait no longer for a deployment": DisarmRequest(id=NEW),
        "a deployment went live": DeploymentRequest(id=NEW, deployment=AwaitedDeployment("production", deployed=NOW)),
    }


def repeated(requests: Mapping[str, Request]) -> Iterator[Request]:
    """The same, by callers who have asked before."""
    return (replace(request, id=SAME) for request in requests.values())


@dataclass(frozen=True)
class Life:
    """A target, and how it begins."""

    name: str
    target: Target
    begins: Mapping[str, State]
    requests: Mapping[str, Request] = field(default_factory=lambda: REQUESTS)

    def target_in(self, state: State) -> Target:
        return _with_sunset(self.target, state.sunset)


@lru_cache
def _with_sunset(target: Target, sunset: datetime | None) -> Target:
    return replace(target, sunset=sunset)


@lru_cache
def settings_for(target: Target) -> Settings:
    """The app's settings, with this one target."""
    return replace(read_settings(ENVIRONMENT), targets=(target,), subscriptions=())


def lives(cadence: Cadence = TARGET.cadence, others: Cadence | None = None) -> tuple[Life, ...]:
    """All of them: adopted as it stands, begun with a fresh key, on its way out of keys, and waiting for deployments,
    asked or always. `others` is the rhythm of those after the first; the last two have a short one of their own, since
    a wish can come at any moment of it."""
    target = replace(TARGET, cadence=cadence)
    other = replace(TARGET, cadence=others or cadence)
    ending = UNPUBLISHED._replace(sunset=NOW + other.cadence.period + timedelta(days=1))
    first, wishes = {"nothing is published": UNPUBLISHED}, waiting_requests(SHORT)
    waiting = replace(target, cadence=SHORT)
    always: dict[str, Request] = {"a deployment went live": wishes["a deployment went live"], LEAK: REQUESTS[LEAK]}
    return (
        Life("adopt: publish", target, FIRST_LOOKS),
        Life("adopt: rotate", replace(other, adopt=Adopt.ROTATE), first),
        Life("sunset", other, {"nothing is published, and keys end soon": ending}),
        Life("armed", waiting, first, wishes),
        Life("always armed", replace(waiting, after_deployment=ALWAYS), first, always),
    )


def ending() -> Life:
    """The way out of keys with nobody asking for anything: small enough for one fault more than the others."""
    quick = rhythm(2, 1, 1)
    state = UNPUBLISHED._replace(sunset=NOW + quick.period + timedelta(days=1))
    return Life("ending", replace(TARGET, cadence=quick), {"nothing is published, and keys end soon": state}, {})
