"""Builders: a case states the facts that matter, and these fill in the rest.

Keys are told apart by letters: `mark("A")` is the fingerprint of a key called A. A usual target holds key A in
slot 1 and key B in slot 2; A is live and was rotated in on day 0.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from lab.simulation.dates import START, days
from shared.decide.situation import Situation
from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.model import AccountId, Cadence, Observation, Target
from shared.domain.publication import Marks, Origin, Publication, SecretState
from shared.domain.requests import (
    ArmRequest,
    AwaitedDeployment,
    DeploymentRequest,
    DisarmRequest,
    LeakedKey,
    LeakRequest,
    Request,
    Requester,
    RequestKind,
    RotateRequest,
)
from shared.domain.told import Told, ToldDeadline

SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"
KEY1, KEY2 = KeySlot.KEY1, KeySlot.KEY2
ENDPOINT = "https://openai.invalid/chat/"


def mark(letter: str) -> Fingerprint:
    """The fingerprint of a key that a case calls by a letter."""
    return Fingerprint.of(f"the key called {letter}")


def an_account_id(name: str = "chat", group: str = "emulated") -> AccountId:
    return AccountId(SUBSCRIPTION, group, name)


def a_target(name: str = "chat", **facts: Any) -> Target:
    """A target; facts of its cadence (period, overlap, warnings, notice, window) may be given directly."""
    rhythm = {key: facts.pop(key) for key in ("period", "overlap", "warnings", "notice", "window") if key in facts}
    plain = Target(name, an_account_id(name), "https://keys.vault.azure.net", f"{name}-key", Cadence(**rhythm))
    return replace(plain, **facts)


def marks(**facts: Any) -> Marks:
    """A is live since the start after a rotation; the key before it has ended and B is the idle spare."""
    plain = Marks(live=mark("A"), origin=Origin.ROTATED, since=START, spare=mark("B"), told=Told(origin=True))
    requester = {"requester": Requester(facts.pop("request"))} if "request" in facts else {}
    return replace(plain, **requester, **facts)


def overlapping(**facts: Any) -> Marks:
    """A is live since the start, and B is the previous key, promised for three days more."""
    return marks(**{"previous": mark("B"), "until": START + days(3), "spare": None} | facts)


def told_of_the_end(deadline: datetime) -> Told:
    """The version and the end of the previous key were announced and accepted."""
    return Told(origin=True, retirement=ToldDeadline(deadline))


def a_publication(noted: Marks | None = None, **facts: Any) -> Publication:
    """The latest version, ours and active, holding what the marks say, made when they say."""
    noted = marks() if noted is None else noted
    plain = Publication(
        version="v1",
        state=SecretState.ACTIVE,
        created=noted.since,
        value=noted.live,
        slot=KEY1,
        provider=str(an_account_id()),
        marks=noted,
        endpoint=ENDPOINT,
    )
    return replace(plain, **facts)


def an_observation(publication: Publication | None = None, key1: str = "A", key2: str = "B", **facts: Any):
    """Key authentication is on; slot 1 holds A and slot 2 holds B, unless the case says otherwise."""
    keys: Mapping[KeySlot, Fingerprint] = {KEY1: mark(key1), KEY2: mark(key2)}
    plain = Observation(key_auth=True, keys=keys, publication=publication, endpoint=ENDPOINT)
    return replace(plain, **facts)


def nothing_published(**facts: Any) -> Observation:
    return an_observation(None, **facts)


def a_situation(noted: Marks | None, now: datetime, target: Target | None = None, **seen: Any) -> Situation:
    return Situation(an_observation(a_publication(noted), **seen), target or a_target(), now)


def wants_rotation(request_id: str | None = "r-1") -> Request:
    return RotateRequest(reason="asked", by="tester", id=request_id)


def reports_leak(key: LeakedKey = LeakedKey.LIVE, request_id: str | None = "l-1", **facts: Any) -> Request:
    return LeakRequest(key=key, reason="found in a repository", by="tester", id=request_id, **facts)


def about_deployments(kind: RequestKind, deployment: AwaitedDeployment | None, **facts: Any) -> Request:
    """A request of that kind, with the deployment where the kind has one."""
    if kind is RequestKind.ARM and deployment is not None:
        return ArmRequest(deployment=deployment, **facts)
    if kind is RequestKind.DEPLOYED and deployment is not None:
        return DeploymentRequest(deployment=deployment, **facts)
    plain = {RequestKind.DISARM: DisarmRequest, RequestKind.ROTATE: RotateRequest, RequestKind.LEAK: LeakRequest}
    return plain[kind](**facts)
