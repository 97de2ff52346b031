"""The applications around one account: who has an identity, a role and calls, and what comes next for each."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.model import AccountId
from shared.domain.usage import MOST_CALLERS, IdentityCaller, Usage
from shared.readiness.apps import CALLING_ROLES, ROLE, App, apps_around
from shared.readiness.ports import HeldIdentity, HeldRole, IdentitiesSeen

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
ACCOUNT = AccountId("00000000-0000-4000-8000-0000000000a1", "rg-ai", "chat")
GROUP = f"/subscriptions/{ACCOUNT.subscription}/resourceGroups/RG-AI"
ELSEWHERE = f"/subscriptions/{ACCOUNT.subscription}/resourceGroups/rg-shop"
IDENTITIES = f"{ELSEWHERE}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
SITE, IDENTITY = "microsoft.web/sites", "microsoft.managedidentity/userassignedidentities"
USER, WIDE, OWNER = "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd", "a97b65f3-24c7-4388-baec-2e87135dc908", "8e3af657-a8ff"


def site(name: str = "shop", object_id: str = "p1", client_id: str = "", group: str = ELSEWHERE) -> HeldIdentity:
    return HeldIdentity(f"{group}/providers/Microsoft.Web/sites/{name}", SITE, object_id, client_id)


def role(object_id: str = "p1", role_id: str = USER, kind: str = "ServicePrincipal") -> HeldRole:
    return HeldRole(object_id, kind, role_id, str(ACCOUNT).lower())


def usage(*callers: str) -> Usage:
    called = tuple(IdentityCaller(one, 7, NOW - timedelta(hours=1)) for one in callers)
    return Usage(NOW - timedelta(days=35), NOW, identities=called)


def one_app(*held: HeldIdentity, roles: tuple[HeldRole, ...] = (), calls: Usage | None = None) -> App:
    [app] = apps_around(ACCOUNT, IdentitiesSeen(held, roles), calls).apps
    return app


def test_an_app_that_calls_by_its_identity_is_to_lose_its_key() -> None:
    app = one_app(site(), roles=(role(),), calls=usage("P1"))
    assert (app.name, app.kind, app.role) == ("shop", "App Service or Functions app", ROLE)
    assert app.last_identity_call == NOW - timedelta(hours=1)
    assert app.next_step == "it calls by its identity: take the key away from its settings"


def test_an_app_with_a_role_and_without_calls_is_to_switch_its_code_over() -> None:
    app = one_app(site(client_id="c1"), roles=(role(),), calls=usage())
    assert "switch its code over" in app.next_step
    assert app.next_step.endswith("AZURE_CLIENT_ID=c1")
    assert app.last_identity_call is None


def test_without_a_log_of_calls_nothing_is_said_about_calls() -> None:
    assert "is not known" in one_app(site(), roles=(role(),)).next_step


def test_beside_twenty_other_callers_nothing_is_said_about_calls_either() -> None:
    calls = usage(*(f"x{number}" for number in range(MOST_CALLERS)))
    assert "only the 20 that call most are known" in one_app(site(), roles=(role(),), calls=calls).next_step


def test_an_app_beside_the_account_without_a_role_gets_the_command_that_assigns_it() -> None:
    app = one_app(site(group=GROUP), calls=usage())
    command = app.next_step.partition(": ")[2]
    assert shlex.split(command) == [
        *("az", "role", "assignment", "create", "--assignee-object-id", "p1"),
        *("--assignee-principal-type", "ServicePrincipal", "--role", ROLE, "--scope", str(ACCOUNT)),
    ]
    assert app.role == ""


def test_an_app_elsewhere_without_role_or_calls_has_nothing_to_do_with_the_account() -> None:
    seen = IdentitiesSeen((site(), HeldIdentity(f"{GROUP}/providers/Microsoft.Compute/virtualMachines/v", "vm", "p2")))
    assert apps_around(ACCOUNT, seen, usage()).apps == ()


def test_a_caller_without_a_known_role_is_still_the_app_that_calls() -> None:
    assert "take the key away" in one_app(site(), calls=usage("p1")).next_step


def test_the_narrowest_role_is_named_and_a_role_that_calls_nothing_is_none() -> None:
    assert one_app(site(), roles=(role(role_id=WIDE), role(role_id=USER)), calls=usage()).role == ROLE
    assert one_app(site(group=GROUP), roles=(role(role_id=OWNER),), calls=usage()).role == ""
    assert next(iter(CALLING_ROLES.values())) == ROLE


def test_an_identity_that_two_apps_share_is_shown_for_both_and_not_by_itself() -> None:
    itself = HeldIdentity(f"{IDENTITIES}/id", IDENTITY, "p1", "c1")
    seen = IdentitiesSeen((itself, site("b", client_id="c1"), site("a", client_id="c1")), (role(),))
    assert [(app.name, app.client_id) for app in apps_around(ACCOUNT, seen, usage()).apps] == [("a", "c1"), ("b", "c1")]


def test_an_identity_that_no_app_in_sight_uses_is_shown_by_itself() -> None:
    itself = HeldIdentity(f"{IDENTITIES}/id", IDENTITY, "p1", "c1")
    assert one_app(itself, roles=(role(),), calls=usage()).kind == "user-assigned identity"


@pytest.mark.parametrize("kind", ["User", "Group", "ServicePrincipal", ""])
def test_a_role_of_somebody_whose_resource_is_not_in_sight_is_shown_with_its_last_call(kind: str) -> None:
    around = apps_around(ACCOUNT, IdentitiesSeen((), (role("u1", kind=kind),)), usage("u1"))
    [found] = around.roles
    assert (found.object_id, found.principal_type, found.role) == ("u1", kind, ROLE)
    assert found.last_identity_call == NOW - timedelta(hours=1)
    assert around.callers == ()


def test_a_caller_that_nothing_explains_is_shown() -> None:
    around = apps_around(ACCOUNT, IdentitiesSeen((site(),), (role(),)), usage("p1", "x9"))
    assert [(one.object_id, one.calls) for one in around.callers] == [("x9", 7)]
    assert around.roles == ()


def test_a_call_of_an_identity_that_several_apps_have_takes_no_key_away_from_any_of_them() -> None:
    """Only one of them may have called, and the others would stop without their key."""
    seen = IdentitiesSeen((site("b"), site("a")), (role(),))
    steps = {app.name: app.next_step for app in apps_around(ACCOUNT, seen, usage("p1")).apps}
    assert steps.keys() == {"a", "b"}
    assert all(step.startswith("its identity calls, but other apps have it as well") for step in steps.values())
