"""An account with wrong tags: all of them are named at once, in the list of problems and to whoever asks by name."""

import pytest

from shared.domain.errors import FixConfiguration, RotationError, UnknownTarget
from shared.domain.model import AccountId
from shared.ports import Account
from shared.settings.environment import Settings
from tests.settings.test_target_fields import account, enrolled, settings
from tests.support.real_parts import Parts

WRONG = {"key-rotation": "on", "key-rotation-period": "soon"}


async def why_not_found(parts: Parts, *names: str) -> RotationError:
    with pytest.raises(RotationError) as caught:
        await parts.rotation.fleet.find_all(names)
    return caught.value


def what_is_wrong(tags: dict[str, str], reading: Settings | None = None) -> str:
    (problem,) = enrolled(reading or settings(), (account(), tags)).problems
    return problem.what


def test_all_wrong_tags_of_an_account_are_named_at_once() -> None:
    tags = {
        "key-rotation": "yes",
        "key-rotation-perod": "P9D",
        "key-rotation-period": "soon",
        "key-rotation-overlap": "later",
        "key-rotation-sunset": "never",
        "key-rotation-secret": "a_b",
        "key-rotation-vault": "https://his.vault.azure.net",
        "key-rotation-after-deployment": "production tomorrow",
    }
    said = what_is_wrong(tags)
    for wrong in ("'yes'", "perod", "'soon'", "'later'", "'never'", "'a_b'", "his.vault.azure.net", "'tomorrow'"):
        assert wrong in said


def test_a_vault_that_no_setting_names_leads_to_the_setting_also_beside_another_wrong_tag() -> None:
    tags = WRONG | {"key-rotation-vault": "https://his.vault.azure.net"}
    (problem,) = enrolled(settings(), (account(), tags)).problems
    assert problem.next_step == "correct the account's tags, or add the vault to ROTATION_VAULTS"


def test_a_vault_s_address_that_makes_no_sense_is_one_problem_and_not_two() -> None:
    assert (
        what_is_wrong({"key-rotation": "on", "key-rotation-vault": "contoso"}).count("contoso") == 2
    )  # and an example


async def test_a_target_with_a_wrong_tag_is_answered_with_the_problem_that_the_list_shows(parts: Parts) -> None:
    parts.account().tags = WRONG
    _, (listed,) = await parts.rotation.fleet.enrolled()
    told = await why_not_found(parts, "account-001")
    assert type(told) is FixConfiguration
    assert (told.thing, told.what, told.next_step) == (listed.thing, listed.what, listed.next_step)


async def test_two_wrong_targets_that_are_asked_for_together_are_both_named(parts: Parts) -> None:
    parts.account(1).tags = WRONG
    parts.account(2).tags = {"key-rotation": "perhaps"}
    told = await why_not_found(parts, "account-001", "account-002")
    assert type(told) is FixConfiguration
    assert "'soon'" in str(told)
    assert "'perhaps'" in str(told)


async def test_a_name_that_nobody_knows_is_not_hidden_by_a_target_with_a_wrong_tag(parts: Parts) -> None:
    parts.account().tags = WRONG
    told = await why_not_found(parts, "account-001", "chart")
    assert type(told) is UnknownTarget
    assert told.thing == "'chart'"
    assert "'soon'" in told.what


async def test_an_account_that_is_asked_for_by_its_id_says_what_is_wrong_with_its_tags(parts: Parts) -> None:
    """A request that waited in the queue while somebody changed a tag."""
    parts.account().tags = WRONG
    with pytest.raises(FixConfiguration, match="soon"):
        await parts.rotation.fleet.find_account(AccountId.parse(parts.account().id))


def twins(first: AccountId, second: AccountId, secret: str) -> tuple[RotationError, FixConfiguration]:
    """Two accounts that want the same secret: the problem as it is listed, and as the second one's asker is told."""
    found = enrolled(settings())
    for one in (first, second):
        tags = {"key-rotation": "on", "key-rotation-secret": secret}
        found.add(Account(one, "https://chat.openai.azure.com/", True, tags))
    ((told,),) = found.refused.values()
    return found.problems[0], told


def test_whoever_asks_for_a_target_whose_secret_is_taken_is_not_told_by_which_other_target() -> None:
    listed, told = twins(account("search"), account("other"), "shared-key")
    assert listed.what.endswith("/secrets/shared-key is taken by target search.")
    assert told.what.endswith("/secrets/shared-key is taken by another target.")
    assert told.next_step == listed.next_step == "tag it key-rotation-secret with another name"


def test_an_account_whose_name_is_taken_is_told_of_the_way_that_gives_it_another() -> None:
    listed, _ = twins(account(), AccountId(account().subscription, "elsewhere", "chat"), "shared-key")
    assert "ROTATION_TARGETS" in listed.next_step
