"""Forged tags: people who may write tags, but may not read keys, can neither stop the app nor get a key."""

from datetime import timedelta

import pytest

from shared.decide.plan import Reason
from shared.domain.keys import ApiKey
from shared.turns.report import Result
from tests.support.real_parts import Parts
from tests.support.vault_publications import MARKS, as_sealed, latest, publish, versions

DAMAGED = {
    "key-rotation-live": ["", "short", "0123456789ABCDEF"],
    "key-rotation-origin": ["", "rotated", "rotated yesterday", "invented 20261101T080000.000000Z"],
    "key-rotation-previous": ["0123456789abcdef", "0123456789abcdef until=soon", "x until=20261101T080000.000000Z"],
    "key-rotation-spare": ["nothing"],
    "key-rotation-told": ["rotation=x/", "weather=fine", "rotation=99999999999999/", "rotation=1/y"],
    "key-rotation-owed": ["x", "r3", "r10123456789abcdefx"],
}


@pytest.mark.parametrize(("tag", "text"), [(tag, text) for tag, texts in DAMAGED.items() for text in texts])
async def test_damaged_marks_count_as_absent(parts: Parts, tag: str, text: str) -> None:
    await publish(parts)
    versions(parts)[0].tags[tag] = text
    assert (await latest(parts)).marks is None


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("key-rotation-told", "rotation=99999999999999999999/"),
        ("key-rotation-told", "rotation=1/99999999999999999999"),
        ("key-rotation-owed", "r10123456789abcdef99999999999999999999"),
    ],
)
async def test_marks_with_an_impossible_time_count_as_absent(parts: Parts, tag: str, text: str) -> None:
    await publish(parts)
    versions(parts)[0].tags[tag] = text
    assert (await latest(parts)).marks is None


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("key-rotation-told", "rotation=99999999999999999999/"),
        ("key-rotation-origin", "rotated 99991231T000000.000000Z"),
    ],
)
async def test_a_forged_mark_on_one_secret_does_not_stop_the_tick(parts: Parts, tag: str, text: str) -> None:
    """P10. People who may do little else may write tags."""
    await parts.rotation.turn(parts.target(1))
    for number in (1, 2):
        parts.account(number).tags = {"key-rotation": "on"}
    versions(parts)[-1].tags[tag] = text
    now = parts.rotation.outside.clock.now()
    found = await parts.rotation.tick(now, now)
    assert "account-002" in [one.target.name for one in found.turns]


@pytest.mark.parametrize(
    "forger", ["https://evil.example/ 0123456789abcdef0123456789abcdef", "https://evil.example/", ""]
)
async def test_an_endpoint_that_was_not_sealed_with_the_key_is_not_used(parts: Parts, forger: str) -> None:
    await publish(parts)
    versions(parts)[0].tags["key-rotation-endpoint"] = forger
    assert (await latest(parts)).endpoint is None


async def test_a_seal_of_text_that_cannot_be_encoded_is_not_accepted(parts: Parts) -> None:
    await publish(parts)
    versions(parts)[0].tags["key-rotation-endpoint"] = "https://evil.example/ \udc80"
    assert (await latest(parts)).endpoint is None


async def test_a_seal_made_with_another_key_is_not_accepted(parts: Parts) -> None:
    await publish(parts, as_sealed(parts.target(), MARKS, ApiKey("another key")))
    assert (await latest(parts)).endpoint is None


async def test_a_key_is_never_sent_to_an_endpoint_that_was_written_without_the_key(parts: Parts) -> None:
    """A person writes their own address into a tag. The marks are written anew, and the next rotation proves the key at
    the account's address."""
    world, target = parts.azure.world, parts.target()
    assert (await parts.rotation.turn(target)).result is Result.DONE
    stranger = world.accounts.add("stranger")
    tags = versions(parts)[-1].tags
    _, *seals = tags["key-rotation-endpoint"].split(" ")
    tags["key-rotation-endpoint"] = " ".join([world.endpoint(stranger), *seals])
    world.clock.advance(timedelta(days=31).total_seconds())
    assert (await parts.rotation.turn(target)).reason == Reason.ADOPT_IN_PLACE
    world.clock.advance(timedelta(days=2).total_seconds())
    outcome = await parts.rotation.turn(target)
    assert "publish key2 (rotated)" in outcome.done, outcome
    assert {use.account for use in world.accounts.uses} == {parts.account().id}
    assert world.journal.count("aoai.models", "stranger") == 0
