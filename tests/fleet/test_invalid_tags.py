"""All invalid tags of an account are named, in the list of problems and to a caller who asks for the target."""

import pytest

from shared.domain.errors import FixConfiguration, RotationError, UnknownTarget
from shared.domain.model import AccountId
from shared.settings.environment import Settings
from tests.settings.test_target_fields import account, enrolled, settings
from tests.support.real_parts import Parts

INVALID = {"key-rotation": "on", "key-rotation-period": "soon"}


async def why_not_found(parts: Parts, *names: str) -> RotationError:
    with pytest.raises(RotationError) as caught:
        await parts.rotation.fleet.find_all(names)
    return caught.value


def problem_of(tags: dict[str, str], reading: Settings | None = None) -> str:
    (problem,) = enrolled(reading or settings(), (account(), tags)).problems
    return problem.what


def test_all_invalid_tags_of_an_account_are_named_together() -> None:
    tags = {
        "key-rotation": "yes",
        "key-rotation-perod": "P9D",
        "key-rotation-period": "soon",
        "key-rotation-overlap": "later",
        "key-rotation-sunset": "never",
        "key-rotation-secret": "a_b",
        "key-rotation-vault": "https://another.vault.azure.net",
        "key-rotation-after-deployment": "production tomorrow",
    }
    said = problem_of(tags)
    for part in ("'yes'", "perod", "'soon'", "'later'", "'never'", "'a_b'", "another.vault.azure.net", "'tomorrow'"):
        assert part in said


def test_an_untrusted_vault_leads_to_the_setting_even_beside_another_invalid_tag() -> None:
    tags = INVALID | {"key-rotation-vault": "https://another.vault.azure.net"}
    (problem,) = enrolled(settings(), (account(), tags)).problems
    assert problem.next_step == "correct the account's tags, or add the vault to ROTATION_VAULTS"


def test_an_invalid_vault_address_is_only_one_problem() -> None:
    assert problem_of({"key-rotation": "on", "key-rotation-vault": "contoso"}).count("contoso") == 2  # and an example


async def test_a_request_for_a_target_with_an_invalid_tag_gets_the_problem_that_the_list_shows(parts: Parts) -> None:
    parts.account().tags = INVALID
    _, (listed,) = await parts.rotation.fleet.enrolled()
    answered = await why_not_found(parts, "account-001")
    assert type(answered) is FixConfiguration
    assert (answered.thing, answered.what, answered.next_step) == (listed.thing, listed.what, listed.next_step)


async def test_a_request_for_two_targets_with_invalid_tags_names_both(parts: Parts) -> None:
    parts.account(1).tags = INVALID
    parts.account(2).tags = {"key-rotation": "perhaps"}
    answered = await why_not_found(parts, "account-001", "account-002")
    assert type(answered) is FixConfiguration
    assert "'soon'" in str(answered)
    assert "'perhaps'" in str(answered)


async def test_an_unknown_name_is_reported_beside_a_target_with_an_invalid_tag(parts: Parts) -> None:
    parts.account().tags = INVALID
    answered = await why_not_found(parts, "account-001", "chart")
    assert type(answered) is UnknownTarget
    assert answered.thing == "'chart'"
    assert "'soon'" in answered.what


async def test_a_request_by_the_account_s_id_gets_the_problem_with_its_tags(parts: Parts) -> None:
    """As for a request that waited in the queue while a person changed a tag."""
    parts.account().tags = INVALID
    with pytest.raises(FixConfiguration, match="soon"):
        await parts.rotation.fleet.find_account(AccountId.parse(parts.account().id))
