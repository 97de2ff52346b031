"""One target's page: its sentence, both keys, what happens next and why, its past and settings, what one may do."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.decide.policies import decide
from shared.domain.orders import EndedBy, Hold, Orders, Trial
from shared.domain.publication import Origin
from shared.domain.requests import AwaitedDeployment
from shared.findings.facts import Facts
from shared.findings.verdict import Tone
from shared.fleet.history import History, history_of
from shared.turns.report import Row
from shared.web.callers import Caller
from shared.web.pages.links import Links
from shared.web.pages.render import render
from shared.web.pages.shell import shell_of
from shared.web.pages.target import SeenTarget, TargetPage, target_page_of
from tests.web.pages.fleets import CALLER, ENVIRONMENT, NOW, SAID, a_row, a_target, facts_of, misconfigured, settings
from tests.web.pages.reading import Reader
from tests.web.pages.surveys import AKS, CURL, a_survey, a_usage, an_entry, known

READER = Caller("reader@example.com", frozenset({"Rotation.Reader"}))
SIGNED_IN = {**SAID, **ENVIRONMENT}
WITH_KEYS = dict(SAID)
MARKUP = "<script>alert(1)</script>"


def view(row: Row, caller: Caller = CALLER, environment: dict[str, str] = SIGNED_IN, **seen: object) -> TargetPage:
    """Return the page of this row."""
    versions = [row.situation.seen.publication] if row.situation and row.situation.seen.publication else []
    known = {"tags": {}, "history": history_of(row.target, versions, NOW), **seen}
    looked = SeenTarget(facts_of([row]), **known)  # type: ignore[arg-type]
    return target_page_of(looked, caller, shell_of(caller, environment, Links(), NOW), environment)


def read(row: Row, caller: Caller = CALLER, environment: dict[str, str] = SIGNED_IN, **seen: object) -> Reader:
    page = view(row, caller, environment, **seen)
    return Reader(render("target.html", page=page, shell=page.shell))


def test_a_healthy_target_says_so_and_what_comes_next() -> None:
    page = view(a_row("chat", 10))
    assert (page.verdict.tone, page.verdict.sentence) == (Tone.GREEN, "chat is healthy. Nothing to do.")
    assert "Key 1 has been live for 10 days. A new key comes in 20 days" in page.verdict.detail
    assert [one.title for one in page.rules if one.mark == "next"] == ["A new key"]


def test_during_the_overlap_the_end_of_the_previous_key_comes_next() -> None:
    page = view(a_row("chat", 1, until=NOW + timedelta(days=2)))
    assert "Key 2 stops working in 2 days" in page.verdict.detail
    assert [one.title for one in page.rules if one.mark == "next"] == ["The end of the previous key"]


def test_a_due_target_names_the_rule_that_decides_and_the_rules_that_are_not_asked() -> None:
    page = view(a_row("chat", 31))
    marks = {one.title: one.mark for one in page.rules}
    assert (marks["Keys on the account"], marks["A new key"]) == ("passed", "decided")
    assert marks["The end of the previous key"] == "not-asked"
    assert page.reason == "due"


def test_a_sunset_within_the_notice_is_not_green() -> None:
    page = view(a_row(a_target("chat", sunset=NOW + timedelta(hours=20)), 10))
    assert page.verdict.tone is Tone.RED
    assert page.to_do.cards
    assert "A new key comes" not in page.verdict.detail, "no key works by then"


def test_a_misconfigured_target_is_shown_as_known_last_and_nothing_is_decided() -> None:
    found = read(misconfigured("chat"))
    assert "Shown as it was known last" in found.text
    assert "Nothing is decided" in found.text
    assert "'monthly' is not an ISO 8601 duration" in found.text
    assert view(misconfigured("chat")).verdict.tone is not Tone.GREEN


def test_an_operator_has_a_link_for_each_act() -> None:
    links = read(a_row("chat", 10)).links()
    assert [f"/api/status/targets/chat/{act}" in links for act in ("rotate", "leak", "arm")] == [True] * 3
    assert "/api/status/targets/chat/disarm" not in links, "it waits for no deployment"
    waiting = a_row("chat", 10, awaited=AwaitedDeployment("production"))
    assert "/api/status/targets/chat/disarm" in read(waiting).links()


@pytest.mark.parametrize(
    ("caller", "environment", "why"),
    [
        (READER, SIGNED_IN, "reader@example.com needs the role Rotation.Operator"),
        (CALLER, WITH_KEYS, "show a function key, which names nobody"),
    ],
    ids=["a reader", "a function key"],
)
def test_who_may_not_act_has_no_link_to_act_and_is_told_why(
    caller: Caller, environment: dict[str, str], why: str
) -> None:
    found = read(a_row("chat", 10), caller, environment)
    assert not [link for link in found.links() if "/status/targets/chat/" in link]
    assert why in found.text
    assert "python -m cli rotate chat --dry-run" in found.text


def test_each_setting_says_where_it_comes_from() -> None:
    tags = {"key-rotation": "on", "key-rotation-owner": "team@example.com"}
    page = view(a_row("chat", 10), environment={**SIGNED_IN, "ROTATION_OVERLAP": "P3D"}, tags=tags)
    origins = {one.name: one.origin for one in page.settings}
    assert (origins["Owner"], origins["Overlap"]) == ("tag key-rotation-owner", "ROTATION_OVERLAP")
    assert (origins["Vault"], origins["New key"]) == ("ROTATION_VAULT_URL", "default")


def test_the_setting_of_an_explicit_target_comes_from_its_entry() -> None:
    target = a_target("chat")
    entry = f'[{{"account": "{target.account}", "period": "P30D"}}]'
    page = view(a_row(target, 10), environment={**SIGNED_IN, "ROTATION_TARGETS": entry}, tags=None)
    origins = {one.name: one.origin for one in page.settings}
    assert (origins["New key"], origins["Overlap"]) == ("ROTATION_TARGETS", "default")


def test_what_happened_is_listed_with_its_fingerprint_and_who_wanted_it() -> None:
    row = a_row("chat", 10, origin=Origin.ROTATED)
    found = read(row)
    assert row.situation is not None
    assert row.situation.marks.live in found.text


def test_a_past_that_cannot_be_read_says_why() -> None:
    found = read(a_row("chat", 10), history=History(), no_history="Its past cannot be read. The vault refuses.")
    assert "Its past cannot be read. The vault refuses." in found.text


def test_text_from_outside_is_never_markup() -> None:
    target = a_target("chat", owner=MARKUP)
    text = render("target.html", page=(page := view(replace(a_row(target, 10)))), shell=page.shell)
    assert MARKUP not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_a_target_is_not_green_while_checks_are_late_or_nobody_is_told() -> None:
    late = view_of(facts_of([a_row("chat", 10)], minutes=5000))
    assert late.verdict.tone is Tone.RED
    assert "no check runs" in late.verdict.sentence
    untold = view_of(facts_of([a_row("chat", 10)], settings=settings(EVENT_GRID_TOPIC_ENDPOINT="")))
    assert untold.verdict.tone is Tone.AMBER


def test_an_end_that_waits_for_its_announcement_has_no_date() -> None:
    waits = view(a_row("chat", 5, until=NOW - timedelta(hours=1), announced=False))
    assert "Key 2 stops working once its announcement was accepted in time." in waits.verdict.detail
    assert "Key 2 stops working in" not in waits.verdict.detail


def test_a_target_that_was_asked_for_by_its_account_is_linked_by_its_account() -> None:
    row = a_row("chat", 10)
    shell = shell_of(CALLER, SIGNED_IN, Links(disputed=frozenset({"chat"})), NOW)
    page = target_page_of(SeenTarget(facts_of([row]), {}, History()), CALLER, shell, SIGNED_IN)
    links = [page.shell.again, page.json, *(one.link for one in page.acts)]
    assert all("/-" in link and "account=" in link for link in links)


def view_of(facts: Facts) -> TargetPage:
    """Return the page of the only row of these facts."""
    looked = SeenTarget(facts, {}, History())
    return target_page_of(looked, CALLER, shell_of(CALLER, SIGNED_IN, Links(), NOW), SIGNED_IN)


def test_the_page_does_not_load_itself_again_because_each_view_reads_the_keys() -> None:
    page = view(a_row("chat", 10))
    assert "data-refresh" not in render("target.html", page=page, shell=page.shell).partition("<script>")[0]


def seen_with(row: Row, facts: Facts) -> Reader:
    """Return the page of a target of which these facts are known."""
    shown = target_page_of(
        SeenTarget(facts, {}, History()), CALLER, shell_of(CALLER, SIGNED_IN, Links(), NOW), SIGNED_IN
    )
    return Reader(render("target.html", page=shown, shell=shown.shell))


def test_who_still_uses_keys_is_told_with_callers_days_and_the_next_step() -> None:
    row = a_row("chat", 10)
    usage = a_usage([1000] * 7 + [2000] * 7, callers=(AKS, CURL), silent=(20, 21), unclear=2, more_callers=1)
    found = seen_with(row, known(a_survey([an_entry("chat", usage)]), [row]))
    for said in (
        "Who still uses keys looked at 3 h ago, Tue 24 Nov 2026, 06:42 UTC",
        "Moving Used by 3 callers. Ask the callers to move to a managed identity",
        "21,000 calls with a key and 3,400 by identity in 35 days: 86 % of them with a key.",
        "Key calls in the last 7 days: ▼ 50 % less",
        "2 calls were logged without the properties that would name a caller",
        "aks-prod-west 10.40.12.* with openai-python 1.54",
        "203.0.113.* curl 8.5 3 calls less than 1 %",
        "and 1 other caller with a key",
        "1 caller by identity",
        "Tue 3 Nov nothing logged",
        "From the account’s log, up to Tue 24 Nov 2026, 09:22 UTC",
    ):
        assert said in found.text, said
    assert "On 2 days nothing was logged." in found.within("title")
    assert "/api/targets/chat/readiness" in found.links()


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (facts_of([]), "Nobody knows: no log of calls is configured. Set ROTATION_LOG_WORKSPACE_ID"),
        (known(None), "Nobody has looked yet: a check looks once a day"),
        (known(a_survey([an_entry("other")])), "The last survey did not see this account."),
        (known(a_survey([an_entry("chat")])), "Unknown because no call of any kind was logged within P35D."),
        (known(a_survey([an_entry("chat", a_usage())])), "No call with a key was logged, so all keys may end."),
        (known(a_survey([an_entry("chat", key_auth=False)])), "It accepts no keys."),
        (
            known(a_survey([an_entry("chat", a_usage(silent=range(5, 12)))])),
            "Unknown because nothing was logged from 2026-11-13 to 2026-11-19.",
        ),
    ],
    ids=["no log", "no survey", "not seen", "silent", "ready", "keyless", "a gap"],
)
def test_what_the_survey_does_not_tell_is_said(facts: Facts, said: str) -> None:
    row = a_row("chat", 10)
    assert said in seen_with(row, replace(facts, rows=[row])).text


def test_an_account_that_can_take_no_identity_has_the_command_that_mends_it() -> None:
    row = a_row("chat", 10)
    found = seen_with(row, known(a_survey([an_entry("chat", a_usage([1]), takes_identity=False)]), [row]))
    assert "Cannot take an identity: it has no custom subdomain" in found.text
    assert "az cognitiveservices account update" in found.text
    assert "--custom-domain chat-prod" in found.text


def test_an_auditor_is_led_to_who_can_read_the_keys_and_to_copies() -> None:
    auditor = Caller("lise@example.com", frozenset({"Rotation.Auditor"}))
    links = read(a_row("chat", 10), auditor).links()
    assert {"/api/status/readers?target=chat", "/api/status/copies?target=chat", "/api/status/readers"} <= set(links)


@pytest.mark.parametrize(("environment", "why"), [(SIGNED_IN, "Rotation.Auditor"), (WITH_KEYS, "who is signed in")])
def test_others_are_told_why_not_and_get_the_commands(environment: dict[str, str], why: str) -> None:
    found = read(a_row("chat", 10), READER, environment)
    assert not [link for link in found.links() if "status/readers" in link or "status/copies" in link]
    assert why in found.text
    assert "python -m cli readers chat" in found.text


PLANNED = Trial("t-1", "ada", "who needs a key?", NOW + timedelta(days=5), timedelta(hours=4))
BEGUN = replace(PLANNED, begun=NOW - timedelta(hours=1), off=NOW - timedelta(hours=1))
FREEZE = Hold(NOW + timedelta(days=20), "change freeze", "ada", NOW, "h-1")


def ordered(orders: Orders, *, key_auth: bool = True, **facts: object) -> Row:
    """Return the row of a target with these standing orders, as it is decided now."""
    row = a_row("chat", 10)
    assert row.situation is not None
    keys = row.situation.seen.keys if key_auth else {}
    seen = replace(row.situation.seen, orders=orders, key_auth=key_auth, keys=keys)
    plan = decide(seen, row.target, NOW)
    return replace(row, situation=replace(row.situation, seen=seen), plan=plan, outstanding=(), **facts)


def shown(row: Row, caller: Caller = CALLER) -> tuple[str, list[str]]:
    """Return what the page says of standing orders, and the acts that it links."""
    page = read(row, caller)
    acts = [one.rpartition("/")[2] for one in page.links() if one.startswith("/api/status/targets/chat/")]
    return page.text, acts


def test_without_standing_orders_a_trial_and_a_hold_can_be_asked_for() -> None:
    text, acts = shown(a_row("chat", 10))
    assert "Ordered by a person" not in text
    assert {"trial", "hold"} <= set(acts)
    assert not {"end-trial", "lift-hold"} & set(acts)


def test_a_planned_trial_is_shown_with_its_start_and_can_be_called_off() -> None:
    text, acts = shown(ordered(Orders(PLANNED)))
    for sentence in ("A trial is planned", "Keys are switched off in 5 days", "Asked for by ada: who needs a key?"):
        assert sentence in text
    assert "Call the trial off" in text
    assert "trial" not in acts


def test_a_trial_that_runs_is_shown_with_its_end_and_the_calls_that_it_refused() -> None:
    text, acts = shown(ordered(Orders(BEGUN), key_auth=False, refused=12))
    for sentence in (
        "A trial runs: keys are off",
        "Keys are switched on again in 3 h",
        "12 calls were refused so far.",
    ):
        assert sentence in text
    assert "End the trial now" in text
    assert "end-trial" in acts
    assert "chat (keys are off for a trial)" in text


def test_who_may_not_act_sees_a_trial_and_no_way_to_end_it() -> None:
    text, acts = shown(ordered(Orders(BEGUN), key_auth=False), READER)
    assert "A trial runs: keys are off" in text
    assert acts == []


def test_a_trial_that_has_ended_says_since_when_and_how_many_calls_were_refused() -> None:
    ended = replace(BEGUN, ended=NOW - timedelta(minutes=5), ended_by=EndedBy.TIME, refused=1, proven=True)
    text, _ = shown(ordered(Orders(ended)))
    assert "A trial has ended" in text
    assert "1 call was refused." in text


def test_a_hold_is_shown_with_its_end_and_can_be_lifted() -> None:
    text, acts = shown(ordered(Orders(hold=FREEZE)))
    assert "On hold" in text
    assert "It ends in 20 days" in text
    assert "Asked for by ada: change freeze" in text
    assert "lift-hold" in acts
    assert "hold" not in acts
