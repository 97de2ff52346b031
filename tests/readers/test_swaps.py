"""The role to use instead is found by what roles allow, and its commands never leave a person without both roles."""

import shlex
from dataclasses import replace

import pytest

from shared.readers.doings import CALL, Substitutes
from shared.readers.kinds import Holding, Permissions, Reader
from tests.readers import oracle
from tests.readers.builders import ACCOUNT, LIST_KEYS, RG, VAULT, by_policies, custom, held, policy, row, seen
from tests.readers.role_data import azure_roles, built_in_roles, named

INSTEAD = "Cognitive Services OpenAI User"


def of(role: str, road: str = "list-keys", scope: str = ACCOUNT, **more) -> Reader:
    return row(seen(held("ann", role, scope, **more)), "ann", road)


@pytest.mark.parametrize("role", ["Cognitive Services User", "Foundry User"])
def test_who_calls_models_gets_the_role_that_shows_no_key(role: str) -> None:
    assert of(role).instead == INSTEAD


def test_the_new_role_is_assigned_before_the_old_one_is_deleted_and_on_the_same_scope() -> None:
    one = held("ann", "Cognitive Services User", RG)
    create, delete = (shlex.split(line) for line in row(seen(one), "ann").commands)
    who = ["--assignee-object-id", "ann", "--assignee-principal-type", "User"]
    assert create == ["az", "role", "assignment", "create", *who, "--role", INSTEAD, "--scope", RG]
    assert delete == ["az", "role", "assignment", "delete", "--ids", one.id]


def test_a_principal_of_which_azure_shows_no_type_gets_a_command_without_one() -> None:
    assert "principal-type" not in of("Cognitive Services User", kind="").commands[0]


def test_what_the_holder_loses_is_said() -> None:
    assert of("Cognitive Services User").advice == (
        f"With {INSTEAD} its holder cannot fine-tune, run agents and use Speech any more."
    )


def test_a_group_is_tried_first() -> None:
    advice = of("Cognitive Services User", kind="Group").advice
    assert "try it first: see who is in it (az ad group member list --group ann --output table)" in advice
    assert "run only the first command" in advice


@pytest.mark.parametrize("more", [{"holding": Holding.ELIGIBLE}, {"condition": "(a)"}])
def test_no_command_is_offered_where_a_person_must_think(more) -> None:
    one = of("Cognitive Services User", **more)
    assert (one.instead, one.commands) == (INSTEAD, ())
    assert "Privileged Identity Management" in one.advice or "condition" in one.advice


@pytest.mark.parametrize("role", ["Contributor", "Owner", "Cognitive Services Contributor", "Foundry Owner"])
def test_who_manages_accounts_chooses_by_what_it_does(role: str) -> None:
    one = of(role)
    assert (one.instead, one.commands) == ("", ())
    assert one.advice == (
        "Choose by what its holders do. To call models: Cognitive Services OpenAI User; to fine-tune: Cognitive "
        "Services OpenAI Contributor; to deploy models: Cognitive Services OpenAI Contributor."
    )


def test_a_role_on_the_vault_stays_with_the_application_that_reads_the_key() -> None:
    one = of("Key Vault Secrets Officer", "secret-by-role", VAULT)
    assert (one.instead, one.commands) == ("Key Vault Reader", ())
    assert "An application that reads the key from the vault needs the right" in one.advice


def test_an_access_policy_has_no_role_to_swap() -> None:
    one = row(seen(vault=by_policies(policy("app", "get"))), "app", "secret-by-policy")
    assert (one.instead, one.commands) == ("", ())
    assert "needs no entry in the access policies" in one.advice


def test_a_copy_is_moved_and_no_role_is_swapped() -> None:
    assert "see the copies of this account" in of("Website Contributor", "app-settings", RG).advice


def test_who_could_give_itself_the_right_gets_no_command() -> None:
    one = of("User Access Administrator", "assign-role-on-account")
    assert (one.instead, one.commands) == ("", ())


@pytest.mark.parametrize(
    ("blocks", "advice"),
    [
        (
            (Permissions((LIST_KEYS,)),),
            f"take {LIST_KEYS} out of the actions of its block",
        ),
        (
            (Permissions(("Microsoft.CognitiveServices/*",)),),
            f"write {LIST_KEYS} into the notActions of its block",
        ),
        (
            (Permissions(("*/read",)), Permissions((LIST_KEYS.upper(), "*/action"))),
            f"take {LIST_KEYS} out of the actions of its block 2 and write {LIST_KEYS} into the notActions of its "
            "block 2",
        ),
        (
            (Permissions(("*",)), Permissions(("*",), (LIST_KEYS,)), Permissions(("*/action",))),
            f"write {LIST_KEYS} into the notActions of its block 1 and write {LIST_KEYS} into the notActions of its "
            "block 3",
        ),
    ],
)
def test_of_a_custom_role_it_is_said_what_to_take_out_of_which_block(blocks, advice: str) -> None:
    role = custom(*blocks)
    one = row(seen(held("ann", role), roles=(role,)), "ann")
    assert (one.instead, one.commands) == ("", ())
    assert one.advice == f"It is a custom role. If its holders need no key, {advice}."


def test_of_a_custom_role_for_data_the_data_actions_are_named() -> None:
    role = custom(Permissions(data_actions=("*",)))
    one = row(seen(held("ann", role, VAULT), roles=(role,)), "ann", "secret-by-role")
    assert "into the notDataActions of its block" in one.advice


def test_a_custom_role_that_was_changed_as_advised_reads_no_key() -> None:
    role = custom(Permissions(("Microsoft.CognitiveServices/*",), (LIST_KEYS,)))
    with pytest.raises(StopIteration):
        row(seen(held("ann", role), roles=(role,)), "ann")


def test_a_custom_role_is_never_the_role_to_use_instead() -> None:
    small = custom(Permissions(data_actions=(CALL.right.action,)))
    assert row(seen(held("ann", "Cognitive Services User"), roles=(small,)), "ann").instead == INSTEAD


def test_where_the_definitions_were_not_seen_no_role_is_recommended() -> None:
    shown = seen(held("ann", "Cognitive Services User"))
    only = replace(shown, roles={one.id: one for one in [named("Cognitive Services User")]})
    one = row(only, "ann")
    assert (one.instead, one.commands) == ("", ())
    assert one.advice == "No role was seen that calls models and reads no key."


@pytest.mark.parametrize("role", [one["roleName"] for one in azure_roles()])
def test_no_role_to_use_instead_opens_a_road_to_a_key(role: str) -> None:
    """Judged by the second computation, for every road of every role that is recommended."""
    advised = {one.instead for road in oracle.ACTIONS for one in _rows(role, road) if one.instead}
    bodies = [one for one in azure_roles() if one["roleName"] in advised]
    assert len(bodies) == len(advised)
    assert [one["roleName"] for one in bodies for block in one["permissions"] if oracle.expand(block)] == []


def _rows(role: str, road: str) -> list[Reader]:
    shown = seen(held("ann", role, "/"))
    try:
        return [row(shown, "ann", road)]
    except StopIteration:
        return []


def test_the_smallest_role_that_calls_models_is_the_one_that_the_pages_name() -> None:
    found = Substitutes(built_in_roles().values()).smallest_for(CALL.right)
    assert found is not None
    assert found.name == INSTEAD
