"""The lives that are explored: each has one target, the states in which it can begin, and the requests that can come.

The cadence is short, so that there are few moments at which anything changes: a period of ten days, of which three are
overlap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache

from lab.prove.histories import values
from lab.prove.histories.deployments import first_period
from lab.prove.histories.late_reads import LONGER_THAN_A_MINUTE, Late
from lab.prove.histories.refusals import UNTIL_A_PERSON_ACTS, WAITS, Refusal
from lab.prove.histories.state import KEY1, KEY2, NOW, KeyFacts, State, Version
from shared.decide.cadence import LONGEST_SENDING
from shared.domain.model import Adopt, Cadence, Target
from shared.domain.publication import Marks, Origin
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
from shared.domain.told import Told, ToldDeadline
from shared.settings.environment import Settings, read_settings


def cadence_in_days(period: int, overlap: int, *warnings: int) -> Cadence:
    """Return a cadence; all lengths are in days. The notice is one day, including the time for sending the event."""
    one, sending = timedelta(days=1), LONGEST_SENDING
    return Cadence(one * period, one * overlap, tuple(one * lead for lead in warnings), notice=one - sending)


SHORT, QUICK = cadence_in_days(3, 1, 1), cadence_in_days(2, 1, 1)
ALWAYS = AwaitedDeployment("production", SHORT.overlap / 2)
TARGET = Target(
    "chat",
    values.ACCOUNT,
    "https://keys.vault.azure.net",
    "chat-key",
    cadence_in_days(10, 3, 4, 1),
)
UNPUBLISHED = State((0, 1))
TAKEN_OVER = "an earlier release has adopted it, and has announced the whole period"
BY_HAND = State((0, 1), version=Version(1))
BY_THE_TUTORIAL = State((0, 1), version=Version(0, KEY1, ours=True))
BY_THE_TUTORIAL_AND_DEAD = State((0, 1), version=Version(2, KEY1, ours=True), excused=True, fresh=3)
FIRST_STATES = {
    "nothing is published": UNPUBLISHED,
    "a person has put key 2 into the secret": BY_HAND,
    "the secret is tagged by Microsoft's tutorial": BY_THE_TUTORIAL,
    "the secret is tagged by the tutorial and its key does not work": BY_THE_TUTORIAL_AND_DEAD,
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


def deployment_requests(cadence: Cadence) -> Mapping[str, Request]:
    """Return the requests about deployments, with a soak time of one overlap."""
    production = AwaitedDeployment("production", cadence.overlap, NOW + cadence.period - cadence.overlap)
    return {
        "rotate after the next deployment": ArmRequest(id=NEW, deployment=production),
        "stop waiting for a deployment": DisarmRequest(id=NEW),
        "a deployment went live": DeploymentRequest(id=NEW, deployment=AwaitedDeployment("production", deployed=NOW)),
    }


def repeated(requests: Mapping[str, Request]) -> Iterator[Request]:
    """Return the same requests, repeated by callers who made them before."""
    return (replace(request, id=SAME) for request in requests.values())


@dataclass(frozen=True)
class Life:
    """One target and what can happen to it.

    name: Printed with the figures.
    target: The target, without its sunset, which is part of the state.
    begins: The states in which the life can begin, by name.
    requests: The requests that can come, by name.
    late: Which reads are late, after each write of a turn. None: no read is.
    refusals: The refusals that can begin and last. With one, leaks are put on record. Default none.
    calm: Whether nothing goes wrong within turns and nobody touches the keys: only what happens in between is
        explored. Default no.
    switching: Whether people switch keys and the version off and on at any time, which is no fault. Default no.
    subdomain_changes: Whether the account gets and loses its custom subdomain at any time, which is no fault. Default
        no.
    on_record: Whether leaks are put on record although no refusal can begin. Default no.
    """

    name: str
    target: Target
    begins: Mapping[str, State]
    requests: Mapping[str, Request] = field(default_factory=lambda: REQUESTS)
    late: Late | None = None
    refusals: tuple[Refusal, ...] = ()
    calm: bool = False
    switching: bool = False
    subdomain_changes: bool = False
    on_record: bool = False

    def target_in(self, state: State) -> Target:
        """Return the target with the sunset of this state."""
        return _with_sunset(self.target, state.sunset)


@lru_cache
def _with_sunset(target: Target, sunset: datetime | None) -> Target:
    return replace(target, sunset=sunset)


@lru_cache
def settings_for(target: Target) -> Settings:
    """Return the application's settings with this target only."""
    return replace(read_settings(ENVIRONMENT), targets=(target,), subscriptions=())


def lives(cadence: Cadence = TARGET.cadence, others: Cadence | None = None) -> tuple[Life, ...]:
    """Return all lives: adopted in place, adopted with a rotation, with a sunset, and waiting for deployments.

    cadence: The cadence of the first life.
    others: The cadence of the second and third life. Default: the same. The last two always have a short one, because
        their requests can come at any moment.
    """
    target = replace(TARGET, cadence=cadence)
    other = replace(TARGET, cadence=others or cadence)
    ending = UNPUBLISHED._replace(sunset=NOW + other.cadence.period + timedelta(days=1))
    first, about_deployments = {"nothing is published": UNPUBLISHED}, deployment_requests(SHORT)
    waiting = replace(target, cadence=SHORT)
    live = "a deployment went live"
    always: dict[str, Request] = {live: about_deployments[live], LEAK: REQUESTS[LEAK]}
    return (
        Life("adopt: publish", target, FIRST_STATES | {TAKEN_OVER: taken_over(target.cadence, fresh=False)}),
        Life(
            "adopt: rotate",
            replace(other, adopt=Adopt.ROTATE),
            first | {TAKEN_OVER: taken_over(other.cadence, fresh=True)},
        ),
        Life("sunset", other, {"nothing is published, and keys end soon": ending}),
        Life("armed", waiting, first, about_deployments),
        Life("always armed", replace(waiting, after_deployment=ALWAYS), first, always),
    )


def taken_over(cadence: Cadence, *, fresh: bool) -> State:
    """Return the state after the last warning of a first rotation, for which a release before this one has named the
    end of the whole period.

    fresh: Whether the adoption began with a fresh key 2, so that nobody may use key 1 any more.
    """
    lead, live = min(cadence.warnings), 1 if fresh else 0
    due = NOW + lead
    told = ToldDeadline(due, lead)
    marks = Marks(
        values.mark(live),
        Origin.ADOPTED,
        due - cadence.period,
        previous=None if fresh else values.mark(1),
        until=None if fresh else due,
        spare=values.mark(0) if fresh else None,
        seal=values.seal(live, 1 - live),
        told=Told(origin=True, rotation=told, retirement=None if fresh else told),
    )
    used = KeyFacts(in_use=True)
    ends = KeyFacts() if fresh else KeyFacts(in_use=True, until=due, deadline=due, in_time=True)
    return State(
        (0, 1),
        version=Version(live, KEY2 if fresh else KEY1, ours=True, marks=marks, created=marks.since),
        key_facts=(ends, used) if fresh else (used, ends),
        warned=frozenset({(due, lead)}),
    )


def ending() -> Life:
    """Return a life with a sunset and no requests, small enough to be explored with one more fault than the others.

    Its sunset comes a whole day after the first rotation, so that fewer moments differ.
    """
    state = UNPUBLISHED._replace(sunset=NOW + first_period(QUICK) + timedelta(days=1))
    return Life("ending", replace(TARGET, cadence=QUICK), {"nothing is published, and keys end soon": state}, {})


def keys_back() -> tuple[Life, ...]:
    """Return the lives in which people switch keys and the version off and on again, without a sunset and with one.

    None of that counts as a fault, so they are explored with fewer faults than the others.
    """
    target, first = replace(TARGET, cadence=QUICK), {"nothing is published": UNPUBLISHED}
    return (
        Life("keys back", target, first, {LEAK: REQUESTS[LEAK]}, switching=True),
        Life("keys back, sunset", target, ending().begins, {}, switching=True),
        Life("keys back, leak", target, first, {LEAK: REQUESTS[LEAK]}, switching=True, on_record=True),
    )


def no_identity() -> Life:
    """Return the life with the sunset of an account that gets and loses its custom subdomain at any time."""
    return Life("no identity", replace(TARGET, cadence=QUICK), ending().begins, {}, subdomain_changes=True)


def bad_days() -> tuple[Life, ...]:
    """Return the lives with bad days, each with one kind of them: late reads, another writer, waits, and refusals that
    last."""
    target, first = replace(TARGET, cadence=QUICK), {"nothing is published": UNPUBLISHED}
    leak = {LEAK: REQUESTS[LEAK]}
    both = leak | {"rotate": REQUESTS["rotate"]}
    return (
        Life("late secret", target, first, both, late=Late(secret=2)),
        Life("late keys", target, first, both, late=Late(keys=2)),
        Life("late for long", target, first, both, late=Late(secret=LONGER_THAN_A_MINUTE, keys=LONGER_THAN_A_MINUTE)),
        Life("other writer", target, {"nothing is published": UNPUBLISHED._replace(earlier=())}, leak),
        Life("waits", target, first, leak, refusals=WAITS),
        Life("lasting refusals", target, first, leak, refusals=UNTIL_A_PERSON_ACTS),
    )


def calm_writer() -> Life:
    """Return the life with another writer in which all turns go well. It is small: the tests plant mistakes in it."""
    writer = next(life for life in bad_days() if life.name == "other writer")
    return replace(writer, name="calm writer", calm=True)
