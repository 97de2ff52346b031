"""Errors name the thing, the problem and the next step."""

import pickle

from shared.domain.causes import Cause
from shared.domain.errors import GrantRole, RotationError, TryLater, UnknownTarget


def test_an_error_names_the_thing_the_problem_and_the_next_step():
    error = TryLater("chat", "no answer came.")
    assert str(error) == (
        "chat: no answer came. Next step: nothing; the next tick looks again and goes on from what it sees."
    )
    assert (error.thing, error.what, error.code, error.args) == (
        "chat",
        "no answer came.",
        "TryLater",
        ("chat", "no answer came."),
    )


def test_an_error_can_have_its_own_next_step():
    assert str(GrantRole("keys", "refused.", "ask the owner")) == "keys: refused. Next step: ask the owner."
    assert GrantRole("keys", "refused.", "ask the owner").code == "GrantRole"
    assert RotationError("chat", "something.").next_step == "read docs/runbook.md"


def test_an_error_can_be_pickled():
    error = pickle.loads(pickle.dumps(TryLater("chat", "no answer came.")))
    assert (error.thing, error.what) == ("chat", "no answer came.")


def test_unknown_target_lists_the_known_names_in_order():
    error = UnknownTarget("x", "nobody enrolled it.", known={"search", "chat"})
    assert error.known == ("chat", "search")
    assert (error.thing, error.what, error.args) == ("x", "nobody enrolled it.", ("x", "nobody enrolled it."))
    assert UnknownTarget("x", "no.", "look again").next_step == "look again"
    assert UnknownTarget("x", "no.").known == ()


def test_an_error_knows_its_cause_and_whether_a_later_check_goes_on_by_itself():
    assert TryLater("chat", "no answer came.", cause=Cause.UNKNOWN_HOST).cause is Cause.UNKNOWN_HOST
    assert TryLater("chat", "no answer came.").resolves_itself is True
    assert TryLater("chat", "no answer came.", "ask the owner").resolves_itself is False


def test_what_happened_to_a_target_names_the_thing_only_if_it_is_another():
    assert RotationError("chat", "it is gone.").about("chat") == "it is gone."
    assert RotationError("", "it is gone.").about("chat") == "it is gone."
    assert RotationError("the lease", "it is gone.").about("chat") == "the lease: it is gone."
