"""On the page people act after a dry run: by the plan that they saw, once, and on record (P11, P13, P14)."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from shared.fleet.rotation import Rotation
from shared.handlers import acting, http, one_turn
from shared.handlers.act_lines import RefusedCallers
from shared.handlers.http import Incoming, serve
from shared.settings.environment import Mode
from shared.settings.operators import SETTING
from shared.web.callers import Role
from shared.web.responses import Reply
from shared.web.routes import ROUTES
from shared.web.sign_in import ENFORCED
from tests.support import key_search
from tests.support.people import FORM, FROM_HERE, NAME, Person
from tests.support.real_parts import Parts
from tests.support.signed_in import signed_in

ADA = "aaaaaaaa-0000-0000-0000-00000000000a"
OTHER = "account-002"
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&amp;"


@pytest.fixture
async def person(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Person]:
    """The app with two adopted targets, the overlap of which is over, in which callers sign in."""
    for number in (1, 2):
        parts.account(number).tags = {"key-rotation": "on"}
    for days in (0, 35, 4):
        parts.azure.world.clock.advance(timedelta(days=days).total_seconds())
        for one in (await parts.rotation.fleet.enrolled())[0]:
            await parts.rotation.turn(one.target)

    async def rotation() -> Rotation:
        return parts.rotation

    for module in (http, one_turn, acting):
        monkeypatch.setattr(module, "rotation", rotation)
    monkeypatch.setattr(http, "REFUSALS", RefusedCallers())
    monkeypatch.setenv(ENFORCED, "true")
    one = Person(parts)
    one.world.journal.entries.clear()
    yield one
    assert not key_search.found(set(one.keys.values()), "\n".join(page.body for page in one.pages))


def said(reply: Reply) -> str:
    """Return the text of a page, without its markup."""
    main = reply.body.partition("<main")[2]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", main)).split())


def acts(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    lines = (one.getMessage() for one in caplog.records)
    return [json.loads(one.removeprefix("act: ")) for one in lines if one.startswith("act: ")]


async def test_the_page_says_step_by_step_what_a_rotation_would_do_and_changes_nothing(person: Person) -> None:
    reply, form = await person.opens("rotate")
    assert reply.status == 200
    for sentence in (
        "Dry run. Nothing has been changed.",
        "regenerate key 1: its present value is used by nobody",
        "publish key 1 as a new version of the secret account-001-key",
        "Key 1 is live, with a new value. Key 2 works for 3 days, until",
        "Apps that read the vault notice nothing.",
        "Recorded as ada@contoso.com.",
    ):
        assert sentence in said(reply), sentence
    assert form.buttons == {"show": "Show what would happen", "act": f"Rotate {NAME} now"}
    assert person.regenerated() == 0
    assert reply.headers["Referrer-Policy"] == "same-origin"
    assert "form-action 'self'" in reply.headers["Content-Security-Policy"]


async def test_a_rotation_is_carried_out_as_it_was_shown(person: Person, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    before = person.keys
    _, form = await person.opens("rotate")
    reply, _ = await person.sends("rotate", form, reason="quarterly drill")
    assert (reply.status, person.regenerated()) == (200, 1)
    assert f"{NAME}: key 1 is live." in said(reply)
    assert "Key 2 works for 3 days, until" in said(reply)
    assert person.works(before["key2"])
    (line,) = acts(caplog)
    assert {name: line[name] for name in ("route", "act", "who", "target", "result", "account")} == {
        "route": "rotate", "act": "rotate", "who": "ada@contoso.com", "target": NAME, "result": "done",
        "account": person.account.id,
    }  # fmt: skip
    (vault,) = person.world.vaults.values()
    assert vault.get_secret(f"{NAME}-key").tags["key-rotation-request"].endswith(" ada@contoso.com quarterly drill")


async def test_a_form_that_is_sent_twice_rotates_once(person: Person) -> None:
    _, form = await person.opens("rotate")
    answers = [(await person.sends("rotate", form))[0] for _ in range(3)]
    assert [one.status for one in answers] == [200, 200, 200]
    assert "This request was already carried out." in said(answers[1])
    assert (person.regenerated(), person.versions()) == (1, 3)


async def test_a_form_that_is_sent_twice_at_once_rotates_once(person: Person) -> None:
    _, form = await person.opens("rotate")
    answers = await asyncio.gather(*(person.sends("rotate", form) for _ in range(3)))
    assert 200 in [reply.status for reply, _ in answers]
    assert (person.regenerated(), person.versions()) == (1, 3)


async def test_if_the_plan_has_changed_nothing_is_done_and_the_new_plan_is_shown(
    person: Person, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    _, form = await person.opens("rotate")
    person.world.accounts.regenerate(person.account.id, "key1")  # by somebody, so that the spare is fresh
    person.world.journal.entries.clear()
    reply, again = await person.sends("rotate", form, reason="because <of> this")
    assert reply.status == 409
    assert "Look again: the plan has changed, and nothing was done." in said(reply)
    assert "It is proven and published now" in said(reply)
    assert again.fields["reason"] == "because <of> this"
    assert again.fields["confirm"] == ""
    asked = {one.operation for one in person.world.journal.entries if one.effect}
    assert asked == {"arm.listAccounts", "kv.getSecret", "arm.listKeys", "blob.list"}
    (line,) = acts(caplog)
    assert (line["title"], line["status"], line.get("result")) == ("PlanChanged", 409, None)
    reply, _ = await person.sends("rotate", again)
    assert reply.status == 200


async def test_a_new_version_of_the_secret_changes_the_plan(person: Person) -> None:
    _, form = await person.opens("rotate")
    _, first = await person.opens("rotate")
    await person.sends("rotate", first)
    reply, again = await person.sends("rotate", form)
    assert reply.status == 409
    assert "the plan has changed, and nothing was done" in said(reply)
    assert "promised to work until" in said(reply)
    assert "act" not in again.buttons
    assert person.regenerated() == 1


async def test_keys_that_change_places_after_the_comparison_are_not_rotated_again(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, form = await person.opens("rotate")
    answer = one_turn.answer

    async def somebody_was_faster(*args: Any, **more: Any) -> Reply:
        person.world.clock.advance(1)
        found = await person.parts.rotation.fleet.find_one(NAME)
        assert (await person.parts.rotation.turn(found.target, rotate_now())).done
        person.world.clock.advance(timedelta(days=4).total_seconds())  # and even its overlap is over
        await person.parts.rotation.turn(found.target)
        return await answer(*args, **more)

    monkeypatch.setattr(acting, "answer", somebody_was_faster)
    before = person.regenerated()
    reply, _ = await person.sends("rotate", form)
    assert "was published after this request was made" in said(reply)
    assert person.regenerated() - before == 2


def rotate_now() -> Any:
    from shared.domain.requests import RotateRequest

    return RotateRequest(by="somebody", id="another")


async def test_a_leak_ends_the_key_that_was_meant_although_the_keys_change_places_after_the_comparison(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, form = await person.opens("leak")
    answer, leaked = one_turn.answer, person.keys["key2"]

    async def somebody_was_faster(*args: Any, **more: Any) -> Reply:
        person.world.clock.advance(1)
        found = await person.parts.rotation.fleet.find_one(NAME)
        assert (await person.parts.rotation.turn(found.target, rotate_now())).done
        return await answer(*args, **more)

    monkeypatch.setattr(acting, "answer", somebody_was_faster)
    await person.sends("leak", form)
    live = person.keys["key1"]
    assert not person.works(leaked)
    assert person.works(live)
    (vault,) = person.world.vaults.values()
    assert vault.get_secret(f"{NAME}-key").value == live


@pytest.mark.parametrize("wrong", ["account-01", OTHER, "", "rotate"])
async def test_with_another_name_nothing_is_done_and_nothing_that_was_typed_is_lost(person: Person, wrong: str) -> None:
    _, form = await person.opens("rotate")
    reply, again = await person.sends("rotate", form, confirm=wrong, reason="a long story")
    assert (reply.status, person.regenerated()) == (422, 0)
    assert (again.fields["confirm"], again.fields["reason"]) == (wrong, "a long story")
    assert 'id="confirm-wrong"' in reply.body
    assert re.search(r'<input[^>]*id="confirm"[^>]*aria-describedby="confirm-wrong"[^>]*autofocus', reply.body)
    assert reply.body.count("autofocus") == 1
    assert (await person.sends("rotate", again))[0].status == 200


async def test_without_a_reason_nothing_is_done(person: Person) -> None:
    _, form = await person.opens("rotate")
    reply, _ = await person.sends("rotate", form, reason="  ")
    assert (reply.status, person.regenerated()) == (422, 0)
    assert re.search(r'<input[^>]*id="reason"[^>]*autofocus', reply.body)


async def test_a_reason_with_markup_is_shown_as_text(person: Person) -> None:
    _, form = await person.opens("rotate")
    reply, again = await person.sends("rotate", form, confirm=MARKUP, reason=MARKUP)
    main = reply.body.partition("<main")[2].partition("</main>")[0]
    assert "<script" not in main
    assert "<img" not in main
    assert again.fields["reason"] == MARKUP


async def test_a_key_that_is_pasted_into_any_field_is_not_shown_again(person: Person) -> None:
    key = person.keys["key2"]
    _, form = await person.opens("rotate")
    reply, _ = await person.sends("rotate", form, reason=f"found {key}", confirm=key)
    assert reply.status == 422
    assert "found (left out)" in reply.body
    for field_name in ("key", "wait", key):
        await person.opens("leak", **{field_name: key})
    for field_name in ("environment", "soak", "latest"):
        await person.opens("arm", **{field_name: key})
    _, form = await person.opens("leak")
    assert (await person.sends("leak", form, **{key: "1"}))[0].status == 422


async def test_a_leaked_live_key_ends_and_the_page_says_when_it_was_last_accepted(person: Person) -> None:
    before = person.keys
    shown, form = await person.opens("leak")
    assert "Apps that do not are refused until they read it next, which may take 24 h." in said(shown)
    assert form.buttons["act"] == "End key 2 now"
    assert form.fields["key"] == "live"
    reply, _ = await person.sends("leak", form)
    assert reply.status == 200
    assert not person.works(before["key2"])
    assert f"{NAME}: the leaked key 2 does not work any more. Key 1 is live." in said(reply)
    assert "When each leaked key ended" in said(reply)
    assert re.search(r"key 2 [0-9a-f]{16} \w{3} \d\d \w{3} \d{4}, \d\d:\d\d:\d\d UTC", said(reply))


async def test_another_choice_of_key_is_shown_first_and_nothing_is_done(person: Person) -> None:
    before = person.keys
    _, form = await person.opens("leak")
    reply, again = await person.sends("leak", form, key="both")
    assert (reply.status, person.regenerated()) == (409, 0)
    assert again.buttons["act"] == "End both keys now"
    assert all(map(person.works, before.values()))
    assert (await person.sends("leak", again, confirm="both"))[0].status == 422
    assert (await person.sends("leak", again, confirm=""))[0].status == 422
    assert all(map(person.works, before.values()))
    reply, _ = await person.sends("leak", again)
    assert f"{NAME}: the leaked key 1 and key 2 do not work any more. A new key 1 is live." in said(reply)
    assert not any(map(person.works, before.values()))


async def test_the_address_says_which_key_and_so_does_the_aim_of_the_form(person: Person) -> None:
    _, form = await person.opens("leak", key="both", wait="PT30S", other="ignored")
    assert (form.fields["key"], form.fields["wait"]) == ("both", "PT30S")
    assert form.aim == f"/api/status/targets/{NAME}/leak?key=both&wait=PT30S"


async def test_a_choice_can_be_tried_without_losing_the_reason(
    person: Person, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    _, form = await person.opens("leak")
    reply, again = await person.sends("leak", form, key="both", do="show", confirm="")
    assert (reply.status, person.regenerated()) == (200, 0)
    assert (again.fields["key"], again.fields["reason"]) == ("both", "a drill")
    assert acts(caplog)[0]["result"] == "planned"


async def test_a_leak_that_is_sent_twice_ends_the_key_once(person: Person) -> None:
    _, form = await person.opens("leak")
    await person.sends("leak", form)
    done = person.regenerated()
    reply, _ = await person.sends("leak", form)
    assert (reply.status, person.regenerated()) == (200, done)


async def test_a_second_leak_says_that_apps_may_not_have_read_the_new_key_yet(person: Person) -> None:
    _, form = await person.opens("leak")
    await person.sends("leak", form)
    reply, _ = await person.opens("leak")
    assert "A leak of this target was reported" in said(reply)


async def test_a_limit_is_said_before_anything_is_typed(person: Person) -> None:
    for _ in range(5):
        _, form = await person.opens("leak")
        await person.sends("leak", form)
    reply, form = await person.opens("rotate")
    assert (
        "Not now: 5 rotations, leaks, trials and holds in one hour are what ROTATION_REQUESTS_PER_TARGET allows."
        in said(reply)
    )
    assert "act" not in form.buttons


async def test_a_leak_is_put_on_record_although_its_plan_cannot_be_shown(person: Person) -> None:
    person.world.faults.add("arm.listAccounts", "status", times=0, status=503)
    shown, form = await person.opens("leak")
    assert "What would happen cannot be shown now" in said(shown)
    assert form.fields["plan"] == "unseen"
    reply, _ = await person.sends("leak", form)
    assert (reply.status, len(reply.queued)) == (202, 1)
    assert "Accepted" in said(reply)
    assert len(person.world.blobs.list("key-rotation-leases", "leaks/")) == 1


async def test_a_leak_without_a_plan_is_shown_its_plan_as_soon_as_there_is_one(person: Person) -> None:
    rule = person.world.faults.add("arm.listAccounts", "status", times=0, status=503)
    _, form = await person.opens("leak")
    assert rule.struck
    person.world.faults.clear()
    reply, again = await person.sends("leak", form)
    assert (reply.status, person.regenerated()) == (409, 0)
    assert (await person.sends("leak", again))[0].status == 200


async def test_a_rotation_is_not_carried_out_without_a_plan_that_was_shown(person: Person) -> None:
    person.world.faults.add("arm.listKeys", "status", times=0, status=503)
    shown, form = await person.opens("rotate")
    assert "What would happen cannot be shown now" in said(shown)
    assert "act" not in form.buttons
    person.world.faults.clear()
    person.world.faults.add("arm.listKeys", "status", times=1, status=503)
    reply, _ = await person.sends("rotate", form)
    assert (reply.status, person.regenerated()) == (409, 0)


async def test_a_rotation_during_the_overlap_is_not_offered_and_says_until_when(person: Person) -> None:
    _, form = await person.opens("rotate")
    await person.sends("rotate", form)
    reply, form = await person.opens("rotate")
    assert "So there is nothing to do here now. Look again in 3 days" in said(reply)
    assert "act" not in form.buttons
    assert f'href="/api/status/targets/{NAME}/leak"' in reply.body


async def test_waiting_for_a_deployment_is_asked_and_taken_back(person: Person) -> None:
    shown, form = await person.opens("arm")
    assert "act" not in form.buttons
    assert "wrong" not in shown.body.partition("<main")[2]
    filled = {"environment": "production", "soak": "PT2H", "latest": "2099-01-31T18:00"}
    shown, form = await person.sends("arm", form, do="show", **filled)
    assert "is replaced after the next deployment to production" in said(shown)
    reply, _ = await person.sends("arm", form)
    assert (reply.status, person.regenerated()) == (200, 0)
    row = await person.parts.rotation.plan_turn(person.parts.target())
    assert row.situation is not None
    assert row.situation.awaited is not None
    assert (row.situation.awaited.environment, row.situation.awaited.soak) == ("production", timedelta(hours=2))
    _, form = await person.opens("disarm")
    assert (await person.sends("disarm", form))[0].status == 200
    row = await person.parts.rotation.plan_turn(person.parts.target())
    assert row.situation is not None
    assert row.situation.awaited is None


@pytest.mark.parametrize(
    ("name", "value"), [("environment", "pro duction"), ("soak", "P31D"), ("soak", "soon"), ("latest", "tomorrow")]
)
async def test_a_field_that_cannot_be_used_is_named_beside_it(person: Person, name: str, value: str) -> None:
    _, form = await person.opens("arm", environment="production")
    reply, again = await person.sends("arm", form, **{"environment": "production", name: value})
    assert reply.status == 422
    assert f'id="{name}-wrong"' in reply.body
    assert again.fields[name] == value
    assert "act" not in again.buttons


async def test_the_account_can_be_named_by_its_resource_id(person: Person) -> None:
    by_id = {"name": "-", "account": person.account.id}
    _, form = await person.opens("rotate", **by_id)
    assert form.aim.startswith("/api/status/targets/-/rotate?account=%2Fsubscriptions%2F")
    assert (await person.sends("rotate", form, **by_id))[0].status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://evil.example"},
        {"origin": "null"}, {"origin": ""}, {"sec-fetch-site": ""}, {"origin": "", "sec-fetch-site": ""},
    ],
    ids=str,
)  # fmt: skip
async def test_a_form_from_anywhere_else_is_refused_and_on_record(
    person: Person, caplog: pytest.LogCaptureFixture, headers: dict[str, str]
) -> None:
    caplog.set_level("INFO")
    _, form = await person.opens("leak")
    person.headers = {**person.headers, **headers}
    reply, _ = await person.sends("leak", form)
    assert (reply.status, reply.kind, person.regenerated()) == (403, "text/html", 0)
    (line,) = acts(caplog)
    assert (line["title"], line["route"], line["status"]) == ("CrossSite", "leak", 403)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_reader_is_told_which_role_is_missing_and_whom_to_ask(
    person: Person, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    caplog.set_level("INFO")
    _, form = await person.opens("rotate")
    person.headers = signed_in(Role.READER) | FROM_HERE
    reply, _ = await (person.opens("rotate") if method == "GET" else person.sends("rotate", form))
    assert (reply.status, person.regenerated()) == (403, 0)
    for sentence in ("ada@contoso.com is signed in.", "Rotation.Operator", "ask a person who gives out"):
        assert sentence in said(reply)
    assert acts(caplog)[0]["title"] == "RoleMissing"


async def test_an_operator_of_other_accounts_sees_no_form_and_does_nothing(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, form = await person.opens("leak")
    person.headers = {**person.headers, **signed_in(Role.OPERATOR, object_id=ADA)}
    monkeypatch.setenv(SETTING, f"{ADA}={person.parts.account(2).id}")
    for by in ({}, {"name": "-", "account": person.account.id}):
        shown, none = await person.opens("leak", **by)
        assert (shown.status, none.aim) == (403, "")
        reply, _ = await person.sends("leak", form, **by)
        assert reply.status == 403
    assert person.regenerated() == 0
    assert (await person.opens("leak", name=OTHER))[0].status == 200


async def test_where_callers_show_a_function_key_the_page_acts_on_nothing(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, form = await person.opens("rotate")
    monkeypatch.delenv(ENFORCED)
    shown, none = await person.opens("rotate")
    assert (shown.status, none.aim) == (200, "")
    assert "regenerate key 1" in said(shown)
    assert f"python -m cli rotate {NAME} --reason why" in said(shown)
    reply, _ = await person.sends("rotate", form)
    assert (reply.status, person.regenerated()) == (403, 0)
    assert "a key names nobody" in said(reply)


async def test_an_app_that_only_observes_offers_no_rotation_and_takes_a_leak_on_record(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(person.parts.rotation, "settings", replaced(person, mode=Mode.OBSERVE))
    shown, form = await person.opens("rotate")
    assert "This app only observes" in said(shown)
    assert "act" not in form.buttons
    _, form = await person.opens("leak")
    reply, _ = await person.sends("leak", form)
    assert (reply.status, person.regenerated()) == (409, 0)
    assert "ROTATION_MODE" in said(reply)
    assert len(person.world.blobs.list("key-rotation-leases", "leaks/")) == 1


def replaced(person: Person, **changes: Any) -> Any:
    from dataclasses import replace

    return replace(person.parts.rotation.settings, **changes)


async def test_an_error_of_azure_is_a_page_that_says_what_was_not_done(person: Person) -> None:
    _, form = await person.opens("rotate")
    person.world.faults.add("arm.regenerateKey", "status", times=0, status=403, code="AuthorizationFailed")
    reply, _ = await person.sends("rotate", form)
    assert (reply.status, reply.kind) == (502, "text/html")
    assert "GrantRole" in said(reply)
    assert "Next step:" in said(reply)
    assert "Idempotency-Key" not in said(reply)


BAD = [
    (b"{}", "application/json", 415),
    (b"reason=x", "text/plain", 415),
    (b"reason", FORM["content-type"], 400),
    (b"reason=%ff", FORM["content-type"], 400),
    (b"\xff=1", FORM["content-type"], 400),
    (b"reason=x&reason=y&id=a", FORM["content-type"], 422),
    (b"id=a&plan=unseen&shown=2026-01-01T00:00:00Z&key=both", FORM["content-type"], 422),
    (b"reason=x&confirm=account-001&do=act", FORM["content-type"], 422),
    (b"id=a&plan=x&shown=2026-01-01T00:00:00Z", FORM["content-type"], 422),
    (b"id=a&plan=unseen&shown=later", FORM["content-type"], 422),
    (b"id=" + b"x" * 20_000, FORM["content-type"], 413),
    (b"", FORM["content-type"], 422),
]


@pytest.mark.parametrize(("body", "kind", "status"), BAD, ids=lambda one: str(one)[:40])
async def test_a_form_that_no_page_of_this_app_made_is_refused(
    person: Person, body: bytes, kind: str, status: int
) -> None:
    headers = {**person.headers, "content-type": kind}
    reply = await serve(ROUTES["act_page"], Incoming("POST", NAME, body, headers, "call", act="rotate"))
    assert (reply.status, reply.kind, person.regenerated()) == (status, "text/html", 0)


async def test_what_the_page_cannot_do_and_whom_it_does_not_know_are_pages_as_well(person: Person) -> None:
    assert (await person.opens("sunset"))[0].status == 404
    assert (await person.opens("rotate", name="nobody"))[0].status == 404
    assert (await person._ask("DELETE", "rotate", b"", NAME, "", {}))[0].headers["Allow"] == "GET, POST"
    person.headers = FROM_HERE
    assert (await person.opens("rotate"))[0].status == 401
    assert {page.kind for page in person.pages} == {"text/html"}


async def checked(person: Person, **more: Any) -> None:
    """Take a turn of the target, as the check does that follows."""
    found = await person.parts.rotation.fleet.find_one(NAME)
    await person.parts.rotation.turn(found.target, ordered=True, **more)


async def test_a_trial_is_planned_by_its_form_and_called_off_by_another(
    person: Person, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    shown, form = await person.opens("trial", duration="PT1H")
    assert "Keys are switched off on" in said(shown)
    assert "every call with a key is refused with the status 403, also by apps that read the vault" in said(shown)
    assert form.buttons == {"show": "Show what would happen", "act": f"Plan the trial of {NAME}"}
    person.world.clock.advance(180)  # the first moment at which it can start is another one by now
    reply, _ = await person.sends("trial", form, reason="who still needs a key?")
    assert reply.status == 200, said(reply)
    assert f"{NAME}: a trial is planned." in said(reply)
    await checked(person)
    shown, form = await person.opens("end-trial")
    assert "The trial is called off. Keys stay on." in said(shown)
    assert "Whoever was told of the trial hears that it does not come." in said(shown)
    reply, _ = await person.sends("end-trial", form, confirm="")
    assert f"{NAME}: the trial is called off." in said(reply)
    assert [(one["route"], one["act"], one["result"]) for one in acts(caplog)] == [
        ("trial", "trial", "done"),
        ("trial", "end-trial", "done"),
    ]


async def test_a_trial_needs_the_name_of_its_target(person: Person) -> None:
    _, form = await person.opens("trial")
    reply, again = await person.sends("trial", form, confirm=OTHER)
    assert (reply.status, again.fields["confirm"]) == (422, OTHER)
    assert (await person.sends("trial", again))[0].status == 200


async def test_a_trial_that_runs_ends_by_its_form_without_a_typed_name(person: Person) -> None:
    _, form = await person.opens("trial")
    await person.sends("trial", form)
    await checked(person)
    person.world.clock.advance(timedelta(hours=25).total_seconds())
    await checked(person)
    assert person.account.disable_local_auth
    shown, form = await person.opens("end-trial")
    assert "confirm" not in form.fields
    assert "switch keys on again" in said(shown)
    reply, _ = await person.sends("end-trial", form)
    assert f"{NAME}: keys are on again. The trial is over." in said(reply)
    assert not person.account.disable_local_auth


async def test_another_length_is_shown_first_and_nothing_is_planned(person: Person) -> None:
    _, form = await person.opens("trial")
    reply, again = await person.sends("trial", form, duration="P1D")
    assert (reply.status, again.fields["duration"]) == (409, "P1D")
    reply, _ = await person.sends("trial", again)
    assert (reply.status, "a trial is planned" in said(reply)) == (200, True)


async def test_a_hold_is_set_and_lifted_by_their_forms(person: Person) -> None:
    until = person.world.clock.utcnow() + timedelta(days=20)
    shown, form = await person.opens("hold", until=f"{until:%Y-%m-%dT%H:%M}")
    assert "Rotations, ends of keys, trials and sunsets wait: it is on hold until" in said(shown)
    assert "confirm" not in form.fields
    assert (await person.sends("hold", form, reason=" "))[0].status == 422
    reply, _ = await person.sends("hold", form, reason="change freeze")
    assert f"{NAME}: it is on hold." in said(reply)
    assert "change freeze" in said(reply)
    shown, _ = await person.opens("rotate")
    assert "A leaked key does not wait for this" in said(shown)
    _, form = await person.opens("lift-hold")
    reply, _ = await person.sends("lift-hold", form)
    assert f"{NAME}: the hold is lifted." in said(reply)


@pytest.mark.parametrize(
    ("act", "field", "text", "says"),
    [
        ("hold", "until", "2020-01-01T00:00", "is not in the future."),
        ("hold", "until", "2090-01-01T00:00", "is more than 90 days ahead."),
        ("hold", "until", "tomorrow", "date, time and zone"),
        ("trial", "start", "2090-01-01T00:00", "days ahead."),
        ("trial", "duration", "P30D", "at least 15 minutes"),
    ],
)
async def test_what_does_not_fit_is_said_at_its_field_and_cannot_be_sent(
    person: Person, act: str, field: str, text: str, says: str
) -> None:
    reply, form = await person.opens(act, **{field: text})
    assert f'id="{field}-wrong"' in reply.body
    assert says in said(reply)
    assert "act" not in form.buttons


async def test_the_other_keys_value_ends_only_if_its_box_is_ticked(person: Person) -> None:
    _, form = await person.opens("rotate")
    await person.sends("rotate", form)  # from now on the overlap runs
    before = person.keys
    shown, form = await person.opens("rotate")
    assert "endOtherKey" not in form.fields
    assert "promised to work until" in said(shown)
    shown, form = await person.opens("rotate", endOtherKey="yes")
    assert form.fields["endOtherKey"] == "yes"
    assert "Apps that still use key 2 are refused at once." in said(shown)
    reply, _ = await person.sends("rotate", form)
    assert reply.status == 200, said(reply)
    assert not person.works(before["key2"])
    assert person.works(before["key1"])


async def test_what_follows_a_deployment_is_chosen_on_the_form(person: Person) -> None:
    shown, _ = await person.opens("arm", environment="production", then="end", soak="PT1H")
    assert "Give a soak time of PT24H or more." in said(shown) or "Give a soak time of P1D or more." in said(shown)
    shown, form = await person.opens("arm", environment="production", then="end", soak="P2D")
    assert "both old values end after the next deployment to production" in said(shown)
    assert "Apps with a copy of either key are refused once the time after the deployment is over." in said(shown)
    reply, _ = await person.sends("arm", form)
    assert reply.status == 200, said(reply)
    (vault,) = person.world.vaults.values()
    assert "then=end" in vault.get_secret(f"{NAME}-key").tags["key-rotation-armed"]
