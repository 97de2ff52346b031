"""Test data builders: a test states the facts that matter, and these functions fill in the rest.

Keys have letters: `mark("A")` is the fingerprint of a key called A. Unless a test says otherwise, a target holds key A
in slot 1 and key B in slot 2; A is live and was published by a rotation on day 0. The keyword arguments (`facts`) are
the fields of the record that is built.
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
# The first rotation of an adopted account comes a part of the period earlier, which follows from its id. In this group
# it is no part at all for the account called chat, so most tests have round dates. Other accounts come earlier.
GROUP = "emulated-128525"
KEY1, KEY2 = KeySlot.KEY1, KeySlot.KEY2
ENDPOINT = "https://openai.invalid/chat/"


def mark(letter: str) -> Fingerprint:
    """Return the fingerprint of the key with this letter."""
    return Fingerprint.of(f"the key called {letter}")


def an_account_id(name: str = "chat", group: str = GROUP) -> AccountId:
    """Return the id of an account in the emulated subscription."""
    return AccountId(SUBSCRIPTION, group, name)


def a_target(name: str = "chat", **facts: Any) -> Target:
    """Return a target. Fields of its cadence (period, overlap, warnings, notice, window) may be given directly."""
    cadence = {key: facts.pop(key) for key in ("period", "overlap", "warnings", "notice", "window") if key in facts}
    plain = Target(name, an_account_id(name), "https://keys.vault.azure.net", f"{name}-key", Cadence(**cadence))
    return replace(plain, **facts)


def marks(**facts: Any) -> Marks:
    """Return marks: a rotation published A at the start, the key before it has ended, and B is the idle spare."""
    plain = Marks(live=mark("A"), origin=Origin.ROTATED, since=START, spare=mark("B"), told=Told(origin=True))
    if "request" in facts:
        facts["requester"] = Requester(facts.pop("request"))
    return replace(plain, **facts)


def overlapping(**facts: Any) -> Marks:
    """Return marks during an overlap: A is live since the start, and the previous key B works for three days more."""
    return marks(**{"previous": mark("B"), "until": START + days(3), "spare": None} | facts)


def end_announced(deadline: datetime) -> Told:
    """Return the delivery record after the version and the end of its previous key were announced."""
    return Told(origin=True, retirement=ToldDeadline(deadline))


def a_publication(noted: Marks | None = None, **facts: Any) -> Publication:
    """Return the latest version: written by us, active, with the value and the creation date of the marks."""
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


def an_observation(
    publication: Publication | None = None, key1: str = "A", key2: str = "B", **facts: Any
) -> Observation:
    """Return an observation: key authentication is on, key 1 is A and key 2 is B."""
    keys: Mapping[KeySlot, Fingerprint] = {KEY1: mark(key1), KEY2: mark(key2)}
    plain = Observation(key_auth=True, keys=keys, publication=publication, endpoint=ENDPOINT)
    return replace(plain, **facts)


def nothing_published(**facts: Any) -> Observation:
    """Return the observation of an account without a secret."""
    return an_observation(None, **facts)


def a_situation(noted: Marks | None, now: datetime, target: Target | None = None, **seen: Any) -> Situation:
    """Return the situation of a target whose latest version has these marks. `seen` are facts of the observation."""
    return Situation(an_observation(a_publication(noted), **seen), target or a_target(), now)


def wants_rotation(request_id: str | None = "r-1") -> Request:
    """Return a request to rotate."""
    return RotateRequest(reason="asked", by="tester", id=request_id)


def reports_leak(key: LeakedKey | None = LeakedKey.LIVE, request_id: str | None = "l-1", **facts: Any) -> LeakRequest:
    """Return the report of a leak."""
    return LeakRequest(key=key, reason="found in a repository", by="tester", id=request_id, **facts)


def about_deployments(kind: RequestKind, deployment: AwaitedDeployment | None, **facts: Any) -> Request:
    """Return a request of this kind, with the deployment if the kind has one."""
    if kind is RequestKind.ARM and deployment is not None:
        return ArmRequest(deployment=deployment, **facts)
    if kind is RequestKind.DEPLOYED and deployment is not None:
        return DeploymentRequest(deployment=deployment, **facts)
    plain: dict[RequestKind, type[DisarmRequest | RotateRequest | LeakRequest]] = {
        RequestKind.DISARM: DisarmRequest,
        RequestKind.ROTATE: RotateRequest,
        RequestKind.LEAK: LeakRequest,
    }
    return plain[kind](**facts)
