"""What `doctor` says of what readiness and audit read: workspaces, diagnostic settings, the audit's scope; and whether
an account with a sunset takes an identity."""

import pytest

from lab.emulator.call_log import Workspace
from lab.emulator.directory import Role
from lab.emulator.shipped import shipped_roles
from shared.doctor import remedies
from tests.cli.conftest import Terminal, add
from tests.cli.test_doctor import checks, failed

OTHER_SUBSCRIPTION = "00000000-0000-4000-8000-0000000000ff"


@pytest.fixture
def healthy(terminal: Terminal) -> Terminal:
    """A deployment with two published targets, and nothing wrong."""
    for name in ("chat", "search"):
        terminal.publish(name, days_ago=3)
    return terminal


@pytest.fixture
def two_workspaces(healthy: Terminal) -> tuple[Workspace, Workspace]:
    """Two workspaces that the settings name. Each of the two accounts logs its calls to one of them."""
    first, second = healthy.world.workspace, healthy.world.add_workspace("more-logs")
    healthy.world.logs_to[healthy.account("search").id.lower()] = second
    for name, workspace in (("chat", first), ("search", second)):
        workspace.note(healthy.account(name).id, caller="an app with an identity")
    healthy.set(ROTATION_LOG_WORKSPACE_ID=f"{first.id},{second.id}")
    return first, second


def may_read(healthy: Terminal, scope: str) -> None:
    """Give the app the role that sees accounts, which is assigned on request only."""
    directory = healthy.world.directory
    directory.define(shipped_roles()["readinessReader"])
    directory.assign("app", remedies.READINESS, scope)


def test_each_workspace_is_asked_by_itself(healthy: Terminal, two_workspaces: tuple[Workspace, Workspace]) -> None:
    good = checks(healthy.json("doctor"), "ok")
    assert {thing for name, thing in good if name == "query-logs"} == {f"workspace {one.id}" for one in two_workspaces}


def test_the_one_workspace_that_the_app_may_not_query_is_named_with_the_command_that_lets_it(
    healthy: Terminal, two_workspaces: tuple[Workspace, Workspace]
) -> None:
    first, second = two_workspaces
    healthy.world.directory.revoke("app", remedies.COUNTER)
    healthy.world.directory.assign("app", remedies.COUNTER, first.resource_id)
    printed = healthy.json("doctor")
    assert ("query-logs", f"workspace {first.id}") in checks(printed, "ok")
    refused = checks(printed, "failed")["query-logs", f"workspace {second.id}"]
    assert remedies.COUNTER in refused["mend"]
    assert f"[?customerId=='{second.id}'].id" in refused["mend"]


def test_no_workspace_is_asked_where_none_is_set(healthy: Terminal) -> None:
    printed = healthy.json("doctor")
    assert not [one for one in printed.data["checks"] if one["check"] in ("query-logs", "log-settings", "audit-scope")]


def test_the_optional_right_to_read_diagnostic_settings_is_reported_and_never_a_failure(
    healthy: Terminal, two_workspaces: tuple[Workspace, Workspace]
) -> None:
    subscription = healthy.world.subscription
    may_read(healthy, f"/subscriptions/{subscription}")
    assert ("log-settings", f"subscription {subscription}") in checks(healthy.json("doctor"), "ok")
    healthy.world.directory.revoke("app", remedies.READINESS)
    printed = healthy.json("doctor")
    assert printed.code == 0
    unread = checks(printed, "not-checked")["log-settings", f"subscription {subscription}"]
    assert "The right is optional." in unread["why"]
    assert f"--scope /subscriptions/{subscription}" in unread["mend"]
    assert remedies.READINESS in unread["mend"]


def test_the_optional_right_to_see_who_can_read_keys_is_reported_and_never_a_failure(healthy: Terminal) -> None:
    subscription = healthy.world.subscription
    where = ("see-readers", f"subscription {subscription}")
    printed = healthy.json("doctor")
    assert printed.code == 0
    unread = checks(printed, "not-checked")[where]
    assert "The right is optional." in unread["why"]
    assert "Azure OpenAI key readers\\' reader (<environment>, " in unread["mend"]
    assert f"--scope /subscriptions/{subscription}" in unread["mend"]
    healthy.world.directory.assign("app", remedies.READERS, f"/subscriptions/{subscription}")
    seen = checks(healthy.json("doctor"), "ok")[where]
    assert "above the subscription it shows only what the app may read there" in seen["why"]


def test_who_can_read_keys_is_looked_at_once_in_each_subscription(healthy: Terminal) -> None:
    healthy.world.directory.assign("app", remedies.READERS)
    before = healthy.world.journal.count("arm.listRoleAssignments")
    healthy.type("doctor")
    assert healthy.world.journal.count("arm.listRoleAssignments") == before + 1


def copies_part(healthy: Terminal) -> str:
    """Give the app one of the rights that copies need, and return the account on which it has it."""
    foundry = healthy.world.accounts.add("foundry", kind="AIServices").id
    part = Role("A part of it", ("Microsoft.CognitiveServices/accounts/connections/read",))
    healthy.world.directory.define(part)
    healthy.world.directory.assign("app", part.name, foundry)
    return foundry


def test_a_part_of_the_right_to_see_copies_is_reported_and_never_a_failure(healthy: Terminal) -> None:
    where = ("see-copies", copies_part(healthy))
    printed = healthy.json("doctor")
    assert printed.code == 0
    unread = checks(printed, "not-checked")[where]
    assert "The right is optional" in unread["why"]
    assert "az role assignment create " in unread["mend"]


def test_a_failure_of_another_kind_to_see_copies_is_reported_although_nothing_was_seen(healthy: Terminal) -> None:
    where = ("see-copies", copies_part(healthy))
    healthy.world.faults.add("arm.listConnections", "status", times=0, status=400, code="Odd")
    printed = healthy.json("doctor")
    assert list(checks(printed, "failed")) == [where]
    assert not [one for one in checks(printed, "not-checked") if one[0] == "see-copies"]


def test_an_audit_scope_that_may_not_be_read_fails_with_the_command_that_opens_it(healthy: Terminal) -> None:
    healthy.world.directory.group("prod", OTHER_SUBSCRIPTION)
    healthy.set(ROTATION_AUDIT_SCOPE="prod")
    refused = failed(healthy)["audit-scope", "Resource Graph"]
    assert "az deployment mg create" in refused["mend"]
    assert "--management-group-id prod" in refused["mend"]
    assert f"principalId={healthy.world.app.object_id}" in refused["mend"]


def test_an_audit_scope_in_which_no_account_is_in_sight_fails_although_azure_reports_no_error(
    healthy: Terminal,
) -> None:
    directory = healthy.world.directory
    directory.group("prod", OTHER_SUBSCRIPTION)
    add(healthy.world, "hidden", subscription=OTHER_SUBSCRIPTION)
    directory.revoke("app", remedies.ROTATOR)  # other roles let it see the subscription, and no account there
    directory.assign("app", remedies.ROTATOR, f"/subscriptions/{healthy.world.subscription}")
    healthy.set(ROTATION_AUDIT_SCOPE="prod")
    hidden = failed(healthy)["audit-scope", "management group prod"]
    assert "leaves out silently" in hidden["why"]
    assert "az deployment mg create" in hidden["mend"]


def test_an_audit_scope_says_how_many_accounts_are_in_sight_and_never_that_these_are_all(healthy: Terminal) -> None:
    healthy.world.directory.group("prod", healthy.world.subscription)
    healthy.set(ROTATION_AUDIT_SCOPE="prod")
    seen = checks(healthy.json("doctor"), "ok")["audit-scope", "management group prod"]
    assert seen["why"] == "2 accounts are in sight there; others may be there that may not be read."


def test_an_account_with_a_sunset_needs_a_custom_subdomain_and_the_command_says_what_it_changes(
    healthy: Terminal,
) -> None:
    healthy.account().tags |= {"key-rotation-sunset": "2030-01-01"}
    assert ("takes-identity", "chat") in checks(healthy.json("doctor"), "ok")
    healthy.world.accounts.update(healthy.account().id, {"subdomain": None})
    refused = failed(healthy)["takes-identity", "chat"]
    assert "cannot be taken away" in refused["why"]
    assert "changes the account's endpoint" in refused["why"]
    assert "az cognitiveservices account update" in refused["mend"]
    assert "--custom-domain <subdomain>" in refused["mend"]


def test_an_account_without_a_sunset_is_not_asked_whether_it_takes_an_identity(healthy: Terminal) -> None:
    healthy.world.accounts.update(healthy.account().id, {"subdomain": None})
    assert "takes-identity" not in {one["check"] for one in healthy.json("doctor").data["checks"]}
