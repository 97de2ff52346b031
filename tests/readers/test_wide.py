"""Key-reading roles on a whole subscription or above are found, each once with its holders."""

import pytest

from shared.readers.kinds import Holding
from shared.readers.wide import WideRole, key_roles_at_subscription
from tests.readers.builders import ACCOUNT, RG, SUBSCRIPTION, held, seen
from tests.readers.worlds import OTHERS, OURS


def test_holders_of_one_role_on_one_subscription_are_one_finding() -> None:
    shown = seen(
        held("bob", "Contributor", SUBSCRIPTION),
        held("ann", "Contributor", SUBSCRIPTION.upper(), holding=Holding.ELIGIBLE),
        held("ann", "Contributor", SUBSCRIPTION),
    )
    assert key_roles_at_subscription(shown) == (WideRole("Contributor", SUBSCRIPTION, ("ann", "bob")),)


@pytest.mark.parametrize("scope", ["/", "/providers/Microsoft.Management/managementGroups/top", SUBSCRIPTION])
def test_a_subscription_and_what_is_above_it_counts(scope: str) -> None:
    found = key_roles_at_subscription(seen(held("ann", "Cognitive Services User", scope)), OURS.upper())
    assert [one.scope for one in found] == [scope]


@pytest.mark.parametrize("scope", [RG, ACCOUNT])
def test_a_resource_group_and_an_account_do_not_count(scope: str) -> None:
    assert key_roles_at_subscription(seen(held("ann", "Owner", scope))) == ()


@pytest.mark.parametrize("role", ["Reader", "Cognitive Services OpenAI User", "User Access Administrator"])
def test_a_role_that_shows_no_key_of_an_account_does_not_count(role: str) -> None:
    assert key_roles_at_subscription(seen(held("ann", role, SUBSCRIPTION))) == ()


def test_of_another_subscription_only_what_is_asked_for_counts() -> None:
    shown = seen(held("ann", "Owner", f"/subscriptions/{OTHERS}"))
    assert key_roles_at_subscription(shown, OURS) == ()
    assert len(key_roles_at_subscription(shown)) == 1
