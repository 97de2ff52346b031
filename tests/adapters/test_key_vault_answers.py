"""Key Vault's answers that are lost, truncated or of another form: no version is lost, and no key is shown."""

from contextlib import suppress
from typing import Any

import pytest

from shared.domain.errors import TryLater, UnexpectedAnswer
from shared.turns.report import Result
from tests.support import key_search
from tests.support.real_parts import Parts, Spoiled, everything_logged
from tests.support.vault_publications import KEY, MARKS, as_sealed, latest, publish, raised, versions


@pytest.mark.parametrize(
    "fault",
    [
        {"effect": "status", "status": 500, "when": "after"},
        {"effect": "status", "status": 503, "when": "after"},
        {"effect": "drop_after"},
        {"effect": "malformed"},
    ],
    ids=lambda one: "-".join(str(part) for part in one.values()),
)
async def test_a_write_whose_answer_is_lost_leaves_at_most_one_extra_version(
    parts: Parts, fault: dict[str, Any]
) -> None:
    parts.azure.world.faults.add("kv.setSecret", **fault)
    with suppress(TryLater):  # UnexpectedAnswer is one too
        await publish(parts)
    assert 1 <= len(versions(parts)) <= 2
    assert {one.value for one in versions(parts)} == {KEY.reveal()}
    found = await latest(parts)
    assert found.marks == as_sealed(parts.target(), MARKS)


async def test_turns_after_a_write_answered_with_500_leave_at_most_one_extra_version(
    parts: Parts,
) -> None:
    target = parts.target()
    parts.azure.world.faults.add("kv.setSecret", "status", status=500, when="after")
    assert (await parts.rotation.turn(target)).result is Result.FAILED
    for _ in range(3):
        await parts.rotation.turn(target)
    assert len(versions(parts)) <= 2
    assert versions(parts)[-1].value == parts.account().keys["key1"].value


async def test_a_truncated_answer_does_not_show_the_key(parts: Parts) -> None:
    await publish(parts)
    with everything_logged() as tape:
        parts.azure.world.faults.add("kv.getSecret", "malformed")
        error = await raised(parts.vault.latest(parts.target()))
    assert type(error) is UnexpectedAnswer
    assert error.thing == parts.target().secret_url
    assert not key_search.found([KEY.reveal()], key_search.attached(error) + tape.text)


@pytest.mark.parametrize("body", [{}, {"value": None}, {"value": ""}, {"value": KEY.reveal()}], ids=str)
async def test_an_answer_without_value_or_version_raises_unexpected_answer(
    parts: Parts, spoiled: Spoiled, body: dict[str, Any]
) -> None:
    await publish(parts)
    await latest(parts)
    spoiled.body("kv.getSecret", body)
    error = await raised(parts.vault.latest(parts.target()))
    assert type(error) is UnexpectedAnswer
    assert not key_search.found([KEY.reveal()], key_search.attached(error))


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"7", b"{", b"\xff\xfe", b"<html>busy</html>"], ids=str)
async def test_an_unreadable_answer_raises_unexpected_answer(parts: Parts, spoiled: Spoiled, body: bytes) -> None:
    await publish(parts)
    await latest(parts)
    spoiled.body("kv.getSecret", body)
    assert type(await raised(parts.vault.latest(parts.target()))) is UnexpectedAnswer


async def test_an_answer_with_an_unknown_status_does_not_show_the_key(parts: Parts, spoiled: Spoiled) -> None:
    await publish(parts)
    await latest(parts)
    spoiled.body("kv.getSecret", {"value": KEY.reveal()}, 202)
    error = await raised(parts.vault.latest(parts.target()))
    assert not key_search.found([KEY.reveal()], key_search.attached(error))
