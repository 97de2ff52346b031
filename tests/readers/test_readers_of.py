"""Every trap in who reads a key, by itself."""

from collections import Counter
from dataclasses import replace

import pytest

from shared.readers import rows
from shared.readers.grants import acting_on
from shared.readers.kinds import DenyAssignment, Holding, Permissions
from shared.readers.readers_of import readers_of
from shared.readers.rights import Right, denies, is_at_or_above
from shared.readers.unseen import ABOVE, BESIDE, DIRECTORY, NO_GROUP, NO_VAULT, OTHER_TENANTS, RUNS_CODE
from tests.readers.builders import (
    ACCOUNT,
    BY_ROLES,
    ID,
    LIST_KEYS,
    RG,
    SUBSCRIPTION,
    VAULT,
    by_policies,
    could_of,
    custom,
    deny,
    held,
    policy,
    roads_of,
    row,
    seen,
)

ROOT_GROUP = "/providers/Microsoft.Management/managementGroups/top"


def test_a_user_of_cognitive_services_lists_keys_and_does_not_regenerate_them() -> None:
    assert roads_of(seen(held("ann", "Cognitive Services User")), "ann") == {"list-keys"}


def test_who_only_calls_models_reads_no_key() -> None:
    assert roads_of(seen(held("ann", "Cognitive Services OpenAI User", SUBSCRIPTION)), "ann") == set()


def test_a_reader_of_everything_sees_only_backends() -> None:
    assert roads_of(seen(held("ann", "Reader", "/")), "ann") == {"apim-backends"}


@pytest.mark.parametrize("scope", ["/", ROOT_GROUP, SUBSCRIPTION, RG, ACCOUNT, ACCOUNT.upper(), f"{ACCOUNT}/"])
def test_a_role_acts_from_above_whatever_the_case_of_the_id(scope: str) -> None:
    shown = row(seen(held("ann", "Contributor", scope)), "ann")
    assert (shown.scope, shown.inherited) == (scope, scope.lower().rstrip("/") != ACCOUNT.lower())


@pytest.mark.parametrize("scope", [f"{ACCOUNT}-2", ACCOUNT[:-1], f"{RG}-2", RG[:-1], f"{ACCOUNT}/projects/p"])
def test_a_role_beside_or_below_the_account_does_not_act_on_it(scope: str) -> None:
    assert "list-keys" not in roads_of(seen(held("ann", "Owner", scope)), "ann")


def test_what_not_actions_take_away_another_role_gives() -> None:
    no_keys = custom(Permissions(actions=("*",), not_actions=(LIST_KEYS,)))
    alone = seen(held("ann", no_keys), roles=(no_keys,))
    both = seen(held("ann", no_keys), held("ann", "Cognitive Services User"), roles=(no_keys,))
    assert "list-keys" not in roads_of(alone, "ann")
    assert row(both, "ann").by == "Cognitive Services User"


def test_what_one_block_takes_away_another_block_gives() -> None:
    role = custom(Permissions(("*",), ("Microsoft.CognitiveServices/*",)), Permissions((LIST_KEYS.lower(),)))
    assert "list-keys" in roads_of(seen(held("ann", role), roles=(role,)), "ann")


def test_actions_read_no_secret_and_data_actions_list_no_keys() -> None:
    data = custom(Permissions(data_actions=("*",)))
    shown = seen(held("owner", "Owner", "/"), held("data", data, "/"), roles=(data,))
    assert "secret-by-role" not in roads_of(shown, "owner")
    assert roads_of(shown, "data") == {"secret-by-role", "foundry-connections"}


def test_a_condition_is_shown_and_the_right_stays() -> None:
    shown = row(seen(held("ann", "Foundry Owner", condition="(a)")), "ann")
    assert shown.condition.startswith("(a) AND ((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'}))")


def test_a_right_without_a_condition_hides_the_same_right_with_one() -> None:
    shown = seen(held("ann", "Contributor", condition="(a)"), held("ann", "Contributor", RG))
    assert (row(shown, "ann").condition, row(shown, "ann").scope) == ("", RG)


def test_an_eligible_role_is_one_step_away() -> None:
    shown = seen(held("ann", "Contributor", SUBSCRIPTION, holding=Holding.ELIGIBLE))
    assert row(shown, "ann").holding is Holding.ELIGIBLE


def test_a_role_that_acts_counts_before_an_eligible_one_which_is_named_too() -> None:
    shown = seen(held("ann", "Owner", holding=Holding.ELIGIBLE), held("ann", "Cognitive Services User", RG))
    one = row(shown, "ann")
    assert (one.by, one.holding) == ("Cognitive Services User", Holding.ACTIVE)
    assert one.also_by == (f"Owner on {ACCOUNT}, eligible",)


def test_the_same_assignment_in_two_lists_is_one() -> None:
    one = held("ann", "Contributor", "/")
    assert row(seen(one, one), "ann").also_by == ()


@pytest.mark.parametrize("resource", [ACCOUNT, f"{VAULT}/secrets/key", RG.upper(), f"{SUBSCRIPTION}/"])
def test_what_acts_on_a_resource_is_what_lies_at_it_or_above_it(resource: str) -> None:
    ids = (ACCOUNT, VAULT, f"{VAULT}/secrets/key", f"{VAULT}/secrets/ke", SUBSCRIPTION, f"{RG}-2", ROOT_GROUP)
    scopes = [
        each for one in ids for each in (one, one.upper(), f"{one}/", f"{one}2", one[:-1], one.rpartition("/")[0])
    ]
    every = [held("ann", "Owner", scope) for scope in (*scopes, "/")]
    assert acting_on(every, [resource]) == [one for one in every if is_at_or_above(one.scope, resource)]


def test_each_deny_assignment_is_judged_once_for_a_right_and_a_resource_however_many_hold_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judged = Counter[tuple[str, str, str]]()

    def counting(one: DenyAssignment, right: Right, resource: str) -> bool:
        judged[one.id, right.action, resource] += 1
        return denies(one, right, resource)

    monkeypatch.setattr(rows, "denies", counting)
    denied = tuple(replace(deny("*"), id=f"/deny/{number}", name=f"deny {number}") for number in range(3))
    found = readers_of(ID, seen(*(held(f"p{number}", "Contributor") for number in range(50)), denied=denied))
    assert {one.denied_by for one in found.readers} == {("deny 0", "deny 1", "deny 2")}
    assert judged[denied[0].id, LIST_KEYS, ACCOUNT] == 1
    assert set(judged.values()) == {1}


@pytest.mark.parametrize("principals", [(), ("ann",)])
def test_a_deny_assignment_is_named_and_takes_nothing_away(principals: tuple[str, ...]) -> None:
    shown = seen(held("ann", "Contributor"), denied=(deny("*/listKeys/action", principals=principals),))
    assert row(shown, "ann").denied_by == ("no keys",)
    assert row(shown, "ann", "regenerate-key").denied_by == ()


@pytest.mark.parametrize(
    "denied",
    [
        deny("*", excluded=("ann",)),
        deny("*", principals=("bob",)),
        deny("*/read"),
        deny("*", scope=RG, for_children=False),
        deny("*", scope=f"{ACCOUNT}-2"),
    ],
)
def test_a_deny_assignment_that_does_not_concern_the_principal_is_not_named(denied) -> None:
    assert row(seen(held("ann", "Contributor"), denied=(denied,)), "ann").denied_by == ()


def test_a_deny_assignment_that_stays_on_its_scope_acts_on_that_scope() -> None:
    denied = deny("*", scope=ACCOUNT.upper(), for_children=False)
    assert row(seen(held("ann", "Contributor"), denied=(denied,)), "ann").denied_by == ("no keys",)


@pytest.mark.parametrize("scope", [VAULT, f"{VAULT}/secrets/key", RG, VAULT.upper()])
def test_a_role_on_the_vault_or_on_the_one_secret_reads_it(scope: str) -> None:
    assert roads_of(seen(held("app", "Key Vault Secrets User", scope)), "app") == {"secret-by-role"}


@pytest.mark.parametrize("scope", [f"{VAULT}/secrets/key-2", f"{VAULT}/secrets/ke", f"{VAULT}2", ACCOUNT])
def test_a_role_on_another_secret_reads_nothing(scope: str) -> None:
    assert roads_of(seen(held("app", "Key Vault Secrets User", scope)), "app") == set()


def test_without_the_secrets_name_only_rights_on_the_whole_vault_count() -> None:
    shown = seen(
        held("a", "Key Vault Secrets User", VAULT), held("b", "Key Vault Secrets User", f"{VAULT}/secrets/key")
    )
    assert (roads_of(shown, "a", ""), roads_of(shown, "b", "")) == ({"secret-by-role"}, set())


@pytest.mark.parametrize("word", ["get", "Get", "GET", "all", "All"])
def test_an_access_policy_reads_the_secret_in_any_case(word: str) -> None:
    shown = seen(vault=by_policies(policy("app", word)))
    one = row(shown, "app", "secret-by-policy")
    assert (one.by, one.scope, one.inherited) == ("access policy", VAULT, False)


@pytest.mark.parametrize("words", [(), ("list",), ("set", "delete"), ("getrotationpolicy",)])
def test_an_access_policy_without_get_reads_nothing(words: tuple[str, ...]) -> None:
    assert roads_of(seen(vault=by_policies(policy("app", *words))), "app") == set()


def test_access_policies_are_dead_text_where_roles_decide() -> None:
    vault = by_policies(policy("app", "get"))
    dead = type(vault)(vault.id, vault.name, by_roles=True, policies=vault.policies)
    assert roads_of(seen(vault=dead), "app") == set()


def test_roles_on_secrets_are_dead_where_access_policies_decide() -> None:
    shown = seen(held("app", "Key Vault Secrets User", VAULT), vault=by_policies())
    assert roads_of(shown, "app") == set()


def test_an_access_policy_for_one_application_says_so_unless_another_entry_is_for_all() -> None:
    through = policy("ann", "get", application="app-1")
    assert row(seen(vault=by_policies(through)), "ann", "secret-by-policy").condition == (
        "only through the application app-1"
    )
    both = by_policies(policy("ann", "get"), through)
    assert row(seen(vault=both), "ann", "secret-by-policy").condition == ""


def test_a_deployment_reads_the_vault_only_if_the_vault_lets_deployments() -> None:
    deployer = held("ann", "Contributor", VAULT)
    assert "secret-by-deployment" in roads_of(seen(deployer, vault=by_policies(for_deployments=True)), "ann")
    assert "secret-by-deployment" not in roads_of(seen(deployer), "ann")


def test_contributor_adds_itself_to_access_policies_and_only_there() -> None:
    contributor = held("ann", "Key Vault Contributor", VAULT)
    assert could_of(seen(contributor, vault=by_policies()), "ann") == {"write-access-policy"}
    assert could_of(seen(contributor), "ann") == {"open-vault-to-deployments"}


def test_a_vault_that_deployments_read_needs_not_be_opened() -> None:
    vault = type(BY_ROLES)(VAULT, "kv", by_roles=True, for_deployments=True)
    assert could_of(seen(held("ann", "Key Vault Contributor", VAULT), vault=vault), "ann") == set()


def test_who_assigns_roles_could_give_itself_one_and_is_listed_apart() -> None:
    shown = seen(held("ann", "User Access Administrator", RG))
    assert roads_of(shown, "ann") == {"apim-backends"}
    assert could_of(shown, "ann") == {"assign-role-on-account", "assign-role-on-secret", "change-role"}


def test_who_only_changes_an_account_reads_no_key() -> None:
    role = custom(Permissions(actions=("Microsoft.CognitiveServices/accounts/write",)))
    found = readers_of(ID, seen(held("ann", role), roles=(role,)), "key")
    assert (found.readers, found.could) == ((), ())


def test_the_admin_keys_of_search_are_not_the_accounts_keys() -> None:
    role = custom(Permissions(actions=("Microsoft.Search/*",)))
    assert roads_of(seen(held("ann", role, "/"), roles=(role,)), "ann") == set()


def test_a_copy_may_lie_beside_the_account_and_not_in_the_account() -> None:
    shown = seen(held("a", "Website Contributor", RG), held("b", "Website Contributor", ACCOUNT))
    assert (roads_of(shown, "a"), roads_of(shown, "b")) == ({"app-settings"}, set())


def test_a_managed_identity_is_whoever_can_run_code_as_it() -> None:
    shown = seen(held("app-oid", "Cognitive Services User", kind=""))
    site = f"{RG}/providers/Microsoft.Web/sites/shop"
    one = readers_of(ID, shown, "key", {"app-oid": site}).readers[0]
    assert one.says == f"lists both keys of the account; so does whoever can run code on {site}"
    assert (one.name, one.principal_type) == ("shop", "ServicePrincipal")


def test_a_name_that_one_assignment_shows_is_used_on_every_row() -> None:
    shown = seen(
        held("ann", "Cognitive Services User", kind=""),
        held("ann", "Owner", "/", holding=Holding.ELIGIBLE, name="Ann Lee"),
    )
    assert {(one.name, one.principal_type) for one in readers_of(ID, shown).readers} == {("Ann Lee", "User")}


def test_what_an_access_policy_names_gets_the_type_and_name_of_its_assignment_elsewhere() -> None:
    elsewhere = held("app", "Reader", f"{SUBSCRIPTION}/resourceGroups/other", kind="ServicePrincipal", name="shop")
    one = row(seen(elsewhere, vault=by_policies(policy("app", "get"))), "app", "secret-by-policy")
    assert (one.name, one.principal_type) == ("shop", "ServicePrincipal")


def test_rows_come_by_the_length_of_the_road_then_what_acts_now_then_by_name() -> None:
    shown = seen(
        held("1", "Cognitive Services User", name="Zoe"),
        held("2", "Cognitive Services User", name="ann"),
        held("3", "Contributor", RG, name="Abe", holding=Holding.ELIGIBLE),
    )
    rows = [(one.road, one.name) for one in readers_of(ID, shown).readers][:4]
    assert rows == [("list-keys", "ann"), ("list-keys", "Zoe"), ("list-keys", "Abe"), ("regenerate-key", "Abe")]


def test_what_is_never_seen_is_always_said_also_if_nobody_is_found() -> None:
    found = readers_of(ID, seen(not_looked=("eligible assignments: Azure answered 403",)))
    assert {NO_GROUP, ABOVE, RUNS_CODE, DIRECTORY, OTHER_TENANTS, BESIDE} <= set(found.not_seen)
    assert "eligible assignments: Azure answered 403" in found.not_seen


def test_each_group_is_named_once() -> None:
    shown = seen(
        held("g1", "Contributor", kind="Group", name="Data"),
        held("g2", "Cognitive Services User", kind="ForeignGroup"),
    )
    words = [one for one in readers_of(ID, shown).not_seen if "members of" in one]
    assert words == [
        "members of the group g2: ask for one person by object id",
        "members of the group Data (g1): ask for one person by object id",
    ]


def test_what_an_access_policy_names_may_be_a_group() -> None:
    found = readers_of(ID, seen(vault=by_policies(policy("x", "get"))))
    assert "what x is, which an access policy names, and who its members are if it is a group" in found.not_seen


def test_a_vault_that_could_not_be_read_is_said_and_opens_no_road() -> None:
    shown = seen(held("app", "Key Vault Administrator", "/"), vault=None)
    assert roads_of(shown, "app") == set()
    assert NO_VAULT in readers_of(ID, shown).not_seen
    assert NO_VAULT not in readers_of(ID, seen()).not_seen


def test_a_role_whose_definition_was_not_shown_is_said() -> None:
    unknown = custom(Permissions(actions=("*",)), name="hidden")
    found = readers_of(ID, seen(held("ann", unknown)))
    assert "what the role custom-hidden allows: its definition could not be read" in found.not_seen


def test_a_management_group_above_two_subscriptions_counts_for_both_and_that_is_said() -> None:
    elsewhere = type(BY_ROLES)(VAULT.replace("00000a", "00000b"), "kv", by_roles=True)
    words = readers_of(ID, seen(held("ann", "Owner", ROOT_GROUP), vault=elsewhere)).not_seen
    assert any("counts for both" in one for one in words)
    assert not any("counts for both" in one for one in readers_of(ID, seen(held("ann", "Owner", ROOT_GROUP))).not_seen)


def test_no_answer_says_nobody_else() -> None:
    found = readers_of(ID, seen(held("ann", "Owner", "/")))
    texts = [*found.not_seen, *(one.says + one.advice for one in (*found.readers, *found.could))]
    assert not [one for one in texts if "nobody else" in one.lower() or "no one else" in one.lower()]
