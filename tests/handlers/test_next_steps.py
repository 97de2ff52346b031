"""The next step of a caller whose request is not queued: no later check carries it out, so the caller asks again."""

import inspect

import pytest

from shared.domain import errors
from shared.domain.errors import RotationError
from shared.web.responses import next_step_to_repeat

FAMILY = [
    kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, RotationError)
]  # fmt: skip
AGAIN = "ask again, with the same Idempotency-Key"


@pytest.mark.parametrize("kind", FAMILY)
def test_a_default_step_asks_for_nothing_exactly_if_the_error_resolves_itself(kind: type[RotationError]) -> None:
    error = kind("chat", "something happened.")
    assert error.next_step.startswith("nothing") == error.resolves_itself


def test_an_error_that_resolves_itself_leaves_the_caller_to_ask_again_only() -> None:
    assert next_step_to_repeat(errors.TryLater("chat", "slow.")) == AGAIN


def test_an_error_with_a_step_of_its_own_keeps_it_before_asking_again() -> None:
    assert (
        next_step_to_repeat(errors.TryLater("chat", "slow.", "open the firewall")) == f"open the firewall; then {AGAIN}"
    )
    assert next_step_to_repeat(errors.LeaseHeld("chat", "held.")).endswith(f"; then {AGAIN}")


@pytest.mark.parametrize(("thing", "told"), [("chat", "slow."), ("", "slow."), ("the vault", "the vault: slow.")])
def test_an_error_names_its_thing_unless_it_is_the_target(thing: str, told: str) -> None:
    assert errors.TryLater(thing, "slow.").about("chat") == told
