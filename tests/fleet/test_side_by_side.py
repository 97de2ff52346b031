"""Vaults and subscriptions are asked side by side: one that does not answer costs the others nothing."""

import asyncio

import pytest

from shared.domain.errors import RotationError, Throttled
from shared.fleet import side_by_side as module
from shared.fleet.side_by_side import side_by_side


async def listed(
    *things: str, takes_for_ever: str = "", refused: str = ""
) -> tuple[list[str], dict[str, RotationError]]:
    """Return which things were taken, and why others failed."""
    taken: list[str] = []

    async def take(thing: str) -> None:
        if thing == takes_for_ever:
            await asyncio.Event().wait()
        if thing == refused:
            raise Throttled(thing, "it waits.")
        taken.append(thing)

    failed = await side_by_side(things, take, "it could not be listed")
    return sorted(taken), failed


async def test_one_that_never_answers_and_one_that_is_refused_are_named_and_the_others_are_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "EACH_SECONDS", 0.02)
    taken, failed = await listed("a", "b", "c", "d", takes_for_ever="b", refused="c")
    assert taken == ["a", "d"]
    assert {thing: error.code for thing, error in failed.items()} == {"b": "TryLater", "c": "Throttled"}
    assert failed["b"].what.startswith("it could not be listed within ")


async def test_a_few_that_never_answer_do_not_keep_the_last_ones_from_their_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 1)
    monkeypatch.setattr(module, "EACH_SECONDS", 0.02)
    taken, failed = await listed("a", "b", "c", takes_for_ever="a")
    assert taken == ["b", "c"]
    assert list(failed) == ["a"]


async def test_all_together_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 1)
    monkeypatch.setattr(module, "ALL_SECONDS", 0.05)
    monkeypatch.setattr(module.random, "sample", lambda things, _: list(things))
    taken, failed = await listed("a", "b", takes_for_ever="a")
    assert taken == []
    assert list(failed) == ["a", "b"]
