"""Who listens to the topic, as Azure Resource Manager says. What cannot be read is said, and fails nothing."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from lab.emulator.serve import Azure
from lab.emulator.shipped import shipped_roles
from lab.emulator.topics import Topic
from shared.announce.listening import Hearing
from tests.support.real_parts import Parts, Spoiled, parts_over

LIST, METRICS = "arm.listEventSubscriptions", "arm.listMetrics"


@pytest.fixture
async def wired(azure: Azure) -> AsyncIterator[Parts]:
    """The app's parts, over a topic with the event subscription `team`."""
    async with parts_over(azure) as parts:
        yield parts


def topic(parts: Parts) -> Topic:
    return next(iter(parts.azure.world.topics.values()))


async def heard(parts: Parts) -> Hearing:
    listeners: Any = parts.rotation.outside.listeners
    hearing: Hearing = await listeners.hearing(parts.rotation.outside.clock.now())
    return hearing


async def test_a_topic_with_a_listener_is_asked_for_it_and_for_its_deliveries(wired: Parts) -> None:
    hearing = await heard(wired)
    assert [one.name for one in hearing.listening] == ["team"]
    assert wired.names() == [LIST, METRICS]


async def test_a_topic_without_a_listener_is_not_asked_for_deliveries(wired: Parts) -> None:
    topic(wired).subscribers.clear()
    assert "reach nobody" in str((await heard(wired)).nobody)
    assert wired.names() == [LIST]


async def test_azure_is_asked_again_after_an_hour_and_not_before(wired: Parts) -> None:
    await heard(wired)
    topic(wired).subscribers.clear()
    wired.azure.world.clock.advance(3599)
    assert (await heard(wired)).listening
    wired.azure.world.clock.advance(1)
    assert not (await heard(wired)).listening


async def test_every_page_is_read(wired: Parts) -> None:
    for number in range(45):
        topic(wired).subscribe(f"team-{number}")
    assert len((await heard(wired)).listening) == 46
    assert wired.names() == [LIST, LIST, LIST, METRICS]


async def test_filters_states_and_expiry_are_read(wired: Parts) -> None:
    topic(wired).subscribers.clear()
    topic(wired).subscribe("a", state="AwaitingManualAction")
    topic(wired).subscribe("b", types=("KeyRotation.KeyRotated",))
    topic(wired).subscribe("c", expires="2020-01-31T00:00:00Z")
    topic(wired).subscribe("d", begins="https://keys", ends="/chat")
    hearing = await heard(wired)
    assert [one.name for one in hearing.listening] == ["d"]
    assert (hearing.listening[0].begins, hearing.listening[0].ends) == ("https://keys", "/chat")


async def test_deliveries_of_the_last_day_are_counted_for_each_subscription(wired: Parts) -> None:
    topic(wired).subscribe("broken", broken=True)
    await wired.rotation.turn(wired.target())
    wired.azure.world.clock.advance(60)
    by_name = {one.name: (one.delivered, one.failed) for one in (await heard(wired)).subscriptions}
    events = len(topic(wired).accepted)
    assert by_name == {"team": (events, 0), "broken": (0, events)}
    wired.azure.world.clock.advance(25 * 3600)
    assert not (await heard(wired)).failing


@pytest.mark.parametrize("operation", [LIST, METRICS])
async def test_without_the_right_nothing_is_known_and_the_next_step_is_the_role(wired: Parts, operation: str) -> None:
    action = {LIST: "eventSubscriptions", METRICS: "metrics"}[operation]
    role = shipped_roles()["announcementReader"]
    for name in (role.name, shipped_roles()["trialReader"].name):  # both read metrics
        wired.azure.world.directory.revoke("app", name)
    other = type(role)("Only the other", tuple(one for one in role.actions if action not in one))
    wired.azure.world.directory.define(other)
    wired.azure.world.directory.assign("app", other.name)
    hearing = await heard(wired)
    assert "could not see who listens to it: 403 AuthorizationFailed" in str(hearing.unknown)
    assert "assign the role" in str(hearing.next_step)


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        (LIST, {"unexpected": True}),
        (LIST, {"value": [{"name": "x"}]}),
        (LIST, b"{"),
        (METRICS, {"value": [{"name": {"value": "DeliverySuccessCount"}, "timeseries": "none"}]}),
    ],
)
async def test_an_answer_of_another_form_is_not_known(
    wired: Parts, spoiled: Spoiled, operation: str, body: Any
) -> None:
    spoiled.body(operation, body)
    assert "could not be read" in str((await heard(wired)).unknown)


async def test_a_next_page_at_another_address_gets_no_token(wired: Parts, spoiled: Spoiled) -> None:
    spoiled.body(LIST, {"value": [], "nextLink": "https://elsewhere.invalid/steal"})
    assert "another address" in str((await heard(wired)).unknown)
    assert wired.names() == [LIST]


async def test_a_topic_that_does_not_exist_is_not_known(azure: Azure) -> None:
    missing = azure.settings["EVENT_GRID_TOPIC_ID"] + "-2"
    async with parts_over(azure, EVENT_GRID_TOPIC_ID=missing) as parts:
        assert "404 ResourceNotFound" in str((await heard(parts)).unknown)


async def test_without_the_topic_s_id_nobody_is_asked(azure: Azure) -> None:
    async with parts_over(azure, EVENT_GRID_TOPIC_ID="") as parts:
        assert (await heard(parts)).unknown == "EVENT_GRID_TOPIC_ID is not set."
        assert parts.names() == []


async def test_without_a_topic_there_are_no_listeners_to_ask_for(azure: Azure) -> None:
    async with parts_over(azure, EVENT_GRID_TOPIC_ENDPOINT="") as parts:
        assert parts.rotation.outside.listeners is None


async def test_ends_need_a_listener_only_with_the_setting(wired: Parts, azure: Azure) -> None:
    assert wired.rotation.outside.ends_need is None
    async with parts_over(azure, ROTATION_ANNOUNCE_NEEDS_LISTENER="true") as needing:
        assert needing.rotation.outside.ends_need is needing.rotation.outside.listeners


async def test_with_the_setting_and_without_a_topic_no_end_is_heard(azure: Azure) -> None:
    settings = {"ROTATION_ANNOUNCE_NEEDS_LISTENER": "true", "EVENT_GRID_TOPIC_ENDPOINT": ""}
    async with parts_over(azure, **settings) as parts:
        assert "EVENT_GRID_TOPIC_ENDPOINT is not set." in str((await heard(parts)).unheard("any"))
