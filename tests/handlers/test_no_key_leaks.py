"""P7: no key material in logs, outcomes, replies, events, tags, errors or tracebacks, in success and in failure.

The accounts hold keys that are easy to recognise. Everything that leaves the app is searched for them: whole, any
eight characters of them, reversed, in base64, hexadecimal and as in an address. The one place where a key belongs,
the secret's value, is the only one left out.
"""

import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from lab.emulator.accounts import Slot
from lab.emulator.serve import Azure
from shared import wiring
from shared.domain.errors import RotationError
from shared.domain.keys import ApiKey, KeySlot
from shared.domain.model import ProofPolicy
from shared.domain.requests import LeakedKey, LeakRequest, Request
from shared.handlers import http, timer_and_queue
from shared.handlers.http import Incoming
from shared.handlers.invocation import TurnFailed
from shared.turns.message import Message
from shared.turns.report import Outcome
from shared.web.routes import ROUTES
from tests.support import key_search
from tests.support.real_parts import Parts, Spoiled, Tape, close_credentials, everything_logged

KEYS: dict[Slot, str] = {
    "key1": "PLANTEDqXz1vW8kT/5+rB7nYpL3mD6gJ9hF2cS4aKeyOne==",
    "key2": "GROUNDuM0oE7iR3tZ/8+wQ5yNxV1bC6lP9jH4fD2kKeyTwo==",
}
MONTH = timedelta(days=31).total_seconds()


@dataclass
class Watch:
    """The parts, everything that they wrote or answered, and every key that the account ever had."""

    parts: Parts
    tape: Tape
    said: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=lambda: set(KEYS.values()))

    def note(self, thing: object) -> None:
        self.said.append(f"{thing} {thing!r}")

    def note_keys(self) -> None:
        self.keys |= {key.value for key in self.parts.account().keys.values()}

    async def turn(self, request: Request | None = None, **changes: Any) -> Outcome:
        outcome = await self.parts.rotation.turn(self.parts.target(**changes), request)
        self.note_keys()
        self.note(outcome)
        self.note(json.dumps(outcome.data()))
        return outcome

    def everything(self) -> str:
        world = self.parts.azure.world
        events = [topic.events for topic in world.topics.values()]
        secrets = [
            one for vault in world.vaults.values() for secret in vault.secrets.values() for one in secret.versions
        ]
        tags = [(one.name, one.tags, one.content_type) for one in secrets]
        return "\n".join([self.tape.text, *self.said, json.dumps(events), str(tags), str(world.journal.entries)])

    def assert_silent(self) -> None:
        self.note_keys()
        assert len(self.tape.lines) > 10
        assert not key_search.found(self.keys, self.everything())


@pytest.fixture
async def watch(parts: Parts) -> AsyncIterator[Watch]:
    for slot, value in KEYS.items():
        parts.account().keys[slot].value = value
    with everything_logged() as tape:
        yield Watch(parts, tape)


async def test_adopting_rotating_and_retiring_reveal_no_key(watch: Watch) -> None:
    clock = watch.parts.azure.world.clock
    assert "publish key1 (adopted)" in (await watch.turn()).done
    clock.advance(MONTH)
    assert "publish key2 (rotated)" in (await watch.turn()).done
    clock.advance(timedelta(days=4).total_seconds())
    assert "regenerate key1" in (await watch.turn()).done
    assert len(watch.keys) == 4
    watch.assert_silent()


async def test_a_reported_leak_reveals_no_key(watch: Watch) -> None:
    await watch.turn()
    outcome = await watch.turn(LeakRequest(key=LeakedKey.BOTH, reason="found in a paste", by="somebody", id="one"))
    assert outcome.done.count("regenerate key2") == outcome.done.count("regenerate key1") == 1, outcome
    watch.assert_silent()


async def test_healing_a_drift_reveals_no_key(watch: Watch) -> None:
    await watch.turn()
    watch.parts.azure.world.accounts.regenerate(watch.parts.account().id, "key1")
    watch.note_keys()
    assert "publish key1 (healed)" in (await watch.turn()).done
    watch.assert_silent()


async def test_a_value_that_a_person_typed_into_the_secret_is_not_revealed(watch: Watch) -> None:
    typed = "TYPEDbyhandKx93/Lq27+Zw81"
    watch.keys.add(typed)
    next(iter(watch.parts.azure.world.vaults.values())).set_secret("account-001-key", typed)
    assert (await watch.turn()).reason == "PersonMustLook"
    watch.assert_silent()


FAULTS: list[dict[str, Any]] = [
    {"effect": "status", "status": 400, "code": "BadRequest"},
    {"effect": "status", "status": 401, "code": "Unauthorized"},
    {"effect": "status", "status": 403, "code": "Forbidden"},
    {"effect": "status", "status": 429, "code": "Throttled", "retry_after": 1},
    {"effect": "status", "status": 500, "code": "InternalServerError"},
    {"effect": "status", "status": 500, "when": "after"},
    {"effect": "drop_before"},
    {"effect": "drop_after"},
    {"effect": "malformed"},
    {"effect": "malformed", "form": "wrong"},
]
OPERATIONS = (
    "kv.getSecret",
    "arm.listKeys",
    "arm.regenerateKey",
    "aoai.models",
    "kv.setSecret",
    "eg.publish",
    "kv.updateSecret",
)


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_no_failed_call_of_a_rotation_reveals_a_key(watch: Watch, operation: str) -> None:
    world = watch.parts.azure.world
    await watch.turn()
    for fault in FAULTS:
        world.clock.advance(MONTH)
        rule = world.faults.add(operation, times=0, **fault)
        await watch.turn()
        assert rule.struck, fault
        world.faults.clear()
        await watch.turn()
    watch.assert_silent()


FAILING: dict[str, Callable[[Parts], Awaitable[Any]]] = {
    "arm.listKeys": lambda parts: parts.accounts.list_keys(parts.target().account),
    "arm.regenerateKey": lambda parts: parts.accounts.regenerate(parts.target().account, KeySlot.KEY2),
    "kv.getSecret": lambda parts: parts.vault.latest(parts.target()),
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda one: "-".join(str(part) for part in one.values()))
@pytest.mark.parametrize("operation", FAILING)
async def test_no_error_of_an_adapter_holds_a_key(watch: Watch, operation: str, fault: dict[str, Any]) -> None:
    await watch.turn()
    watch.parts.azure.world.faults.add(operation, times=0, **fault)
    with pytest.raises(RotationError) as caught:
        await FAILING[operation](watch.parts)
    watch.said.append(key_search.attached(caught.value))
    logging.getLogger("tests").error("a turn failed", exc_info=caught.value)
    watch.assert_silent()


async def test_a_key_that_cannot_be_proven_is_not_revealed(watch: Watch, spoiled: Spoiled) -> None:
    world = watch.parts.azure.world
    await watch.turn()
    world.clock.advance(MONTH)
    watch.parts.account().lag.new_after = timedelta(days=1).total_seconds()
    assert (await watch.turn()).reason in ("ProofFailed", "ProofImpossible")
    world.accounts.update(watch.parts.account().id, {"public_network_access": "Disabled"})
    assert (await watch.turn()).reason in ("ProofFailed", "ProofImpossible")
    outcome = await watch.turn(proof=ProofPolicy.PREFER)
    assert outcome.unproven, outcome
    watch.assert_silent()


async def test_no_handler_reveals_a_key(azure: Azure, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs the functions that the triggers call, with settings from the environment and the parts of the process."""
    account = watch.parts.account()
    account.tags = {"key-rotation": "on"}
    for name, text in azure.settings.items():
        monkeypatch.setenv(name, text)
    monkeypatch.setattr(wiring._Process, "rotation", None)
    monkeypatch.setattr(wiring._Process, "loop", None)
    for message in await timer_and_queue.tick(None, past_due=True):
        watch.note(message)
        await timer_and_queue.turn(message.encode())
    name = "account-001"
    for route in ("targets", "target", "status", "deadlines", "deadlines_ics", "openapi"):
        reply = await http.serve(ROUTES[route], Incoming("GET", name))
        assert reply.status == 200
        watch.note(reply.body)
    for body in (b'{"dry_run": true}', b'{"reason": "drill"}', b'{"reason": 1}'):
        watch.note(await http.serve(ROUTES["rotate"], Incoming("POST", name, body, {}, "an-invocation")))
    for body in (b'{"key": "previous"}', b'{"key": "live"}', b'{"key": "both"}'):
        watch.note((await http.serve(ROUTES["leak"], Incoming("POST", name, body, {}, "a-leak"))).body)
    for method, body in (("PUT", b'{"environment": "production"}'), ("DELETE", b"")):
        watch.note((await http.serve(ROUTES["arm"], Incoming(method, name, body, {}, "an-arming"))).body)
    sent = {"content-type": "application/json"}
    for body in (b'{"dry_run": true}', b"{}", b'{"confirm": "account-001"}'):
        watch.note((await http.serve(ROUTES["trial"], Incoming("PUT", name, body, sent, "a-trial"))).body)
    watch.note((await http.serve(ROUTES["trial"], Incoming("DELETE", name, b"", {}, "a-trial"))).body)
    for body in (b'{"endOtherKey": true}', b'{"endOtherKey": true, "confirm": "account-001"}'):
        watch.note((await http.serve(ROUTES["rotate"], Incoming("POST", name, body, sent, "the-other"))).body)
    watch.note((await http.serve(ROUTES["rotate_many"], Incoming("POST", body=b'{"targets": "all"}'))).body)
    watch.note((await http.serve(ROUTES["deployments"], Incoming("POST", body=b'{"environment": "production"}'))).body)
    azure.world.faults.add("arm.listKeys", "malformed", times=0)
    watch.note(await http.serve(ROUTES["rotate"], Incoming("POST", name, b"", {}, "another")))
    now = (await wiring.rotation()).outside.clock.now()
    await timer_and_queue.turn_poison(Message("account-001", now).text().encode())
    with pytest.raises(TurnFailed) as caught:
        await timer_and_queue.turn(Message("account-001", now).text().encode())
    watch.said.append(key_search.attached(caught.value))
    rotation: Any = await wiring.rotation()
    await rotation.outside.accounts._connections.close()
    await close_credentials(rotation)
    watch.assert_silent()


def test_no_text_of_a_key_object_shows_the_key() -> None:
    key = ApiKey(KEYS["key1"])
    texts = [str(key), repr(key), f"{key}", f"{key:>80}", "%s %r" % (key, key), repr({"key": key}), repr([key])]  # noqa: UP031
    assert not key_search.found([KEYS["key1"]], "\n".join(texts))


@pytest.mark.parametrize(
    "text",
    [
        KEYS["key1"],
        KEYS["key1"][5:13],
        KEYS["key1"][::-1],
        KEYS["key1"].encode().hex(),
        "api-key=PLANTEDqXz1vW8kT%2F5%2BrB7nYp",
        "eyJrZXkxIjogIlBMQU5URURxWHoxdlc4a1QvNStyQjduWXBMM21ENmdKOWhGMmNTNGFLZXlPbmU9PSJ9",
    ],
)
def test_the_search_finds_a_key_in_every_encoding(text: str) -> None:
    """If the search found nothing, every test above would pass."""
    assert key_search.found([KEYS["key1"]], f"before {text} after")
