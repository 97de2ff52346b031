"""Every finding of `audit`: what causes it, its code and severity; and a healthy fleet, which has none."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import shared.fleet.survey
from lab.emulator.shipped import shipped_roles
from lab.simulation.builders import a_target
from shared.adapters.blob_lease import blob_name
from shared.adapters.blob_view import NAME as VIEW_BLOB
from shared.adapters.blob_view import READINESS as SURVEY_BLOB
from shared.domain.errors import GrantRole
from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.many import ManyRequest, ManyTarget
from shared.domain.model import AccountId
from shared.domain.names import LEASE_CONTAINER
from shared.domain.orders import Hold, Orders, Trial
from shared.domain.publication import Origin
from shared.domain.requests import LeakRequest, Requester, RotateRequest
from shared.domain.times import stamp
from shared.domain.told import CarriedOver, Happened, Told
from shared.findings.codes import Code, Severity
from shared.findings.meanings import MEANINGS
from shared.fleet.view import View
from shared.readiness.kept import AskedSettings, KeptSurvey, packed_survey
from shared.readiness.kinds import Entry
from shared.settings.storage import Storage
from shared.turns.many import request_text
from shared.turns.message import Message
from shared.turns.orders import orders_name, orders_text
from shared.turns.secret_notes import SecretNote
from shared.turns.trouble import TROUBLES, error_data
from tests.cli.conftest import ROOT, Printed, Terminal, add
from tests.support.reading import ELSEWHERE
from tests.support.rights import OWNER
from tests.support.rights import add as add_person
from tests.support.surveys import a_survey, a_usage, an_entry

NOW = datetime.now(UTC)
NEXT_YEAR = f"{NOW.year + 1}-01-31"
CLOSED = {"defaultAction": "Deny", "ipRules": [{"value": "127.0.0.1"}]}  # to the internet; open to this machine


@pytest.fixture
def healthy(terminal: Terminal) -> Terminal:
    """Two targets without findings."""
    for name in ("chat", "search"):
        terminal.account(name).tags |= {"key-rotation-sunset": NEXT_YEAR}
        terminal.account(name).network_acls = CLOSED
        terminal.publish(name, days_ago=1)
    return terminal


def codes(printed: Printed) -> dict[str, str]:
    """Return the target of each finding, by code."""
    return {finding["code"]: finding["target"] for finding in printed.data["findings"]}


def test_a_healthy_fleet_has_no_findings(healthy: Terminal) -> None:
    looked, rights = "1 subscription of the settings", "1 of 1 subscription"
    said = f"Accounts were looked for in {looked}. Roles that show keys were looked for in {rights}."
    printed = healthy.type("audit")
    assert (printed.code, printed.out) == (0, f"No findings.\n{said}\n")
    assert healthy.json("audit").data == {"scope": looked, "rights": rights, "findings": []}


def no_topic(terminal: Terminal) -> None:
    terminal.set(EVENT_GRID_TOPIC_ENDPOINT=None)


def no_listener(terminal: Terminal) -> None:
    terminal.topic.subscribers.clear()


def a_listener_that_refuses_events(terminal: Terminal) -> None:
    team = terminal.topic.subscribe("team")
    terminal.topic.subscribe("other")
    team.deliveries.append((NOW.timestamp() - 3600, False))


def no_right_to_see_listeners(terminal: Terminal) -> None:
    terminal.world.directory.revoke("app", shipped_roles()["announcementReader"].name)


def observe_mode(terminal: Terminal) -> None:
    terminal.set(ROTATION_MODE="observe")


def account_without_tags(terminal: Terminal) -> None:
    add(terminal.world, "legacy", network_acls=CLOSED)


def foundry_account_without_tags(terminal: Terminal) -> None:
    add(terminal.world, "legacy", network_acls=CLOSED, kind="AIServices")


def account_tagged_off(terminal: Terminal) -> None:
    add(terminal.world, "legacy", network_acls=CLOSED, tags={"key-rotation": "off"})


def invalid_tag(terminal: Terminal) -> None:
    terminal.account().tags |= {"key-rotation-period": "monthly"}


def unreadable_secret(terminal: Terminal) -> None:
    terminal.world.faults.add(
        "kv.getSecret", "status", target="chat", times=0, status=403, code="Forbidden", inner="ForbiddenByRbac"
    )


def vault_of_access_policies(terminal: Terminal) -> None:
    terminal.world.faults.add("kv.getSecret", "status", target="chat", times=0, status=403, inner="AccessDenied")


def locked_account(terminal: Terminal) -> None:
    terminal.world.restrictions.locked.add(terminal.account().id)


def account_whose_change_failed(terminal: Terminal) -> None:
    add(terminal.world, "legacy", network_acls=CLOSED, state="Failed", disable_local_auth=True)


def account_that_is_being_made(terminal: Terminal) -> None:
    """It passes, so there is no finding but the one that no key of it could be listed."""
    terminal.account().state = "Creating"


def account_of_another_kind(terminal: Terminal) -> None:
    terminal.account().kind = "SpeechServices"


def unlistable_subscription(terminal: Terminal) -> None:
    terminal.world.faults.add("arm.listAccounts", "status", times=0, status=403, code="AuthorizationFailed")


def throttled(terminal: Terminal, since: timedelta) -> None:
    now = datetime.now(UTC)
    facts = {"where": "/subscriptions/s", "since": stamp(now - since), "until": stamp(now)}
    terminal.world.blobs.create_container(LEASE_CONTAINER)
    terminal.world.blobs.put(LEASE_CONTAINER, "throttled/s", b"", metadata=facts)


def throttled_for_an_hour(terminal: Terminal) -> None:
    throttled(terminal, timedelta(hours=1))


def many_left(terminal: Terminal) -> None:
    """A request for many ended seven days after it was made, and one account of it is left."""
    now = datetime.now(UTC)
    one = ManyTarget("chat", AccountId.parse(terminal.account().id))
    many = ManyRequest("0" * 32, RotateRequest(by="ada"), now - timedelta(days=8), "mark", (one,))
    terminal.world.blobs.create_container(LEASE_CONTAINER)
    for name, text in {many.id: request_text(many), f"{many.id}/ended/{stamp(now)}": ""}.items():
        terminal.world.blobs.put(LEASE_CONTAINER, f"rotations/{name}", text.encode())


def deleted_secret(terminal: Terminal) -> None:
    terminal.vault.delete_secret("chat-key")


def disabled_secret(terminal: Terminal) -> None:
    terminal.vault.update_secret("chat-key", terminal.vault.get_secret("chat-key").version, enabled=False)


def secret_of_another_account(terminal: Terminal) -> None:
    latest = terminal.vault.get_secret("chat-key")
    terminal.vault.update_secret("chat-key", latest.version, tags={**latest.tags, "ProviderAddress": "/another"})


def nothing_published(terminal: Terminal) -> None:
    terminal.vault.secrets.clear()
    terminal.publish("search", days_ago=1)


def live_key_regenerated_by_hand(terminal: Terminal) -> None:
    terminal.world.accounts.regenerate(terminal.account().id, "key1")


def overdue_rotation(terminal: Terminal) -> None:
    terminal.publish(days_ago=31)


def previous_key_past_its_end(terminal: Terminal) -> None:
    terminal.publish(days_ago=5, until=NOW - timedelta(days=1))


def leaked_key(terminal: Terminal) -> None:
    terminal.publish(days_ago=1, until=NOW, leaked=True)


def adopted_key(terminal: Terminal) -> None:
    terminal.publish(days_ago=1, origin=Origin.ADOPTED)


def unproven_key(terminal: Terminal) -> None:
    terminal.publish(days_ago=1, unproven=True)


def unaccepted_announcement(terminal: Terminal) -> None:
    carried = CarriedOver(Happened.ENDED, KeySlot.KEY2, Fingerprint("0" * 16), NOW)
    terminal.publish(days_ago=1, told=Told(origin=True, carried_over=(carried,)), requester=Requester(by="ada"))


def no_expiry_date(terminal: Terminal) -> None:
    latest = terminal.vault.get_secret("chat-key")
    terminal.vault.set_secret("chat-key", latest.value, tags=latest.tags)


def period_of_another_writer(terminal: Terminal) -> None:
    latest = terminal.vault.get_secret("chat-key")
    tags = {name: text for name, text in latest.tags.items() if not name.startswith("key-rotation-")}
    terminal.vault.set_secret("chat-key", latest.value, tags={**tags, "ValidityPeriodDays": "60"}, expires=NOW)


def no_owner(terminal: Terminal) -> None:
    del terminal.account().tags["key-rotation-owner"]


def no_sunset(terminal: Terminal) -> None:
    del terminal.account().tags["key-rotation-sunset"]


def sunset_past(terminal: Terminal) -> None:
    terminal.account().tags |= {"key-rotation-sunset": "2026-01-31"}


def long_period(terminal: Terminal) -> None:
    terminal.account().tags |= {"key-rotation-period": "P180D"}


def a_copy_that_somebody_typed_in(terminal: Terminal) -> None:
    terminal.account().tags |= {"key-rotation-consumers": "app-service-reference,typed-in"}


def fleet_too_large_to_observe(terminal: Terminal) -> None:
    terminal.monkeypatch.setattr(shared.fleet.survey, "MOST_OBSERVED", 1)


def proof_not_required(terminal: Terminal) -> None:
    account = terminal.account().id
    terminal.set(
        ROTATION_TARGETS=f'[{{"account": "{account}", "proof": "prefer", "owner": "a", "sunset": "{NEXT_YEAR}"}}]'
    )


def note(terminal: Terminal, name: str, text: str) -> None:
    """Write a note of the app into its storage."""
    blobs = terminal.world.blobs
    if LEASE_CONTAINER not in blobs.containers:
        blobs.create_container(LEASE_CONTAINER)
    blobs.put(LEASE_CONTAINER, name, text.encode())


def leak_on_record(terminal: Terminal) -> None:
    note(terminal, "leaks/1", Message("chat", NOW, request=LeakRequest(by="ada")).text())


def ordered(terminal: Terminal, orders: Orders, *, keys_off: bool = False) -> None:
    """Keep standing orders about the account of chat."""
    account = AccountId.parse(terminal.account().id)
    note(terminal, orders_name(account), orders_text(replace(a_target(), account=account), orders))
    terminal.account().disable_local_auth = keys_off


BEGUN = NOW - timedelta(hours=1)
RUNS = Trial("t-1", "ada", "who needs a key?", BEGUN, timedelta(days=1), begun=BEGUN, off=BEGUN, told_start=True)


def a_trial_that_runs(terminal: Terminal) -> None:
    ordered(terminal, Orders(RUNS), keys_off=True)


def a_trial_that_cannot_end(terminal: Terminal) -> None:
    ordered(terminal, Orders(replace(RUNS, length=timedelta(minutes=30), tried=NOW)), keys_off=True)


def a_leak_in_a_trial(terminal: Terminal) -> None:
    ordered(terminal, Orders(replace(RUNS, leaked=frozenset({Fingerprint.of("a key")}))), keys_off=True)


def a_hold(terminal: Terminal) -> None:
    ordered(terminal, Orders(hold=Hold(NOW + timedelta(days=9), "change freeze", "ada", NOW, "h-1")))


def keys_that_somebody_else_switched_off(terminal: Terminal) -> None:
    terminal.account().disable_local_auth = True


def another_app(terminal: Terminal) -> None:
    terminal.publish(days_ago=5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Storage, "mark", "0badcafe")
        assert terminal.type("rotate", "chat").code == 0


def another_writer(terminal: Terminal) -> None:
    target = f"{terminal.vault.url}/secrets/chat-key"
    lost = SecretNote(target, lost=(NOW - timedelta(days=1), NOW))
    note(terminal, "notes/secrets/1", lost.text(a_target()))


def enrolling_tag_taken_away(terminal: Terminal) -> None:
    note(terminal, blob_name(terminal.account().id.casefold()), "")  # its lease, from an earlier turn
    del terminal.account().tags["key-rotation"]


def sunset_near(terminal: Terminal) -> None:
    in_days = NOW + timedelta(days=3)
    terminal.account().tags |= {"key-rotation-sunset": f"{in_days:%Y-%m-%d}"}


def healed_drift(terminal: Terminal) -> None:
    terminal.publish(days_ago=0.5, origin=Origin.HEALED)


def keys_that_came_back(terminal: Terminal) -> None:
    terminal.publish(days_ago=0.5, origin=Origin.ADOPTED, told=Told(origin=True, ends=1))


def kept_by_a_check(terminal: Terminal, before: timedelta, **facts: object) -> None:
    """Write the view that a check has left, and when the next one was due."""
    seen, now = datetime.now(UTC) - before, datetime.now(UTC)
    view = View(**{"seen_at": seen, "next_at": min(seen + timedelta(minutes=10), now), **facts})  # type: ignore[arg-type]
    if LEASE_CONTAINER not in terminal.world.blobs.containers:
        terminal.world.blobs.create_container(LEASE_CONTAINER)
    terminal.world.blobs.put(LEASE_CONTAINER, VIEW_BLOB, view.packed())


def surveyed(terminal: Terminal, entry: Entry, asked: Mapping[str, AskedSettings] | None = None) -> None:
    """Keep a survey of readiness that found this about an account, and asked this of its diagnostic settings."""
    terminal.set(ROTATION_LOG_WORKSPACE_ID=terminal.world.workspace.id)
    if LEASE_CONTAINER not in terminal.world.blobs.containers:
        terminal.world.blobs.create_container(LEASE_CONTAINER)
    kept = packed_survey(KeptSurvey(a_survey(entry, at=NOW), asked or {}))
    terminal.world.blobs.put(LEASE_CONTAINER, SURVEY_BLOB, kept)


def unused_keys(terminal: Terminal) -> None:
    surveyed(terminal, an_entry("quiet", a_usage(until=NOW)))


def unknown_use(terminal: Terminal) -> None:
    surveyed(terminal, an_entry("quiet"))


def account_without_a_log(terminal: Terminal) -> None:
    entry = an_entry("quiet")
    surveyed(terminal, entry, {str(entry.account).casefold(): AskedSettings(NOW, ())})


def account_open_to_the_internet(terminal: Terminal) -> None:
    terminal.account().network_acls = None


def a_role_on_the_subscription(terminal: Terminal) -> None:
    add_person(terminal.world, "ada")
    terminal.world.directory.assign("ada", OWNER.name, f"/subscriptions/{terminal.world.subscription}")


def account_without_subdomain(terminal: Terminal) -> None:
    surveyed(terminal, an_entry("quiet", takes_identity=False))


def checks_that_stopped(terminal: Terminal) -> None:
    kept_by_a_check(terminal, timedelta(hours=2))


def announcements_that_nobody_takes(terminal: Terminal) -> None:
    terminal.publish(days_ago=1, told=Told())
    account = terminal.account().id.casefold()
    kept_by_a_check(terminal, timedelta(minutes=5), owing={account: NOW - timedelta(hours=1)})


def turns_that_fail(terminal: Terminal) -> None:
    account = AccountId.parse(terminal.account().id)
    error = GrantRole("chat", "it may not regenerate keys.")
    note(
        terminal, TROUBLES + hashlib.sha256(str(account).casefold().encode()).hexdigest(), json.dumps(error_data(error))
    )


CASES: list[tuple[Callable[[Terminal], None], Code, str]] = [
    (no_topic, Code.NOBODY_IS_TOLD, "EVENT_GRID_TOPIC_ENDPOINT"),
    (no_listener, Code.NOBODY_LISTENS, "announcements"),
    (a_listener_that_refuses_events, Code.DELIVERIES_FAIL, "announcements"),
    (no_right_to_see_listeners, Code.LISTENERS_UNKNOWN, "announcements"),
    (observe_mode, Code.NOTHING_IS_DONE, "ROTATION_MODE"),
    (account_without_tags, Code.NOT_ENROLLED, "/legacy"),
    (foundry_account_without_tags, Code.NOT_ENROLLED, "/legacy"),
    (account_tagged_off, Code.NOT_ENROLLED, "/legacy"),
    (invalid_tag, Code.NOT_ENROLLABLE, "/chat"),
    (unreadable_secret, Code.UNSEEN, "chat"),
    (vault_of_access_policies, Code.REFUSED, "chat"),
    (locked_account, Code.REFUSED, "chat"),
    (account_whose_change_failed, Code.NOT_READY, "/legacy"),
    (account_that_is_being_made, Code.UNSEEN, "chat"),
    (account_of_another_kind, Code.NOT_ENROLLABLE, "/chat"),
    (unlistable_subscription, Code.UNSEEN, "subscription "),
    (throttled_for_an_hour, Code.THROTTLED, "/subscriptions/s"),
    (many_left, Code.MANY_LEFT, "rotations 000"),
    (deleted_secret, Code.SECRET_DELETED, "chat"),
    (disabled_secret, Code.SECRET_DISABLED, "chat"),
    (secret_of_another_account, Code.SECRET_FOREIGN, "chat"),
    (nothing_published, Code.NOT_PUBLISHED, "chat"),
    (live_key_regenerated_by_hand, Code.PUBLISHED_KEY_DEAD, "chat"),
    (leak_on_record, Code.LEAK_NOT_ENDED, "chat"),
    (another_writer, Code.OTHER_WRITER, "chat"),
    (a_trial_that_runs, Code.TRIAL_RUNS, "chat"),
    (a_trial_that_cannot_end, Code.TRIAL_CANNOT_END, "chat"),
    (a_leak_in_a_trial, Code.TRIAL_WAITS_FOR_YOU, "chat"),
    (a_hold, Code.ON_HOLD, "chat"),
    (keys_that_somebody_else_switched_off, Code.KEYS_OFF_BY_OTHERS, "chat"),
    (another_app, Code.ANOTHER_APP, "chat"),
    (enrolling_tag_taken_away, Code.LEFT, "chat"),
    (overdue_rotation, Code.ROTATION_OVERDUE, "chat"),
    (previous_key_past_its_end, Code.PREVIOUS_KEY_WORKS, "chat"),
    (leaked_key, Code.LEAKED_KEY_WORKS, "chat"),
    (adopted_key, Code.NEVER_ROTATED, "chat"),
    (unproven_key, Code.UNPROVEN, "chat"),
    (unaccepted_announcement, Code.UNTOLD, "chat"),
    (no_expiry_date, Code.SECRET_WITHOUT_EXPIRY, "chat"),
    (period_of_another_writer, Code.PERIOD_DIFFERS, "chat"),
    (no_owner, Code.NO_OWNER, "chat"),
    (unused_keys, Code.KEYS_UNUSED, "/quiet"),
    (unknown_use, Code.USE_UNKNOWN, "/quiet"),
    (account_without_a_log, Code.NO_CALL_LOG, "/quiet"),
    (account_open_to_the_internet, Code.OPEN_TO_THE_INTERNET, "/chat"),
    (a_role_on_the_subscription, Code.KEY_ROLES_AT_SUBSCRIPTION, "subscription "),
    (account_without_subdomain, Code.NO_CUSTOM_SUBDOMAIN, "/quiet"),
    (no_sunset, Code.NO_SUNSET, "chat"),
    (sunset_past, Code.SUNSET_PAST, "chat"),
    (sunset_near, Code.SUNSET_NEAR, "chat"),
    (healed_drift, Code.DRIFT_HEALED, "chat"),
    (keys_that_came_back, Code.KEYS_BACK_ON, "chat"),
    (checks_that_stopped, Code.CHECKS_LATE, "checks"),
    (announcements_that_nobody_takes, Code.ANNOUNCEMENTS_OUTSTANDING, "chat"),
    (turns_that_fail, Code.TURNS_FAIL, "chat"),
    (long_period, Code.LONG_LIVED, "chat"),
    (a_copy_that_somebody_typed_in, Code.NEVER_NOTICES, "chat"),
    (fleet_too_large_to_observe, Code.PRESUMED, "fleet"),
    (proof_not_required, Code.PROOF_NOT_REQUIRED, "chat"),
]


@pytest.mark.parametrize(("cause", "code", "target"), CASES, ids=[cause.__name__ for cause, _, _ in CASES])
def test_each_fault_is_exactly_one_finding_with_its_code_and_severity(
    healthy: Terminal, cause: Callable[[Terminal], None], code: Code, target: str
) -> None:
    cause(healthy)
    printed = healthy.json("audit")
    assert printed.code == 3
    [finding] = printed.data["findings"]
    assert finding["code"] == code
    assert finding["severity"] == MEANINGS[code].severity
    assert target in finding["target"]
    assert finding["says"].endswith(".")
    assert finding["nextStep"]


def test_a_wait_of_less_than_an_hour_is_not_a_finding(healthy: Terminal) -> None:
    throttled(healthy, timedelta(minutes=50))
    assert healthy.json("audit").data["findings"] == []


def test_every_code_has_a_case_above() -> None:
    assert {code for _, code, _ in CASES} == set(Code)


def test_a_target_that_began_with_a_fresh_key_is_not_reported_as_never_rotated(healthy: Terminal) -> None:
    healthy.vault.secrets.pop("chat-key")
    healthy.begin_afresh()
    assert healthy.vault.get_secret("chat-key").tags["key-rotation-origin"].startswith("adopted ")
    assert healthy.json("audit").data["findings"] == []


def test_a_key_published_by_hand_is_reported_as_never_rotated_even_if_a_fresh_one_was_configured(
    healthy: Terminal,
) -> None:
    healthy.vault.secrets.pop("chat-key")
    healthy.vault.set_secret("chat-key", healthy.account().keys["key2"].value)
    healthy.begin_afresh()
    assert "never-rotated" in codes(healthy.json("audit"))


def test_an_account_with_key_authentication_disabled_is_not_a_finding(healthy: Terminal) -> None:
    add(healthy.world, "entra-only", disable_local_auth=True)
    add(healthy.world, "speech", kind="SpeechServices")
    healthy.vault.secrets.pop("search-key")
    healthy.account("search").disable_local_auth = True
    assert healthy.json("audit").data["findings"] == []


def test_a_wider_scope_finds_accounts_in_subscriptions_that_nobody_searches(healthy: Terminal) -> None:
    world = healthy.world
    world.accounts.add("far", subscription=ELSEWHERE, network_acls=CLOSED)
    world.accounts.add("far-and-keyless", subscription=ELSEWHERE, disable_local_auth=True)
    world.directory.group("prod", ELSEWHERE)
    assert healthy.json("audit").data["findings"] == []
    healthy.set(ROTATION_AUDIT_SCOPE="prod")
    printed = healthy.json("audit")
    assert [(one["code"], one["account"].rpartition("/")[2]) for one in printed.data["findings"]] == [
        ("not-enrolled", "far")
    ]
    assert printed.data["scope"] == (
        "1 subscription of the settings, and management group prod (2 accounts in 1 subscription that this identity "
        "can read, by Resource Graph)"
    )
    assert healthy.type("audit").lines[-1].startswith(f"Accounts were looked for in {printed.data['scope']}. ")


def test_a_scope_that_cannot_be_seen_is_a_finding_with_its_next_step(healthy: Terminal) -> None:
    healthy.set(ROTATION_AUDIT_SCOPE="prdo")
    printed = healthy.json("audit")
    [finding] = printed.data["findings"]
    assert "no management group of that name" in finding["says"]
    assert "by their names" in finding["nextStep"]
    assert printed.data["scope"].endswith("management group prdo (not seen)")


def test_an_account_that_nobody_enrolled_is_first_to_be_looked_at_and_its_keys_switched_off(healthy: Terminal) -> None:
    account_without_tags(healthy)
    [finding] = healthy.json("audit").data["findings"]
    step = finding["nextStep"]
    assert step.index("readiness") < step.index("switch them off") < step.index("identity") < step.index("key-rotation")


def test_the_most_severe_finding_comes_first_and_each_next_step_is_printed_once(healthy: Terminal) -> None:
    no_owner(healthy)
    del healthy.account("search").tags["key-rotation-owner"]
    leaked_key(healthy)
    printed = healthy.type("audit")
    assert [line.split()[0] for line in printed.lines[1:4]] == ["critical", "low", "low"]
    assert sum(line.startswith("  no-owner: ") for line in printed.lines) == 1


def test_the_page_lists_every_finding_with_its_severity() -> None:
    page = Path(ROOT / "docs" / "command-line.md").read_text()
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (critical|high|medium|low) \|", page, re.MULTILINE))
    assert rows == {code.value: MEANINGS[code].severity.value for code in Code}
    assert set(rows.values()) == {severity.value for severity in Severity}
