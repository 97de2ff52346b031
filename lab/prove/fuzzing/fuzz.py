"""Fuzz every function that reads text from outside, with valid inputs that are corrupted at random.

A correct answer is fine, and so is a refusal that names the thing (FixConfiguration, BadRequest, Refused). Every other
exception is a finding. Tags of secrets are never refused: damaged ones count as absent, and the decision and the
announcements must still work.

Each function takes a random source, and returns whether the input was refused.
"""

from __future__ import annotations

import base64
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from lab.prove.fuzzing.corrupt import as_json, corrupted, corrupted_bytes, corrupted_text
from shared.announce.outstanding import outstanding
from shared.decide.policies import decide
from shared.decide.situation import Situation
from shared.domain.errors import FixConfiguration
from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.model import AccountId, Observation, Target
from shared.domain.publication import Marks, Origin, Publication, SecretState, others_in, read_tags, tags_of
from shared.domain.requests import ArmRequest, AwaitedDeployment, Requester
from shared.domain.told import CarriedOver, Happened, Told, ToldDeadline
from shared.handlers.event_grid import account_named, secret_named
from shared.settings.environment import read_settings
from shared.settings.problems import Problems
from shared.settings.target_fields import Defaults, target_from_tags
from shared.turns.message import Message, read_message
from shared.web.bodies import Arm, BadRequest, Body, Deployment, Leak, Rotate, request_id
from shared.web.callers import PRINCIPAL, Refused, caller_of
from shared.web.fitting import check_fits
from shared.web.many import RotateMany
from shared.web.orders_bodies import LiftHold, PlanTrial, SetHold, StopTrial
from shared.web.responses import problem

ACCOUNT = AccountId("00000000-0000-4000-8000-000000000001", "prod", "chat")
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
VAULT = "https://keys.vault.azure.net"
LIVE, OTHER = Fingerprint.of("live"), Fingerprint.of("other")


@dataclass(frozen=True)
class Figures:
    """The results of a run.

    tried: How many inputs of each kind were tried.
    refused: How many of each kind were refused with a name.
    findings: Each wrong answer, with the kind of input and the seed.
    seconds: How long it took.
    """

    tried: dict[str, int]
    refused: dict[str, int]
    findings: tuple[str, ...]
    seconds: float


def settings(chance: random.Random) -> bool:
    """Fuzz the application's settings."""
    targets = [
        {"account": str(ACCOUNT), "period": "P30D", "warnings": ["P7D"], "owner": "team", "sunset": "2027-01-01"}
    ]
    good = {
        "AzureWebJobsStorage": "UseDevelopmentStorage=true",
        "ROTATION_TARGETS": json.dumps(corrupted(targets, chance) if chance.random() < 0.6 else targets),
        "ROTATION_VAULT_URL": VAULT,
        "ROTATION_PERIOD": "P30D",
        "ROTATION_WARNINGS": "P14D,P7D",
        "ROTATION_WINDOW": "Mon-Fri 09:00-16:00 Europe/Berlin",
        "ROTATION_SUBSCRIPTIONS": ACCOUNT.subscription,
        "EVENT_GRID_TOPIC_ENDPOINT": "https://topic.westeurope-1.eventgrid.azure.net/api/events",
    }
    bad = corrupted(good, chance)
    environment = (
        {str(name): text for name, text in bad.items() if isinstance(text, str)} if isinstance(bad, dict) else {}
    )
    return _refuses(lambda: read_settings(environment))


def messages(chance: random.Random) -> bool:
    """Fuzz messages of the queue."""
    awaited = AwaitedDeployment("production", timedelta(hours=1), NOW, NOW, "d1")
    request = ArmRequest(reason="ticket", by="somebody", id="17", deployment=awaited)
    good = json.loads(Message("chat", NOW, ACCOUNT, {"key-rotation": "on"}, request).text())
    return _refuses(lambda: read_message(corrupted_bytes(as_json(corrupted(good, chance)), chance)))


BODIES: tuple[tuple[type[Body], dict[str, Any]], ...] = (
    (Rotate, {"reason": "somebody left", "dry_run": True}),
    (Leak, {"key": "live", "reason": "found in a repository", "wait": "PT30S", "confirm": "chat"}),
    (RotateMany, {"targets": ["chat", "search"], "reason": "drill"}),
    (Arm, {"environment": "production", "soak": "PT2H", "latest": "2026-12-01T00:00:00Z"}),
    (Arm, {"environment": "production", "soak": "P2D", "then": "end", "confirm": "chat"}),
    (Arm, {"environment": "production", "then": "trial", "duration": "PT4H", "confirm": "chat"}),
    (Rotate, {"endOtherKey": True, "confirm": "chat"}),
    (PlanTrial, {"duration": "PT4H", "start": "2026-06-02T00:00:00Z", "confirm": "chat", "despiteCopies": True}),
    (StopTrial, {"reason": "it hurts", "despiteLeak": True}),
    (SetHold, {"until": "2026-06-09T00:00:00Z", "reason": "a freeze"}),
    (LiftHold, {"reason": "over"}),
    (Deployment, {"environment": "production", "reason": "release 7"}),
)


def http_bodies(chance: random.Random) -> bool:
    """Fuzz bodies and headers of HTTP requests."""
    kind, good = chance.choice(BODIES)
    body = corrupted_bytes(as_json(corrupted(good, chance)), chance)
    headers = {
        "content-type": chance.choice(
            ("application/json", "application/json; charset=utf-8", "text/plain", "", "a\x00")
        ),
        "idempotency-key": chance.choice(("", "k", "é", "x" * 300)),
    }

    def attempt() -> None:
        read: Any = kind.read(body, headers)
        moment = (NOW,) if kind is Deployment else ()
        request = read.request(request_id(headers, "an-invocation"), "somebody", *moment)
        check_fits(request, NOW, timedelta(days=1))
        read_message(Message("chat", NOW, request=request).text().encode())

    return _refuses(attempt)


def callers(chance: random.Random) -> bool:
    """Fuzz the header with which App Service names the caller."""
    claims = [{"typ": "roles", "val": "Rotation.Reader"}, {"typ": "preferred_username", "val": "pat@contoso.example"}]
    good = {"auth_typ": "aad", "role_typ": "roles", "claims": claims}
    header = base64.b64encode(corrupted_bytes(as_json(corrupted(good, chance)), chance)).decode()
    header = corrupted_text(header, chance) if chance.random() < 0.3 else header
    return _refuses(lambda: caller_of({PRINCIPAL: header}, {"WEBSITE_AUTH_ENABLED": "True"}))


def event_grid_events(chance: random.Random) -> bool:
    """Fuzz events of Event Grid. None is refused: an event that is not about a target is ignored."""
    vault = {"VaultName": "keys", "ObjectType": "Secret", "ObjectName": "chat-key", "Version": "v1", "EXP": 1.8e9}
    account = {
        "operationName": "Microsoft.CognitiveServices/accounts/regenerateKey/action",
        "resourceUri": str(ACCOUNT),
    }
    secret = secret_named(corrupted(vault, chance))
    found = account_named(corrupted(account, chance), chance.choice((str(ACCOUNT), "", "x" * 9999)))
    if not all(isinstance(text, str) and text for text in secret or ()):
        raise AssertionError(f"{secret} names no secret")
    return secret is None or found is None


def account_tags(chance: random.Random) -> bool:
    """Fuzz tags of accounts, and decide on what was read."""
    good = {
        "key-rotation": "on",
        "key-rotation-period": "P20D",
        "key-rotation-vault": VAULT,
        "key-rotation-secret": "chat-key",
        "key-rotation-sunset": "2027-01-01",
    }
    tags = {str(name): str(text) for name, text in _mapping(corrupted(good, chance)).items()}
    problems = Problems()
    target = target_from_tags(ACCOUNT, tags, Defaults(VAULT), problems)
    if target is not None:
        decide(Observation(key_auth=True, keys=_keys(), publication=None), target, NOW)
    return bool(problems)


def secret_tags(chance: random.Random) -> bool:
    """Fuzz tags of secrets, and decide and announce on what was read."""
    told = Told(
        origin=True,
        retirement=ToldDeadline(NOW, timedelta(days=1)),
        carried_over=(CarriedOver(Happened.ENDED, KeySlot.KEY1, OTHER, NOW),),
    )
    marks = Marks(
        LIVE,
        Origin.ROTATED,
        NOW - timedelta(days=20),
        OTHER,
        NOW,
        told=told,
        requester=Requester("r", "somebody", "why"),
        awaited=AwaitedDeployment("production"),
        seal="e f",
    )
    good = tags_of(marks, KeySlot.KEY1, str(ACCOUNT), timedelta(days=30), {"team": "ours"})
    tags = {str(name): str(text) for name, text in _mapping(corrupted(good, chance)).items()}
    slot, provider, validity, found = read_tags(tags)
    publication = Publication(
        "v1",
        SecretState.ACTIVE,
        NOW - timedelta(days=20),
        LIVE,
        None,
        slot,
        provider,
        validity,
        found,
        others=others_in(tags),
    )
    target = Target("chat", ACCOUNT, VAULT, "chat-key")
    target = replace(target, sunset=NOW) if chance.random() < 0.3 else target
    seen = Observation(key_auth=chance.random() < 0.9, keys=_keys(), publication=publication, endpoint="https://e/")
    seen = seen if seen.key_auth else replace(seen, keys={})
    decide(seen, target, NOW)
    for announcement in outstanding(Situation(seen, target, NOW)):
        json.dumps(announcement.wire(NOW))
    return found is None


INPUTS: dict[str, Callable[[random.Random], bool]] = {
    "settings": settings,
    "queue messages": messages,
    "HTTP bodies": http_bodies,
    "callers": callers,
    "Event Grid events": event_grid_events,
    "account tags": account_tags,
    "secret tags": secret_tags,
}


def fuzz(inputs: int, first: int = 1) -> Figures:
    """Try this many inputs of every kind, with seeds from `first` on, and return the figures."""
    began, refused, findings = time.monotonic(), Counter[str](), []
    for name, reads in INPUTS.items():
        for seed in range(first, first + inputs):
            try:
                refused[name] += reads(random.Random(f"{name} {seed}"))
            except Exception as error:  # noqa: BLE001 - any exception is a finding
                findings.append(f"{name}, seed {seed}: {type(error).__name__}: {str(error)[:200]}")
    return Figures(dict.fromkeys(INPUTS, inputs), dict(refused), tuple(findings), time.monotonic() - began)


def _refuses(attempt: Callable[[], object]) -> bool:
    """Return whether the input was refused. Raises AssertionError if the refusal names nothing."""
    try:
        attempt()
    except FixConfiguration as error:
        _must_name_something(str(error), error.next_step)
        return True
    except (BadRequest, Refused) as bad:
        _must_name_something(bad.title, bad.detail)
        problem(bad.status, bad.title, bad.detail).body.encode()
        if not 400 <= bad.status < 500:
            raise AssertionError(f"a bad request was answered {bad.status}") from bad
        return True
    return False


def _must_name_something(*texts: str) -> None:
    if not all(texts):
        raise AssertionError("a refusal without a text")


def _mapping(value: Any) -> dict[Any, Any]:  # noqa: ANN401
    return value if isinstance(value, dict) else {}


def _keys() -> dict[KeySlot, Fingerprint]:
    return {KeySlot.KEY1: LIVE, KeySlot.KEY2: OTHER}
