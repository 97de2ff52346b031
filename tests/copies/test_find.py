"""One look into all places: what it asks for, in which order, how much, and what it says of the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from shared.copies.find import CopiesSeen, look_for_copies
from shared.copies.jobs import MOST_IN_SUBSCRIPTION, MOST_LISTS, expected_lists
from shared.copies.kinds import LookedAt
from shared.copies.matching import TraceIndex, copies_of_all
from shared.copies.not_looked import NOT_LOOKED
from shared.copies.places import PLACES
from shared.copies.ports import Holder
from shared.copies.sought import Sought
from shared.copies.traces import HolderEntry, HolderList
from shared.domain.errors import GrantRole, RotationError, TryLater, UnexpectedAnswer
from shared.domain.model import AccountId
from tests.support.copied import NOTHING_KNOWN

SITE, SERVICE, SEARCH = "microsoft.web/sites", "microsoft.apimanagement/service", "microsoft.search/searchservices"
ACCOUNT, APP, JOB = "microsoft.cognitiveservices/accounts", "microsoft.app/containerapps", "microsoft.app/jobs"
LOGIC = "microsoft.web/connections"
SETTING = {"id": "KEY", "properties": {"vaultName": "keys", "secretName": "chat-key"}}


def subscription(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def holder(kind: str, name: str, number: int = 1, group: str = "apps") -> Holder:
    return Holder(f"/subscriptions/{subscription(number)}/resourceGroups/{group}/providers/{kind}/{name}", kind)


def sites(count: int, number: int = 1) -> list[Holder]:
    return [holder(SITE, f"site-{one:05}", number) for one in range(count)]


@dataclass
class FakeHolders:
    """Resources with the same entries in each list.

    found: The resources; an error if they cannot be found.
    shown: The entries of a list.
    errors: The error of a list.
    asked: What was asked for, in order.
    lists_in_time: For how many lists there is time.
    """

    found: Sequence[Holder] | RotationError
    shown: dict[HolderList, list[dict[str, Any]]] = field(default_factory=dict)
    errors: dict[HolderList, RotationError] = field(default_factory=dict)
    asked: list[tuple[HolderList, str]] = field(default_factory=list)
    lists_in_time: int = 1_000_000

    async def holders(self, groups: Sequence[str]) -> Sequence[Holder]:
        if isinstance(self.found, RotationError):
            raise self.found
        return self.found

    async def entries(self, listed: HolderList, resource: str) -> Sequence[HolderEntry]:
        self.asked.append((listed, resource))
        if listed in self.errors:
            raise self.errors[listed]
        return self.shown.get(listed, [])

    def time_left(self) -> float:
        return 100.0 if len(self.asked) < self.lists_in_time else 1.0


def place(seen: CopiesSeen, word: str) -> LookedAt:
    return next(one for one in seen.places if one.place == word)


async def test_every_kind_of_place_is_in_the_answer_looked_at_or_not() -> None:
    seen = await look_for_copies(FakeHolders([]))
    assert [one.place for one in seen.places] == [one.word for one in (*PLACES, *[])] + [
        one.place for one in NOT_LOOKED
    ]
    assert {one.looked for one in seen.places if one not in NOT_LOOKED} == {0}
    assert all(one.looked is None and one.why for one in NOT_LOOKED)
    assert len({one.place for one in seen.places}) == len(seen.places)


async def test_each_resource_is_asked_once_and_a_subscription_or_group_stands_for_all_in_it() -> None:
    found = [
        *sites(3),
        holder(APP, "one"),
        holder(APP, "two", group="others"),
        holder(JOB, "three"),
        holder(LOGIC, "one"),
        holder(LOGIC, "two"),
    ]
    fake = FakeHolders(found)
    seen = await look_for_copies(fake)
    assert Counter(listed for listed, _ in fake.asked) == {
        HolderList.APP_SETTINGS: 3,
        HolderList.CONTAINER_APPS: 1,
        HolderList.CONTAINER_JOBS: 1,
        HolderList.LOGIC_CONNECTIONS: 1,
    }
    assert seen.calls == len(fake.asked) + 1
    assert sum(expected_lists(found).values()) == len(fake.asked)


async def test_projects_of_an_account_are_asked_one_by_one() -> None:
    account = holder(ACCOUNT, "hub")
    fake = FakeHolders([account], {HolderList.PROJECTS: [{"name": "one"}, {"name": "two"}]})
    seen = await look_for_copies(fake)
    asked = [scope for listed, scope in fake.asked if listed is HolderList.PROJECT_CONNECTIONS]
    assert asked == [f"{account.id}/projects/one", f"{account.id}/projects/two"]
    assert place(seen, "foundry-project-connection").looked == 1


async def test_a_project_whose_name_is_none_is_a_problem_and_not_a_path() -> None:
    seen = await look_for_copies(FakeHolders([holder(ACCOUNT, "hub")], {HolderList.PROJECTS: [{"name": ""}]}))
    assert ["its name is none" in one.what for one in seen.problems] == [True]


async def test_no_kind_of_place_starves_another() -> None:
    fake = FakeHolders([*sites(50), holder(SERVICE, "gateway"), holder(SEARCH, "finder")])
    await look_for_copies(fake)
    first = {listed for listed, _ in fake.asked[:6]}
    assert {HolderList.NAMED_VALUES, HolderList.APP_SETTINGS, HolderList.INDEXES} <= first


async def test_the_subscriptions_that_are_near_come_first() -> None:
    fake = FakeHolders([*sites(20, 1), *sites(20, 2)])
    await look_for_copies(fake, near=[subscription(2).upper()])
    assert all(subscription(2) in scope for _, scope in fake.asked[:20])


async def test_a_look_asks_one_subscription_for_a_bounded_number_and_says_what_is_left() -> None:
    fake = FakeHolders(sites(MOST_IN_SUBSCRIPTION + 30), {HolderList.APP_SETTINGS: [SETTING]})
    seen = await look_for_copies(fake)
    found = place(seen, "app-setting")
    assert (len(fake.asked), found.looked) == (MOST_IN_SUBSCRIPTION, MOST_IN_SUBSCRIPTION)
    assert found.why.startswith("30 resources had to wait for another look")


async def looked_into(found: Sequence[Holder], first: int, looks: int, **facts: Any) -> set[tuple[HolderList, str]]:
    """Return what some looks ask for that follow each other."""
    fakes = [FakeHolders(found, **facts) for _ in range(looks)]
    for number, fake in enumerate(fakes):
        await look_for_copies(fake, start=first + number)
    return {one for fake in fakes for one in fake.asked}


@pytest.mark.parametrize("first", [0, 3, 490_000, 490_017])
async def test_the_looks_of_six_hours_see_a_thousand_resources_of_a_subscription(first: int) -> None:
    found = sites(1000)
    assert {scope for _, scope in await looked_into(found, first, 6)} == {one.id for one in found}


@pytest.mark.parametrize("first", [0, 490_000])
async def test_looks_that_follow_each_other_see_all_kinds_of_places_whole(first: int) -> None:
    services = [holder(SEARCH, f"finder-{one}") for one in range(300)]
    found = [*sites(500), *services, *(holder(SERVICE, f"gateway-{one}") for one in range(9))]
    expected = sum(expected_lists(found).values())
    assert len(await looked_into(found, first, 18)) == expected == 1709


async def test_looks_that_follow_each_other_see_all_of_many_subscriptions() -> None:
    found = [one for number in range(50) for one in sites(100, number)]
    assert len(await looked_into(found, 490_000, 3)) == len(found)


async def test_looks_that_run_out_of_time_leave_no_resource_out_for_ever() -> None:
    found = sites(300)
    assert len(await looked_into(found, 490_000, 60, lists_in_time=40)) == len(found)


async def test_what_there_is_no_time_for_has_to_wait_and_is_no_failure() -> None:
    fake = FakeHolders(sites(60), lists_in_time=20)
    seen = await look_for_copies(fake)
    found = place(seen, "app-setting")
    assert (found.looked, seen.problems, seen.is_whole) == (20, (), False)
    assert found.why.startswith("40 resources had to wait for another look")


async def test_an_answer_of_another_form_stops_its_own_resource_only() -> None:
    good = {"id": holder(APP, "good").id, "properties": {"configuration": {"secrets": [{"name": "own"}]}}}
    bad = {"id": holder(APP, "bad").id, "properties": {"configuration": {"secrets": [None]}}}
    shown = {HolderList.CONTAINER_APPS: [bad, good], HolderList.APP_SETTINGS: [SETTING]}
    seen = await look_for_copies(FakeHolders([holder(APP, "good"), *sites(1)], shown))
    assert [(type(one), "another form" in one.what) for one in seen.problems] == [(UnexpectedAnswer, True)]
    assert (place(seen, "app-setting").looked, place(seen, "container-app-secret").unjudged) == (1, 1)


@pytest.mark.parametrize("listed", list(HolderList))
@pytest.mark.parametrize(
    "entry",
    [
        {"name": "x", "properties": "text", "vectorSearch": "text", "skills": "text", "models": "text", "id": 5},
        {"name": 5, "properties": {"metadata": 5, "keyVault": 5, "configuration": 5, "typeProperties": 5, "api": 5}},
        {"properties": {"keyVault": {"secretIdentifier": ["one"]}, "typeProperties": {"authHeaders": [{}]}}},
        {"vectorSearch": {"vectorizers": [None]}, "skills": [None], "models": [None], "m": {"ingestionParameters": 5}},
    ],
)
async def test_no_answer_of_another_form_ends_a_look(listed: HolderList, entry: dict[str, Any]) -> None:
    kinds = [kind for one in PLACES for kind in one.types]
    seen = await look_for_copies(FakeHolders([holder(one, "thing") for one in kinds], {listed: [entry]}))
    assert {type(one) for one in seen.problems} <= {UnexpectedAnswer}
    assert len(seen.places) == len(PLACES) + len(NOT_LOOKED)


async def test_ten_thousand_foundry_accounts_cost_no_more_than_the_bound_and_the_pages() -> None:
    found = [holder(ACCOUNT, f"account-{one:05}", one % 50) for one in range(10_000)]
    fake = FakeHolders(found, {HolderList.PROJECTS: [{"name": "one"}]})
    seen = await look_for_copies(fake)
    assert (len(fake.asked), seen.calls) == (MOST_LISTS, MOST_LISTS + 10)
    assert max(Counter(scope.split("/")[2] for _, scope in fake.asked).values()) <= MOST_IN_SUBSCRIPTION
    assert sum(expected_lists(found).values()) == 20_000


async def test_copies_of_ten_thousand_accounts_cost_the_calls_of_one() -> None:
    fake = FakeHolders(sites(5), {HolderList.APP_SETTINGS: [SETTING]})
    seen = await look_for_copies(fake)
    accounts = [AccountId(subscription(1), "ai", f"account-{one:05}") for one in range(10_000)]
    found = copies_of_all(seen, [Sought(one) for one in accounts] + [NOTHING_KNOWN])
    assert [len(one.copies) for one in found if one.copies] == [5]
    assert len(fake.asked) == 5


async def test_what_refuses_is_said_and_never_counts_as_looked_into() -> None:
    refused = GrantRole("/x", "could not see it: 403.")
    fake = FakeHolders([*sites(2), holder(SERVICE, "gateway")], errors={HolderList.APP_SETTINGS: refused})
    seen = await look_for_copies(fake)
    found = place(seen, "app-setting")
    assert found.looked == 0
    assert found.why.startswith("2 resources refused this app, so nothing is known of what they hold.")
    assert seen.problems == (refused, refused)
    assert place(seen, "apim-named-value").looked == 1


async def test_a_search_service_that_takes_keys_only_is_not_looked_into_and_no_problem() -> None:
    refused = GrantRole("/x", "could not list its indexes: 403.")
    seen = await look_for_copies(FakeHolders([holder(SEARCH, "finder")], errors={HolderList.INDEXES: refused}))
    found = place(seen, "search")
    assert (found.looked, seen.problems) == (0, ())
    assert "1 resource could not be looked into: most search services take API keys only" in found.why
    assert "does not mean that they hold no copies" in found.why


async def test_a_list_that_fails_leaves_the_others_and_a_few_problems_stand_for_many() -> None:
    late = TryLater("/x", "could not see it: no answer came.")
    fake = FakeHolders([*sites(9), holder(SERVICE, "gateway")], errors={HolderList.APP_SETTINGS: late})
    seen = await look_for_copies(fake)
    assert seen.problems == (late,) * 3
    assert place(seen, "app-setting").why.startswith("9 resources did not answer as expected.")


async def test_nothing_is_looked_at_where_the_resources_cannot_be_found() -> None:
    refused = GrantRole("Resource Graph", "could not list the resources: 403.")
    seen = await look_for_copies(FakeHolders(refused))
    assert {one.looked for one in seen.places} == {None}
    assert all(one.why for one in seen.places)
    assert seen.problems == (refused,)


async def test_what_cannot_be_judged_is_counted_and_shown_to_nobody_as_theirs() -> None:
    shown = {HolderList.APP_SETTINGS: [{"id": "KEY", "properties": {"status": "InvalidSyntax"}}]}
    seen = await look_for_copies(FakeHolders(sites(2), shown))
    assert place(seen, "app-setting").unjudged == 2
    assert TraceIndex(seen).copies_of(NOTHING_KNOWN).copies == ()


async def test_those_that_break_first_come_first() -> None:
    values = [
        {"name": "follows", "properties": {"keyVault": {"secretIdentifier": ["keys.vault.azure.net", "chat-key", ""]}}},
        {
            "name": "pins",
            "properties": {"keyVault": {"secretIdentifier": ["keys.vault.azure.net", "chat-key", "mark"]}},
        },
    ]
    seen = await look_for_copies(FakeHolders([holder(SERVICE, "gateway")], {HolderList.NAMED_VALUES: values}))
    assert [one.name for one in TraceIndex(seen).copies_of(NOTHING_KNOWN).copies] == ["pins", "follows"]
