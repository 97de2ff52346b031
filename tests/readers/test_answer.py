"""Whether one person can read a key: by the service's own answer, which knows the groups."""

import random
from dataclasses import replace

import pytest

from shared.readers.answer import answer_for
from shared.readers.kinds import Holding, Readers
from shared.readers.rights import is_at_or_above
from shared.readers.unseen import ABOVE, OTHER_TENANTS, RUNS_CODE
from tests.readers import oracle
from tests.readers.builders import ACCOUNT, ID, RG, VAULT, by_policies, deny, held, policy, seen
from tests.readers.worlds import a_world, seen_of

TEAM = held("team", "Contributor", RG, kind="Group", name="Team")


def test_a_person_reads_keys_as_a_member_of_a_group() -> None:
    found = answer_for(ID, "ANN", [TEAM], seen(TEAM), "key")
    one = found.readers[0]
    assert (one.principal, one.road, one.by, one.scope) == ("ann", "list-keys", "Contributor", RG)
    assert one.says == "lists both keys of the account, as a member of Team (team)"


def test_an_answer_about_one_person_does_not_speak_of_members_whom_the_service_knows() -> None:
    words = answer_for(ID, "ann", [TEAM], seen(TEAM), "key").not_seen
    assert not [one for one in words if one.startswith("members of")]
    assert {ABOVE, RUNS_CODE, OTHER_TENANTS} <= set(words)


def test_a_right_of_the_person_counts_before_the_same_one_of_a_group() -> None:
    own = held("ann", "Cognitive Services User")
    one = answer_for(ID, "ann", [TEAM, own], seen(TEAM, own), "key").readers[0]
    assert (one.by, one.says) == ("Cognitive Services User", "lists both keys of the account")
    assert one.also_by == (f"Contributor on {RG}, as a member of Team (team)",)


def test_a_right_that_acts_counts_before_an_eligible_one_of_the_person() -> None:
    own = held("ann", "Owner", holding=Holding.ELIGIBLE)
    one = answer_for(ID, "ann", [TEAM, own], seen(TEAM, own), "key").readers[0]
    assert (one.by, one.holding) == ("Contributor", Holding.ACTIVE)


def test_nobody_elses_rights_are_in_the_answer() -> None:
    other = held("bob", "Owner")
    found = answer_for(ID, "ann", [], seen(other, TEAM), "key")
    assert (found.readers, found.could) == ((), ())


def test_a_role_on_the_vault_of_a_known_group_counts() -> None:
    on_vault = held("team", "Key Vault Secrets User", VAULT, kind="Group")
    found = answer_for(ID, "ann", [TEAM], seen(TEAM, on_vault), "key")
    assert "secret-by-role" in {one.road for one in found.readers}


def test_a_group_that_reads_through_the_vault_alone_is_not_known_and_is_said() -> None:
    on_vault = held("keepers", "Key Vault Secrets User", VAULT, kind="Group", name="Keepers")
    found = answer_for(ID, "ann", [], seen(on_vault), "key")
    assert found.readers == ()
    assert (
        found.not_seen[0] == "whether the person is a member of Keepers, which comes to a key through the vault alone"
    )


def test_a_group_with_an_eligible_role_is_not_in_the_answer_of_the_service_and_is_said() -> None:
    can = held("admins", "Owner", kind="Group", name="Admins", holding=Holding.ELIGIBLE)
    found = answer_for(ID, "ann", [], seen(can), "key")
    word = "whether the person is a member of Admins, which comes to a key with an eligible role"
    assert found.not_seen[0] == word
    member = answer_for(ID, "ann", [replace(can, holding=Holding.ACTIVE)], seen(can), "key")
    assert word not in member.not_seen


def test_what_an_access_policy_names_may_be_a_group_of_the_person() -> None:
    shown = seen(vault=by_policies(policy("x", "get"), policy("ann", "get")))
    found = answer_for(ID, "ann", [], shown, "key")
    assert [one.road for one in found.readers] == ["secret-by-policy"]
    assert found.not_seen[0] == "whether the person is a member of x, which comes to a key through the vault alone"


def test_a_deny_assignment_that_names_the_person_is_named_although_a_group_has_the_right() -> None:
    shown = seen(TEAM, denied=(deny("*", principals=("ann",)),))
    assert answer_for(ID, "ann", [TEAM], shown, "key").readers[0].denied_by == ("no keys",)


@pytest.mark.parametrize("seed", range(200))
def test_the_answer_is_what_the_person_and_its_groups_have_together(seed: int) -> None:
    """The service answers with what acts on the account. A group that it names is one of the person's."""
    world = a_world(seed)
    shown = seen_of(world)
    chance = random.Random(seed)
    everybody = sorted({one.principal for one in shown.held})
    person, groups = chance.choice(everybody), set(chance.sample(everybody, len(everybody) // 2))
    answered = [one for one in shown.held if one.principal in {person, *groups} and is_at_or_above(one.scope, ACCOUNT)]
    known = {person, *(one.principal for one in answered)}
    found = answer_for(ID, person, answered, shown, "key")
    expected = {road for who, road in oracle.readers(world) if who in known}
    assert _roads(found) == sorted(expected)


def _roads(found: Readers) -> list[str]:
    return sorted(one.road for one in (*found.readers, *found.could))


def test_a_person_whom_the_answer_does_not_reach_has_no_row_and_it_is_still_no_no() -> None:
    found = answer_for(ID, "ann", [], replace(seen(), not_looked=("eligible assignments",)), "key")
    assert (found.readers, "eligible assignments" in found.not_seen) == ((), True)
