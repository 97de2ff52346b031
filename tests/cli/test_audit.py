"""Every finding: what makes it, its code and severity, and a fleet in order that makes none."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import shared.fleet.rotation
from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.publication import Origin
from shared.domain.requests import Requester
from shared.domain.told import CarriedOver, Happened, Told
from shared.findings.kinds import MEANINGS, Code, Severity
from tests.cli.conftest import ROOT, Said, Terminal, add

NOW = datetime.now(UTC)
NEXT_YEAR = f"{NOW.year + 1}-01-31"


@pytest.fixture
def in_order(terminal: Terminal) -> Terminal:
    """A fleet without findings."""
    for name in ("chat", "search"):
        terminal.account(name).tags |= {"key-rotation-sunset": NEXT_YEAR}
        terminal.publish(name, days_ago=1)
    return terminal


def codes(said: Said) -> dict[str, str]:
    return {finding["code"]: finding["target"] for finding in said.data["findings"]}


def test_a_fleet_in_order_has_no_findings(in_order: Terminal) -> None:
    assert (in_order.type("audit").code, in_order.type("audit").out) == (0, "No findings.\n")
    assert in_order.json("audit").data == {"findings": []}


def no_topic(terminal: Terminal) -> None:
    terminal.set(EVENT_GRID_TOPIC_ENDPOINT=None)


def observing(terminal: Terminal) -> None:
    terminal.set(ROTATION_MODE="observe")


def stranger(terminal: Terminal) -> None:
    add(terminal.world, "legacy")


def foundry(terminal: Terminal) -> None:
    add(terminal.world, "legacy", kind="AIServices")


def tagged_off(terminal: Terminal) -> None:
    add(terminal.world, "legacy", tags={"key-rotation": "off"})


def bad_tag(terminal: Terminal) -> None:
    terminal.account().tags |= {"key-rotation-period": "monthly"}


def unreadable(terminal: Terminal) -> None:
    terminal.world.faults.add("kv.getSecret", "status", target="chat", times=0, status=403, code="Forbidden")


def unlistable(terminal: Terminal) -> None:
    terminal.world.faults.add("arm.listAccounts", "status", times=0, status=403, code="AuthorizationFailed")


def deleted(terminal: Terminal) -> None:
    terminal.vault.delete_secret("chat-key")


def disabled(terminal: Terminal) -> None:
    terminal.vault.update_secret("chat-key", terminal.vault.get_secret("chat-key").version, enabled=False)


def foreign(terminal: Terminal) -> None:
    latest = terminal.vault.get_secret("chat-key")
    terminal.vault.update_secret("chat-key", latest.version, tags={**latest.tags, "ProviderAddress": "/another"})


def unpublished(terminal: Terminal) -> None:
    terminal.vault.secrets.clear()
    terminal.publish("search", days_ago=1)


def drifted(terminal: Terminal) -> None:
    terminal.world.accounts.regenerate(terminal.account().id, "key1")


def overdue(terminal: Terminal) -> None:
    terminal.publish(days_ago=31)


def overlap_over(terminal: Terminal) -> None:
    terminal.publish(days_ago=5, until=NOW - timedelta(days=1))


def leaked(terminal: Terminal) -> None:
    terminal.publish(days_ago=1, until=NOW, leaked=True)


def adopted(terminal: Terminal) -> None:
    terminal.publish(days_ago=1, origin=Origin.ADOPTED)


def unproven(terminal: Terminal) -> None:
    terminal.publish(days_ago=1, unproven=True)


def untold(terminal: Terminal) -> None:
    carried = CarriedOver(Happened.ENDED, KeySlot.KEY2, Fingerprint("0" * 16), NOW)
    terminal.publish(days_ago=1, told=Told(origin=True, carried_over=(carried,)), requester=Requester(by="ada"))


def endless(terminal: Terminal) -> None:
    latest = terminal.vault.get_secret("chat-key")
    terminal.vault.set_secret("chat-key", latest.value, tags=latest.tags)


def ownerless(terminal: Terminal) -> None:
    del terminal.account().tags["key-rotation-owner"]


def no_sunset(terminal: Terminal) -> None:
    del terminal.account().tags["key-rotation-sunset"]


def sunset_past(terminal: Terminal) -> None:
    terminal.account().tags |= {"key-rotation-sunset": "2026-01-31"}


def long_period(terminal: Terminal) -> None:
    terminal.account().tags |= {"key-rotation-period": "P180D"}


def crowded(terminal: Terminal) -> None:
    terminal.monkeypatch.setattr(shared.fleet.rotation, "MOST_OBSERVED", 1)


def explicit(terminal: Terminal) -> None:
    account = terminal.account().id
    terminal.set(
        ROTATION_TARGETS=f'[{{"account": "{account}", "proof": "prefer", "owner": "a", "sunset": "{NEXT_YEAR}"}}]'
    )


MADE: list[tuple[Callable[[Terminal], None], Code, str]] = [
    (no_topic, Code.NOBODY_IS_TOLD, "EVENT_GRID_TOPIC_ENDPOINT"),
    (observing, Code.NOTHING_IS_DONE, "ROTATION_MODE"),
    (stranger, Code.NOT_ENROLLED, "/legacy"),
    (foundry, Code.NOT_ENROLLED, "/legacy"),
    (tagged_off, Code.NOT_ENROLLED, "/legacy"),
    (bad_tag, Code.NOT_ENROLLABLE, "/chat"),
    (unreadable, Code.UNSEEN, "chat"),
    (unlistable, Code.UNSEEN, "subscription "),
    (deleted, Code.SECRET_DELETED, "chat"),
    (disabled, Code.SECRET_DISABLED, "chat"),
    (foreign, Code.SECRET_FOREIGN, "chat"),
    (unpublished, Code.NOT_PUBLISHED, "chat"),
    (drifted, Code.PUBLISHED_KEY_DEAD, "chat"),
    (overdue, Code.ROTATION_OVERDUE, "chat"),
    (overlap_over, Code.PREVIOUS_KEY_WORKS, "chat"),
    (leaked, Code.LEAKED_KEY_WORKS, "chat"),
    (adopted, Code.NEVER_ROTATED, "chat"),
    (unproven, Code.UNPROVEN, "chat"),
    (untold, Code.UNTOLD, "chat"),
    (endless, Code.SECRET_WITHOUT_EXPIRY, "chat"),
    (ownerless, Code.NO_OWNER, "chat"),
    (no_sunset, Code.NO_SUNSET, "chat"),
    (sunset_past, Code.SUNSET_PAST, "chat"),
    (long_period, Code.LONG_LIVED, "chat"),
    (crowded, Code.PRESUMED, "fleet"),
    (explicit, Code.PROOF_NOT_REQUIRED, "chat"),
]


@pytest.mark.parametrize(("make", "code", "target"), MADE, ids=[make.__name__ for make, _, _ in MADE])
def test_what_is_not_as_it_should_be_is_one_finding(
    in_order: Terminal, make: Callable[[Terminal], None], code: Code, target: str
) -> None:
    make(in_order)
    said = in_order.json("audit")
    assert said.code == 3
    [finding] = said.data["findings"]
    assert finding["code"] == code
    assert finding["severity"] == MEANINGS[code].severity
    assert target in finding["target"]
    assert finding["says"].endswith(".")
    assert finding["nextStep"]


def test_every_code_is_made_by_a_case_above() -> None:
    assert {code for _, code, _ in MADE} == set(Code)


def test_a_target_that_began_with_a_fresh_key_has_been_rotated(in_order: Terminal) -> None:
    in_order.vault.secrets.pop("chat-key")
    in_order.begin_afresh()
    assert in_order.vault.get_secret("chat-key").tags["key-rotation-origin"].startswith("adopted ")
    assert in_order.json("audit").data["findings"] == []


def test_a_key_that_somebody_published_by_hand_is_old_also_where_a_fresh_one_was_wanted(in_order: Terminal) -> None:
    in_order.vault.set_secret("chat-key", in_order.account().keys["key2"].value)
    in_order.begin_afresh()
    assert "never-rotated" in codes(in_order.json("audit"))


def test_an_account_without_keys_is_no_finding(in_order: Terminal) -> None:
    add(in_order.world, "entra-only", disable_local_auth=True)
    add(in_order.world, "speech", kind="SpeechServices")
    in_order.account("search").disable_local_auth = True
    assert in_order.json("audit").data["findings"] == []


def test_the_gravest_finding_comes_first_and_steps_are_said_once(in_order: Terminal) -> None:
    ownerless(in_order)
    del in_order.account("search").tags["key-rotation-owner"]
    leaked(in_order)
    said = in_order.type("audit")
    assert [line.split()[0] for line in said.lines[1:4]] == ["critical", "low", "low"]
    assert sum(line.startswith("  no-owner: ") for line in said.lines) == 1


def test_the_page_names_every_finding_with_its_severity() -> None:
    page = Path(ROOT / "docs" / "command-line.md").read_text()
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (critical|high|medium|low) \|", page, re.MULTILINE))
    assert rows == {code.value: MEANINGS[code].severity.value for code in Code}
    assert set(rows.values()) == {severity.value for severity in Severity}
