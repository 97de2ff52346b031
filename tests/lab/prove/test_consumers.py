"""The short form of the load proof, with consumers in Python only, and whether the proof notices what goes wrong."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lab.emulator.accounts import Account
from lab.prove.consumers.__main__ import main
from lab.prove.consumers.judge import broken, percentile
from lab.prove.consumers.kinds import PYTHON, in_python
from lab.prove.consumers.played import LeakEnded, Outage, Played
from lab.prove.consumers.processes import Consumer, Figures
from lab.prove.consumers.story import play
from lab.prove.consumers.timetable import LONG, SHORT, Phase

ONE_ROTATION = replace(SHORT, consumers=4, rotations=1, leaks=0, kills=0, outage=False)
PLANTED = Path(__file__).resolve().parent / "planted"


@pytest.mark.timeout(300)
async def test_no_request_fails_through_rotations_a_leak_a_kill_and_an_outage() -> None:
    played = await play(SHORT, PYTHON)
    assert broken(played) == []
    assert all(one.figures.made > 20 * one.callers for one in played.consumers)
    assert sum(one.figures.repeated for one in played.consumers) > 0  # the leak was felt


@pytest.mark.timeout(300)
async def test_consumers_that_never_read_again_are_found() -> None:
    kinds = {**PYTHON, "reads_once": in_python("tests.lab.prove.planted.reads_once")}
    del kinds["python_async"]
    found = broken(await play(ONE_ROTATION, kinds))
    assert any("chat-1-reads_once" in what and "AuthenticationError 401" in what for what in found)
    assert any("although no leak ended their key" in what for what in found)
    assert any(what.endswith("was not noticed within 16 s: chat-1-reads_once") for what in found)
    assert not any(what.startswith("chat-1-python_sync") for what in found)


@pytest.mark.timeout(300)
async def test_an_app_that_ends_a_key_before_the_lag_is_over_is_found() -> None:
    kinds = {"python_sync": PYTHON["python_sync"]}
    found = broken(await play(replace(ONE_ROTATION, max_age=300), kinds, PLANTED / "app_that_ends_early.py"))
    assert "cycle 1: the previous key ended before the lag was over: chat-1" in found
    assert any("although no leak ended their key" in what for what in found)
    assert not any("requests failed" in what for what in found)  # a correct consumer sees nothing even of this


def as_it_must_be() -> Played:
    """Return a proof that shows everything it must, made up: the leak of one key was felt by three callers."""
    consumers = [
        Consumer(kind, Account("chat-1"), 4, 1.0, Figures(100, repeated, [], {80: 100}))
        for kind, repeated in (("python_sync", 1), ("python_async", 2))
    ]
    leaks = [LeakEnded("chat-1", "leaked", frozenset({"leaked", "previous"}))]
    played = Played(SHORT, list(PYTHON), consumers, leaks, Outage(2.0, 2), [1.0])
    played.rotations, played.leaks_ended, played.kills = SHORT.rotations, SHORT.leaks, SHORT.kills
    played.accepted, played.refused = 200, {"leaked": 2, "previous": 1}
    return played


def a_request_failed(played: Played) -> None:
    played.consumers[0].figures.failed.append("AuthenticationError 401")


def a_process_ended(played: Played) -> None:
    played.consumers[0].figures = None


def a_process_has_an_error(played: Played) -> None:
    played.consumers[0].problem = "it ended with code 1"


def a_key_was_refused_that_no_leak_ended(played: Played) -> None:
    played.refused = {"leaked": 2, "another": 1}


def a_caller_was_refused_again_and_again(played: Played) -> None:
    played.refused["leaked"] = 25
    played.consumers[0].figures.repeated = 24


def a_consumer_hides_a_refusal(played: Played) -> None:
    played.consumers[0].figures.repeated = 0


def a_consumer_hides_a_request(played: Played) -> None:
    played.accepted += 1


def a_rotation_is_missing(played: Played) -> None:
    played.rotations -= 1


def a_leaked_key_works(played: Played) -> None:
    played.leaks_ended = 0


def nobody_was_killed(played: Played) -> None:
    played.kills = 0


def there_was_no_outage(played: Played) -> None:
    played.outage = None


def a_key_outlived_the_outage(played: Played) -> None:
    played.outage.in_vain = 1


def there_are_too_few_consumers(played: Played) -> None:
    played.consumers[0].callers = 3


def something_went_wrong_on_the_way(played: Played) -> None:
    played.broken.append("cycle 1: not every account was rotated")


MISTAKES = (
    a_request_failed,
    a_process_ended,
    a_process_has_an_error,
    a_key_was_refused_that_no_leak_ended,
    a_caller_was_refused_again_and_again,
    a_consumer_hides_a_refusal,
    a_consumer_hides_a_request,
    a_rotation_is_missing,
    a_leaked_key_works,
    nobody_was_killed,
    there_was_no_outage,
    a_key_outlived_the_outage,
    there_are_too_few_consumers,
    something_went_wrong_on_the_way,
)


def test_a_proof_that_shows_everything_is_not_broken() -> None:
    assert broken(as_it_must_be()) == []


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda one: one.__name__)
def test_the_judge_notices(mistake: Callable[[Played], None]) -> None:
    played = as_it_must_be()
    mistake(played)
    assert len(broken(played)) == 1


def test_the_long_form_has_what_it_promises() -> None:
    cycles = LONG.cycles()
    assert len(cycles) * LONG.accounts >= 200
    assert LONG.callers(5) * 5 * LONG.accounts >= 64
    leaks = [leak for cycle in cycles for leak in cycle.leaks]
    assert len(leaks) == 20
    assert {leak.account for leak in leaks} == {0, 1, 2, 3}
    kills = [cycle.kill for cycle in cycles if cycle.kill]
    assert len(kills) == 20
    assert {kill.phase for kill in kills} == set(Phase)
    assert len(set(kills)) > 12
    assert sum(leak.typed for leak in leaks) == 3
    assert sum(leak.hurried for leak in leaks) == 5
    assert all(
        [one for one in cycle.leaks if not one.typed]
        for cycle in cycles
        if cycle.kill and cycle.kill.phase is Phase.LEAK
    )
    assert sum(cycle.outage for cycle in cycles) == 1


def test_more_kills_than_cycles_are_refused() -> None:
    with pytest.raises(ValueError, match="4 kills do not fit into 3 cycles"):
        replace(SHORT, kills=4).cycles()


def test_percentiles_are_those_of_all_requests() -> None:
    latency = {10: 50, 20: 40, 30: 9, 400: 1}
    assert [percentile(latency, part) for part in (0.5, 0.9, 0.99, 1.0)] == [10, 20, 30, 400]
    assert percentile({}, 0.5) == 0


def test_a_missing_toolchain_is_said_and_nothing_is_played(monkeypatch, capsys) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "argv", ["consumers", "--without", "node"])
    assert main() == 2
    said = capsys.readouterr().err
    assert "There is no go on the PATH." in said
    assert "There is no java and no javac and no mvn on the PATH." in said
    assert "Or leave these consumers out: --without node,go,java" in said


def test_an_unknown_kind_is_refused(monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["consumers", "--without", "cobol"])
    assert main() == 2
    assert "There is no kind cobol." in capsys.readouterr().err
