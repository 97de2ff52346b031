"""Which policies would keep keys off after a trial, as a table."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.key_policies import Assignment, Denial, Exemption, PolicyAnswer, PolicyState, policy_answer

SUBSCRIPTION = "/subscriptions/00000000-0000-4000-8000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/Chat"
ACCOUNT = f"{GROUP}/providers/Microsoft.CognitiveServices/accounts/chat"
BUILT_IN = "/providers/Microsoft.Authorization/policyDefinitions/"
AUDIT = f"{BUILT_IN}71ef260a-8f18-47b7-abcb-62d0673d94dc"
MODIFY = f"{BUILT_IN}14DE9E63-1b31-492e-a5a3-c3f7fd57f555"
DEPLOY = f"{BUILT_IN}55eff01b-f2bd-4c32-9203-db285f709d30"
INITIATIVE = "/providers/Microsoft.Authorization/policySetDefinitions/x"
OTHER = f"{BUILT_IN}00000000-0000-4000-8000-000000000002"
ID = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/policyAssignments/one"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEYS = ("Microsoft.CognitiveServices/accounts/disableLocalAuth",)


def answered(*found: Assignment | Denial | PolicyState | Exemption) -> PolicyAnswer:
    return policy_answer(
        ACCOUNT,
        [one for one in found if isinstance(one, Assignment)],
        [one for one in found if isinstance(one, Denial)],
        [one for one in found if isinstance(one, PolicyState)],
        [one for one in found if isinstance(one, Exemption)],
        NOW,
    )


def assigned(definition: str, **facts: object) -> Assignment:
    return Assignment(ID, "No keys", definition, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "does"),
    [
        (assigned(MODIFY), "switches keys off again at once"),
        (assigned(DEPLOY), "switches keys off again some minutes later"),
        (assigned(AUDIT, effect="deny"), "denies to switch keys on"),
        (assigned(AUDIT, override="Deny"), "denies to switch keys on"),
        (assigned(AUDIT), ""),
        (assigned(AUDIT, effect="Deny", override="Audit"), ""),
        (assigned(MODIFY, effect="Disabled"), ""),
        (assigned(MODIFY, enforced=False), ""),
        (assigned(MODIFY, left_out=(GROUP.lower(),)), ""),
        (assigned(MODIFY, left_out=(f"{SUBSCRIPTION}/resourceGroups/Cha",)), "switches keys off again at once"),
        (assigned(OTHER, effect="Deny"), ""),
    ],
)
def test_an_assignment_blocks_if_it_acts_on_the_account_and_keeps_keys_off(one: Assignment, does: str) -> None:
    found = answered(one)
    assert [does in each for each in found.blockers] == ([True] if does else [])
    assert found.unseen == ()


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        (f"{SUBSCRIPTION}{BUILT_IN}71ef260a-8f18-47b7-abcb-62d0673d94dc", 1),
        (INITIATIVE, 1),
        (OTHER, 0),
    ],
)
def test_what_is_not_one_built_in_policy_is_not_known(definition: str, said: int) -> None:
    found = answered(assigned(definition, effect="Deny"))
    assert found.blockers == ()
    assert len(found.unseen) == said


def test_an_assignment_that_chooses_resources_is_not_judged() -> None:
    found = answered(assigned(MODIFY, selective=True))
    assert found.blockers == ()
    assert "by a rule" in found.unseen[0]


def test_a_policy_that_azure_names_and_the_list_as_well_blocks_once() -> None:
    [blocker] = answered(assigned(AUDIT, effect="Deny"), Denial(ID.upper(), "Deny", KEYS)).blockers
    assert blocker.startswith('The policy "No keys" denies to switch keys on')
    assert ID in blocker


@pytest.mark.parametrize(
    ("denial", "blocks", "said"),
    [
        (Denial(ID, "Deny", KEYS), 1, 0),
        (Denial(ID, "Deny"), 1, 0),
        (Denial("", "Deny"), 1, 0),
        (Denial(ID, "modify", KEYS), 1, 0),
        (Denial(ID, "Deny", ("tags",)), 0, 1),
        (Denial(ID, "Audit", KEYS), 0, 0),
    ],
)
def test_what_azure_says_blocks_if_it_acts_and_is_about_keys(denial: Denial, blocks: int, said: int) -> None:
    found = answered(denial)
    assert (len(found.blockers), len(found.unseen)) == (blocks, said)


@pytest.mark.parametrize(
    ("exemption", "blocks"),
    [
        (Exemption(ID.upper()), 0),
        (Exemption(ID, NOW + timedelta(days=7, seconds=1)), 0),
        (Exemption(ID, NOW + timedelta(days=7)), 1),
        (Exemption(ID, selective=True), 1),
        (Exemption(ID, parts=("a part",)), 1),
        (Exemption(f"{ID}-2"), 1),
    ],
)
def test_an_exemption_counts_if_it_is_whole_and_outlives_every_trial(exemption: Exemption, blocks: int) -> None:
    assert len(answered(assigned(MODIFY), Denial(ID, "Deny", KEYS), exemption).blockers) == blocks


CUSTOM = f"{SUBSCRIPTION}{BUILT_IN}own"


@pytest.mark.parametrize(
    ("state", "blocks", "unknown"),
    [
        (PolicyState(ID.lower(), MODIFY.lower(), "modify"), 1, 0),
        (PolicyState(ID, DEPLOY, "deployIfNotExists"), 1, 0),
        (PolicyState(ID, AUDIT, "Deny"), 1, 0),
        (PolicyState(ID, AUDIT, "audit"), 0, 0),
        (PolicyState(ID, MODIFY, "disabled"), 0, 0),
        (PolicyState(ID, CUSTOM, "audit"), 0, 0),
        (PolicyState(ID, CUSTOM, "modify"), 0, 1),
        (PolicyState(ID, OTHER, "append"), 0, 1),
        (PolicyState(ID, CUSTOM, ""), 0, 1),
        (PolicyState(ID, MODIFY, "an effect of tomorrow"), 0, 1),
        (PolicyState(f"{ID}-2", MODIFY, "modify"), 0, 1),
    ],
)
@pytest.mark.parametrize("definition", [INITIATIVE, CUSTOM])
def test_what_its_policies_found_says_what_an_initiative_does(
    definition: str, state: PolicyState, blocks: int, unknown: int
) -> None:
    found = answered(assigned(definition), state)
    assert (len(found.blockers), len(found.unseen)) == (blocks, unknown)


def test_one_policy_that_is_not_known_leaves_its_initiative_unknown() -> None:
    states = [PolicyState(ID, AUDIT, "audit", "look"), PolicyState(ID, CUSTOM, "modify", "own")]
    assert len(answered(assigned(INITIATIVE), *states).unseen) == 1
    assert answered(assigned(INITIATIVE), *states, Exemption(ID, parts=("OWN",))).unseen == ()


@pytest.mark.parametrize(
    ("exemption", "blocks"),
    [
        (Exemption(ID, parts=("KEYS", "other")), 0),
        (Exemption(ID, parts=("other",)), 1),
        (Exemption(ID, NOW + timedelta(days=7), ("keys",)), 1),
        (Exemption(ID, parts=("keys",), selective=True), 1),
    ],
)
def test_an_exemption_can_be_limited_to_a_part_of_an_initiative(exemption: Exemption, blocks: int) -> None:
    facts = (PolicyState(ID, MODIFY, "modify", "keys"), Denial(ID, "deny", KEYS, "keys"))
    for fact in facts:
        assert len(answered(assigned(INITIATIVE), fact, exemption).blockers) == blocks


def test_what_a_policy_found_counts_only_while_it_is_assigned_and_acts() -> None:
    state = PolicyState(ID, MODIFY, "modify")
    assert answered(state).blockers == ()
    assert answered(assigned(INITIATIVE, enforced=False), state).blockers == ()
    assert len(answered(assigned(INITIATIVE, selective=True), state).blockers) == 1
