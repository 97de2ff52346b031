"""Over HTTP, a leak of both keys and a second leak need a confirmation, and requests are limited by the hour (S4)."""

import json
from dataclasses import replace
from email.utils import parsedate_to_datetime

import pytest

from lab.emulator.accounts import Account
from lab.emulator.serve import Azure
from shared.domain.acts import Limits
from shared.fleet.rotation import Rotation
from shared.handlers import http, one_turn
from shared.handlers.http import Incoming, serve
from shared.turns.acts import ACTS
from shared.web.responses import Reply
from shared.web.routes import ROUTES
from tests.support.real_parts import Parts

NAME = "account-001"


class App:
    """The routes over the app's real parts, with one adopted target."""

    def __init__(self, parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
        self.parts, self.calls = parts, 0

        async def rotation() -> Rotation:
            return parts.rotation

        monkeypatch.setattr(one_turn, "rotation", rotation)
        monkeypatch.setattr(http, "rotation", rotation)

    @property
    def world(self):
        return self.parts.azure.world

    @property
    def account(self) -> Account:
        return self.parts.account()

    async def post(self, route: str, body: object = None, key: str = "", name: str = NAME, account: str = "") -> Reply:
        """Send a request. `key` is its Idempotency-Key."""
        self.calls += 1
        headers = {"content-type": "application/json"} | ({"idempotency-key": key} if key else {})
        sent = json.dumps(body or {}).encode()
        return await serve(ROUTES[route], Incoming("POST", name, sent, headers, f"call-{self.calls}", account))

    def works(self, value: str) -> bool:
        return self.world.accounts.key_accepted(self.account, value)

    def regenerated(self) -> int:
        return self.world.journal.count("arm.regenerateKey", effect=True)

    def noted(self) -> int:
        return len(self.world.blobs.list("key-rotation-leases", ACTS))

    def limited(self, per_target: int = 5, in_all: int = 60) -> None:
        self.parts.rotation.settings = replace(self.parts.rotation.settings, limits=Limits(per_target, in_all))


@pytest.fixture
async def app(parts: Parts, azure: Azure, monkeypatch: pytest.MonkeyPatch) -> App:
    for number in (1, 2):
        parts.account(number).tags = {"key-rotation": "on"}
    for one in (await parts.rotation.fleet.enrolled())[0]:
        await parts.rotation.turn(one.target)
    azure.world.clock.advance(35 * 24 * 3600)
    for one in (await parts.rotation.fleet.enrolled())[0]:
        await parts.rotation.turn(one.target)
    return App(parts, monkeypatch)


async def test_both_keys_are_ended_only_after_a_confirmation(app: App) -> None:
    keys = [key.value for key in app.account.keys.values()]
    refused = await app.post("leak", {"key": "both"})
    assert (refused.status, refused.kind) == (409, "application/problem+json")
    facts = json.loads(refused.body)
    assert facts["title"] == "ConfirmFirst"
    assert facts["detail"].startswith(f"{NAME}: This report would end both keys. A leak was reported (both): ")
    assert "which apps read from the vault" in facts["detail"]
    assert facts["nextStep"].startswith(f'if you mean it, send it again with "confirm": "{NAME}"')
    assert all(map(app.works, keys))
    assert app.noted() == 0
    assert (await app.post("leak", {"key": "both", "confirm": NAME})).status == 200
    assert not any(map(app.works, keys))


async def test_a_leak_of_both_keys_by_resource_id_is_confirmed_with_the_targets_name(app: App) -> None:
    by_id = {"name": "-", "account": app.account.id}
    assert (await app.post("leak", {"key": "both"}, **by_id)).status == 409
    assert (await app.post("leak", {"key": "both", "confirm": "account-002"}, **by_id)).status == 409
    assert (await app.post("leak", {"key": "both", "confirm": NAME}, **by_id)).status == 200


async def test_a_dry_run_of_both_needs_no_confirmation_and_does_not_count(app: App) -> None:
    assert (await app.post("leak", {"key": "both", "dry_run": True})).status == 200
    assert app.noted() == 0


async def test_a_leak_of_both_is_neither_queued_nor_recorded_if_its_target_cannot_be_looked_up(app: App) -> None:
    app.world.faults.add("arm.listAccounts", "status", times=0, status=503)
    refused = await app.post("leak", {"key": "both"})
    assert (refused.status, refused.queued) == (409, ())
    assert json.loads(refused.body)["title"] == "ConfirmFirst"
    assert app.world.blobs.list("key-rotation-leases", "leaks/") == []
    confirmed = await app.post("leak", {"key": "both", "confirm": NAME})
    assert (confirmed.status, len(confirmed.queued)) == (202, 1)


async def test_eight_leaks_in_a_row_end_keys_once_unless_they_are_confirmed(app: App) -> None:
    before = app.regenerated()
    statuses = [(await app.post("leak", {"key": "live"})).status for _ in range(8)]
    assert statuses == [200] + 7 * [409]
    assert app.regenerated() - before <= 2


async def test_confirmed_leaks_in_a_row_are_refused_with_the_moment_from_which_one_more_is_taken(app: App) -> None:
    app.limited(per_target=3)
    leak = {"key": "live", "confirm": NAME}
    replies = [await app.post("leak", leak) for _ in range(4)]
    assert [reply.status for reply in replies] == [200, 200, 200, 429]
    last = json.loads(replies[-1].body)
    assert last["title"] == "LimitReached"
    assert (
        "3 rotations, leaks, trials and holds of this target in one hour are what ROTATION_REQUESTS_PER_TARGET allows"
        in last["detail"]
    )
    again = parsedate_to_datetime(replies[-1].headers["Retry-After"])
    now = app.world.clock.utcnow()
    assert 3500 < (again - now).total_seconds() <= 3602
    app.world.clock.advance((again - now).total_seconds())
    assert (await app.post("leak", leak)).status == 200


async def test_a_repetition_with_the_same_key_needs_no_confirmation_and_does_not_count(app: App) -> None:
    app.limited(per_target=1)
    first = await app.post("leak", {"key": "live"}, "once")
    again = [await app.post("leak", {"key": "live"}, "once") for _ in range(3)]
    assert [first.status, *(one.status for one in again)] == [200] * 4
    assert app.noted() == 1


async def test_the_first_leak_of_another_target_is_taken_when_no_rotation_is(app: App) -> None:
    app.limited(in_all=1)
    assert (await app.post("leak", {"key": "live"})).status == 200
    for route, body in (("rotate", {}), ("rotate_many", {"targets": ["account-002"]})):
        refused = await app.post(route, body, name="account-002")
        assert (refused.status, "Retry-After" in refused.headers, refused.queued) == (429, True, ())
    assert (await app.post("leak", {"key": "live"}, name="account-002")).status == 200


async def test_a_request_for_many_counts_once_and_its_dry_run_does_not(app: App) -> None:
    app.limited(per_target=1, in_all=2)
    all_of_them = {"targets": ["account-001", "account-002"]}
    assert (await app.post("rotate_many", {**all_of_them, "dry_run": True})).status == 200
    assert [(await app.post("rotate_many", all_of_them)).status for _ in range(3)] == [202, 202, 429]
    assert (await app.post("rotate_many", {"targets": ["nobody"]})).status == 404


async def test_reported_deployments_are_not_limited(app: App) -> None:
    app.limited(per_target=1, in_all=1)
    statuses = [(await app.post("deployments", {"environment": "production"})).status for _ in range(4)]
    assert statuses == [200] * 4
    assert app.noted() == 0


async def test_a_leak_does_not_wait_for_a_record_that_cannot_be_written(
    app: App, caplog: pytest.LogCaptureFixture
) -> None:
    [vault] = app.world.vaults.values()
    leaked = vault.get_secret(f"{NAME}-key").value
    app.limited(per_target=1, in_all=1)
    app.world.faults.add("blob.list", "status", times=0, status=403, code="AuthorizationFailure")
    assert (await app.post("leak", {"key": "live"})).status == 200
    assert not app.works(leaked)
    assert (await app.post("leak", {"key": "live"})).status == 200
    assert "acts: not counted" in caplog.text


@pytest.mark.parametrize("name", ["no spaces", "", "x" * 64])
async def test_a_confirmation_that_can_be_no_name_is_a_wrong_field(app: App, name: str) -> None:
    refused = await app.post("leak", {"key": "both", "confirm": name})
    assert refused.status == 422
    assert "`$.confirm`" in refused.body
