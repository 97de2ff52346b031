"""Over HTTP a person plans a trial, holds a target, ends the other key, and says what follows a deployment."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.domain.acts import Limits
from shared.domain.requests import EndTrialRequest, HoldRequest, LiftHoldRequest, TrialRequest
from shared.fleet.rotation import Rotation
from shared.handlers import http, one_turn, timer_and_queue
from shared.handlers.http import Incoming, serve
from shared.turns.acts import ACTS
from shared.turns.message import Message
from shared.web.callers import Role
from shared.web.responses import Reply
from shared.web.routes import ROUTES
from shared.web.sign_in import ENFORCED
from tests.support.real_parts import Parts
from tests.support.signed_in import signed_in

NAME, OTHER = "account-001", "account-002"
CONFIRM = {"confirm": NAME}


class App:
    """The routes over the app's real parts, with two adopted targets of which both keys are in use."""

    def __init__(self, parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
        self.parts, self.calls = parts, 0

        async def rotation() -> Rotation:
            return parts.rotation

        monkeypatch.setattr(one_turn, "rotation", rotation)
        monkeypatch.setattr(http, "rotation", rotation)
        monkeypatch.setattr(timer_and_queue, "rotation", rotation)

    @property
    def world(self):
        return self.parts.azure.world

    async def ask(self, route: str, method: str, body: object = None, key: str = "", name: str = NAME) -> Reply:
        """Send a request. `key` is its Idempotency-Key."""
        self.calls += 1
        headers = {"content-type": "application/json"} | ({"idempotency-key": key} if key else {})
        sent = b"" if body is None else json.dumps(body).encode()
        return await serve(ROUTES[route], Incoming(method, name, sent, headers, f"call-{self.calls}"))

    async def told(self, route: str, method: str, body: object = None, status: int = 200, **more: str) -> Any:
        """Send a request, and return its answer, which must have this status."""
        reply = await self.ask(route, method, body, **more)
        assert reply.status == status, reply.body
        return json.loads(reply.body)

    async def seen(self) -> Any:
        """Return the target as its route shows it."""
        return await self.told("target", "GET")

    async def listed(self) -> Any:
        """Return the target as the list of all shows it."""
        rows = (await self.told("targets", "GET"))["targets"]
        return next(row for row in rows if row["target"] == NAME)

    async def turn(self) -> None:
        """Take a scheduled turn."""
        for one in (await self.parts.rotation.fleet.enrolled())[0]:
            await self.parts.rotation.turn(one.target, ordered=True)

    def at(self, **ahead: float) -> str:
        return (self.now + timedelta(**ahead)).isoformat()

    @property
    def now(self) -> datetime:
        return self.world.clock.utcnow()

    def pass_time(self, **length: float) -> None:
        self.world.clock.advance(timedelta(**length).total_seconds())

    def values(self) -> list[str]:
        return [key.value for key in self.parts.account().keys.values()]

    def works(self, value: str) -> bool:
        account = self.parts.account()
        return not account.disable_local_auth and self.world.accounts.key_accepted(account, value)

    def notes(self, under: str) -> int:
        return len(self.world.blobs.list("key-rotation-leases", under))

    def changed(self) -> int:
        count = self.world.journal.count
        return count("arm.regenerateKey", effect=True) + count("arm.updateAccount", effect=True)


@pytest.fixture
async def app(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> App:
    for number in (1, 2):
        parts.account(number).tags = {"key-rotation": "on"}
    made = App(parts, monkeypatch)
    await made.turn()
    made.pass_time(days=35)
    await made.turn()
    return made


def is_field(said: Any, name: str) -> bool:
    return said["title"] == "BadField" and f"`$.{name}`" in said["detail"]


async def test_a_trial_needs_the_targets_name_and_says_what_would_be_refused(app: App) -> None:
    for body in ({}, {"confirm": OTHER}):
        said = await app.told("trial", "PUT", body, status=409)
        assert said["title"] == "ConfirmFirst"
        assert "Nothing was done." in said["detail"]
    said = await app.told("trial", "PUT", {"duration": "PT2H"}, status=409)
    assert "every call with a key is refused until they are on again. They are off for PT2H." in said["detail"]
    assert "These keys would be refused meanwhile: key 1, " in said["detail"]
    assert OTHER not in said["nextStep"]
    assert (app.notes("notes/orders/"), app.notes(ACTS)) == (0, 0)
    assert "trial" not in await app.seen()


async def test_a_dry_run_of_a_trial_needs_no_confirmation_and_changes_nothing(app: App) -> None:
    said = await app.told("trial", "PUT", {"dry_run": True})
    assert (said["result"], said["reason"]) == ("planned", "trial-planned")
    assert "for PT4H, and on again." in said["why"]
    assert (app.notes("notes/orders/"), app.notes(ACTS)) == (0, 0)


async def test_a_trial_is_planned_begins_is_shown_and_ends_by_itself(app: App) -> None:
    said = await app.told("trial", "PUT", {**CONFIRM, "reason": "who still needs keys?"})
    assert (said["result"], said["reason"]) == ("done", "trial-planned")
    shown = (await app.seen())["trial"]
    assert (shown["state"], shown["duration"], shown["announced"]) == ("planned", "PT4H", True)
    assert shown["reason"] == "who still needs keys?"
    starts, ends = (datetime.fromisoformat(shown[name]) for name in ("start", "end"))
    assert ends - starts == timedelta(hours=4)
    assert (await app.listed())["trial"] == shown
    app.pass_time(seconds=(starts - app.now).total_seconds() + 60)
    await app.turn()
    assert not any(map(app.works, app.values()))
    one, row = await app.seen(), await app.listed()
    assert [each["reason"] for each in (one, row)] == ["trial-runs"] * 2
    assert [each["trial"]["state"] for each in (one, row)] == ["running"] * 2
    assert "refusedCalls" not in row["trial"], "a list asks for no target's metrics"
    app.pass_time(hours=4)
    await app.turn()
    assert all(map(app.works, app.values()))
    assert "trial" not in await app.seen()


async def test_the_calls_that_a_running_trial_has_refused_are_shown_where_they_are_counted(app: App) -> None:
    class Counted:
        async def count(self, *_: object) -> int:
            return 17

    app.parts.rotation.outside = replace(app.parts.rotation.outside, refusals=Counted())
    await app.told("trial", "PUT", CONFIRM)
    assert "refusedCalls" not in (await app.seen())["trial"]
    app.pass_time(days=2)
    await app.turn()
    shown = (await app.seen())["trial"]
    assert (shown["state"], shown["refusedCalls"]) == ("running", 17)


async def test_a_running_trial_is_ended_by_a_person_and_a_planned_one_is_called_off(app: App) -> None:
    await app.told("trial", "PUT", CONFIRM)
    said = await app.told("trial", "DELETE", {"dry_run": True})
    assert (said["result"], said["reason"]) == ("planned", "trial-called-off")
    said = await app.told("trial", "DELETE", {"reason": "not today"})
    assert (said["result"], said["reason"]) == ("done", "trial-called-off")
    assert (await app.told("trial", "DELETE"))["reason"] == "already-done"
    await app.told("trial", "PUT", CONFIRM)
    app.pass_time(days=2)
    await app.turn()
    assert not any(map(app.works, app.values()))
    assert (await app.told("trial", "DELETE"))["reason"] == "trial-stopped"
    assert all(map(app.works, app.values()))


async def test_a_trial_that_is_sent_twice_is_planned_once(app: App) -> None:
    first = await app.told("trial", "PUT", CONFIRM, key="once")
    again = await app.told("trial", "PUT", CONFIRM, key="once")
    assert (first["reason"], again["reason"]) == ("trial-planned", "already-done")
    assert (await app.told("trial", "PUT", CONFIRM, status=409))["title"] == "trial-refused"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"duration": "PT14M59S"}, "duration"),
        ({"duration": "P7DT1S"}, "duration"),
        ({"duration": "P1M"}, "duration"),
        ({"start": "tomorrow"}, "start"),
        ({"start": "2027-01-31T18:00:00"}, "start"),
        ({"start": "2199-01-01T00:00:00Z"}, "start"),
        ({"start": "9999-12-31T23:59:59-12:00"}, "start"),
        ({"despiteCopies": "yes"}, "despiteCopies"),
        ({"confirm": "no name"}, "confirm"),
    ],
)
async def test_a_wrong_field_of_a_trial_is_named(app: App, body: dict[str, Any], field: str) -> None:
    assert is_field(await app.told("trial", "PUT", CONFIRM | body, status=422), field)
    assert app.notes("notes/orders/") == 0


async def test_a_hold_is_set_shown_and_lifted(app: App) -> None:
    until = app.at(days=3)
    said = await app.told("hold", "PUT", {"until": until, "reason": "a freeze", "dry_run": True})
    assert (said["result"], said["reason"], app.notes("notes/orders/")) == ("planned", "hold-set", 0)
    said = await app.told("hold", "PUT", {"until": until, "reason": "a freeze"})
    assert (said["result"], said["reason"]) == ("done", "hold-set")
    for row in (await app.seen(), await app.listed()):
        assert row["hold"]["reason"] == "a freeze"
        assert datetime.fromisoformat(row["hold"]["until"]) == datetime.fromisoformat(until).replace(microsecond=0)
    held = await app.told("rotate", "POST", {}, status=409)
    assert held["title"] in ("on-hold", "overlap-runs")
    assert (await app.told("hold", "DELETE"))["reason"] == "hold-lifted"
    assert (await app.told("hold", "DELETE"))["reason"] == "already-done"
    assert "hold" not in await app.seen()


async def test_a_hold_that_is_over_is_not_shown(app: App) -> None:
    await app.told("hold", "PUT", {"until": app.at(hours=1), "reason": "a freeze"})
    app.pass_time(hours=2)
    assert "hold" not in await app.seen()
    assert "hold" not in await app.listed()


@pytest.mark.parametrize(
    ("ahead", "reason", "field"),
    [
        (timedelta(0), "a freeze", "until"),
        (timedelta(minutes=-1), "a freeze", "until"),
        (timedelta(days=90, minutes=1), "a freeze", "until"),
        (timedelta(days=1), "", "reason"),
        (timedelta(days=1), "  ", "reason"),
        (timedelta(days=1), "r" * 201, "reason"),
    ],
)
async def test_a_hold_in_the_past_or_without_a_reason_is_refused(
    app: App, ahead: timedelta, reason: str, field: str
) -> None:
    body = {"until": (app.now + ahead).isoformat(), "reason": reason}
    assert is_field(await app.told("hold", "PUT", body, status=422), field)
    assert is_field(await app.told("hold", "PUT", body | {"dry_run": True}, status=422), field)
    assert app.notes("notes/orders/") == 0


async def test_a_hold_without_an_end_or_with_one_at_no_time_is_refused(app: App) -> None:
    assert "`until`" in (await app.told("hold", "PUT", {"reason": "a freeze"}, status=422))["detail"]
    for until in ("0001-01-01T00:00:00+12:00", "9999-12-31T23:59:59-12:00"):
        assert is_field(await app.told("hold", "PUT", {"until": until, "reason": "x"}, status=422), "until")


async def test_the_other_key_ends_with_a_rotation_only_if_its_person_confirms_it(app: App) -> None:
    held = await app.told("rotate", "POST", {}, status=409)
    assert held["title"] == "overlap-runs"
    before = app.changed()
    said = await app.told("rotate", "POST", {"endOtherKey": True}, status=409)
    assert said["title"] == "ConfirmFirst"
    assert (
        "These keys would end: key 1, the previous key, which apps may still hold, promised to work" in said["detail"]
    )
    assert (await app.told("rotate", "POST", {"endOtherKey": True, "confirm": OTHER}, status=409))[
        "title"
    ] == "ConfirmFirst"
    assert (await app.told("rotate", "POST", {"endOtherKey": True, "dry_run": True}))["reason"] == "requested"
    assert app.changed() == before
    said = await app.told("rotate", "POST", {"endOtherKey": True, **CONFIRM})
    assert (said["result"], said["reason"]) == ("done", "requested")
    [early] = said["endedEarly"]
    assert early.startswith("key 1 with fingerprint ")
    assert "promised to work until " in early
    assert "The value that key 1 has now (fingerprint " in said["why"]


async def test_a_rotation_that_was_let_in_does_not_let_in_the_end_of_the_other_key(app: App) -> None:
    app.world.faults.add("arm.regenerateKey", "status", times=0, status=503)
    await app.ask("rotate", "POST", {}, key="one")
    said = await app.told("rotate", "POST", {"endOtherKey": True}, status=409, key="one")
    assert said["title"] == "ConfirmFirst"


@pytest.mark.parametrize("then", ["end", "trial", "sunset"])
async def test_what_follows_a_deployment_is_confirmed_if_it_is_more_than_a_rotation(app: App, then: str) -> None:
    body = {"environment": "production", "soak": "P2D", "then": then}
    said = await app.told("arm", "PUT", body, status=409)
    assert said["title"] == "ConfirmFirst"
    assert "key 1, the previous key, which apps may still hold" in said["detail"]
    assert "key 2, which apps read from the vault (fingerprint " in said["detail"]
    assert (await app.told("arm", "PUT", body | {"dry_run": True}))["reason"] == "armed"
    assert "waitsFor" not in await app.seen()
    assert (await app.told("arm", "PUT", body | CONFIRM))["reason"] == "armed"
    waits = (await app.seen())["waitsFor"]
    assert (waits["then"], waits.get("duration")) == (then, "PT4H" if then == "trial" else None)


async def test_a_rotation_after_a_deployment_needs_no_confirmation(app: App) -> None:
    assert (await app.told("arm", "PUT", {"environment": "production"}))["reason"] == "armed"
    assert "then" not in (await app.seen())["waitsFor"]


@pytest.mark.parametrize("soak", ["PT23H", None])
async def test_both_values_do_not_end_before_every_app_can_have_read_the_new_key(app: App, soak: str | None) -> None:
    body = {"environment": "production", "then": "end", **CONFIRM} | ({"soak": soak} if soak else {})
    for dry in (False, True):
        said = await app.told("arm", "PUT", body | {"dry_run": dry}, status=422)
        assert is_field(said, "soak")
        sum_ = "P1D - PT23H = PT1H too early" if soak else "P1D - P0D = P1D too early"
        assert sum_ in said["detail"]
        assert "ROTATION_CONSUMER_LAG" in said["detail"]
    assert (await app.told("arm", "PUT", body | {"soak": "P1D"}))["reason"] == "armed"


async def test_both_old_values_end_no_sooner_than_the_listed_consumers_notice(app: App) -> None:
    app.parts.account(1).tags["key-rotation-consumers"] = "app-service-reference"
    body = {"environment": "production", "then": "end", **CONFIRM}
    said = await app.told("arm", "PUT", body | {"soak": "P1D"}, status=422)
    assert is_field(said, "soak")
    assert "P1DT2H - P1D = PT2H too early" in said["detail"]
    assert (await app.told("arm", "PUT", body | {"soak": "P1DT2H"}))["reason"] == "armed"


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"then": "end", "duration": "PT4H"}, "duration"),
        ({"duration": "PT4H"}, "duration"),
        ({"then": "trial", "duration": "P8D"}, "duration"),
        ({"then": "leak"}, "then"),
    ],
)
async def test_a_wrong_field_of_what_follows_is_named(app: App, more: dict[str, str], field: str) -> None:
    body = {"environment": "production", "soak": "P2D", **CONFIRM, **more}
    assert is_field(await app.told("arm", "PUT", body, status=422), field)


async def test_new_requests_count_for_the_limits_and_ends_are_never_refused(app: App) -> None:
    app.parts.rotation.settings = replace(app.parts.rotation.settings, limits=Limits(2, 60))
    await app.told("hold", "PUT", {"until": app.at(days=1), "reason": "a freeze"})
    await app.told("trial", "PUT", CONFIRM)
    refused = await app.ask("hold", "PUT", {"until": app.at(days=2), "reason": "a freeze"})
    assert (refused.status, "Retry-After" in refused.headers) == (429, True)
    assert (await app.told("trial", "PUT", CONFIRM, status=429))["title"] == "LimitReached"
    assert (await app.told("hold", "DELETE"))["reason"] == "hold-lifted"
    assert (await app.told("trial", "DELETE"))["reason"] == "trial-called-off"
    assert (await app.told("leak", "POST", {"key": "live"}))["result"] == "done", "a first leak is never refused"


async def test_the_answer_to_a_deployment_says_what_follows_when_and_what_holds_it(app: App) -> None:
    await app.told("arm", "PUT", {"environment": "production", "soak": "P2D", "then": "end", **CONFIRM})
    await app.told("arm", "PUT", {"environment": "production"}, name=OTHER)
    at = app.now
    said = await app.told("deployments", "POST", {"environment": "production"}, status=202)
    end, rotate = (next(one for one in said["follows"] if one["target"] == name) for name in (NAME, OTHER))
    assert (end["then"], rotate["then"]) == ("end", "rotate")
    # The key that the vault held before the last rotation keeps its overlap of three days, and then the soak time runs.
    assert abs(datetime.fromisoformat(end["at"]) - (at + timedelta(days=5))) < timedelta(minutes=1)
    assert "Both values that the keys have now, and every copy of them, end by " in end["says"]
    assert (rotate["heldBy"], "heldUntil" in rotate) == ("overlap-runs", True)
    assert rotate["at"] >= rotate["heldUntil"]
    assert "no longer promised to work" in rotate["says"]


async def test_the_answer_to_a_deployment_dates_the_end_of_all_keys_after_its_notice(app: App) -> None:
    await app.told("arm", "PUT", {"environment": "production", "then": "sunset", **CONFIRM})
    [said] = (await app.told("deployments", "POST", {"environment": "production", "dry_run": True}))["follows"]
    assert (said["then"], datetime.fromisoformat(said["at"]) > app.now + timedelta(hours=23)) == ("sunset", True)
    assert "All keys end, once that is announced." in said["says"]


async def test_a_pipeline_that_may_not_see_targets_is_not_told_what_follows(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    await app.told("arm", "PUT", {"environment": "production"})
    monkeypatch.setenv(ENFORCED, "true")
    headers = {**signed_in(Role.DEPLOYER), "content-type": "application/json"}
    body = b'{"environment": "production", "dry_run": true}'
    said = json.loads((await serve(ROUTES["deployments"], Incoming("POST", "", body, headers, "i"))).body)
    assert (said["targets"], "follows" in said) == ([NAME], False)


async def test_the_answer_to_a_second_report_says_that_it_was_reported(app: App) -> None:
    await app.told("arm", "PUT", {"environment": "production", "soak": "P2D"})
    said = await app.ask("deployments", "POST", {"environment": "production"})
    for message in said.queued:
        await timer_and_queue.turn(message.text().encode())
    [again] = (await app.told("deployments", "POST", {"environment": "production", "dry_run": True}))["follows"]
    assert again["says"] == "A deployment to production was already reported."


async def test_requests_about_orders_come_through_the_queue(app: App) -> None:
    about = Message(NAME, app.now, app.parts.target().account, {"key-rotation": "on"})
    hold = HoldRequest(reason="a freeze", by="ada", id="h", until=app.now + timedelta(days=1))
    trial = TrialRequest(reason="why", by="ada", id="t", length=timedelta(hours=1))
    shown = []
    for request in (hold, LiftHoldRequest(by="ada", id="l"), trial, EndTrialRequest(by="ada", id="e")):
        await timer_and_queue.turn(replace(about, request=request).text().encode())
        row = await app.seen()
        shown.append((row.get("hold", {}).get("reason"), row.get("trial", {}).get("reason")))
    assert shown == [("a freeze", None), (None, None), (None, "why"), (None, None)]


async def test_a_request_about_orders_that_was_given_up_is_tried_for_a_day(app: App) -> None:
    request = EndTrialRequest(by="ada", id="e")
    message = Message(NAME, app.now, app.parts.target().account, {"key-rotation": "on"}, request)
    assert await timer_and_queue.turn_poison(message.text().encode()) == message.text()
    app.pass_time(days=1, minutes=1)
    assert await timer_and_queue.turn_poison(message.text().encode()) is None


async def test_many_at_once_neither_plan_trials_nor_set_holds(app: App) -> None:
    for kind in ("trial", "hold"):
        said = await app.told("rotate_many", "POST", {"select": {"all": True}, "kind": kind}, status=422)
        assert "`$.kind`" in said["detail"]


async def test_the_answer_to_a_deployment_says_that_a_hold_holds_it(app: App) -> None:
    app.pass_time(days=9)
    await app.turn()
    await app.told("arm", "PUT", {"environment": "production", "then": "trial", **CONFIRM})
    await app.told("hold", "PUT", {"until": app.at(days=30), "reason": "a freeze"})
    [said] = (await app.told("deployments", "POST", {"environment": "production", "dry_run": True}))["follows"]
    assert said["then"] == "trial"
    assert "But it is on hold until " in said["says"]
    assert datetime.fromisoformat(said["at"]) >= (app.now + timedelta(days=29))
