"""The short form of "every call, in real processes", and that it would notice."""

from collections.abc import AsyncIterator, Callable

import pytest

from lab.emulator.accounts import Account
from lab.prove.calls import SCENES, SHORT, Call, Case, Fault, Figures, Result, SceneFigures, run
from lab.prove.calls.__main__ import main
from lab.prove.calls.faults import KILLED_AFTER, KILLED_BEFORE, SLOW, pairs
from lab.prove.calls.place import Place, a_place
from lab.prove.calls.scenes import TOPIC, VAULT
from lab.prove.calls.trial import play, record

REGENERATE = Call("arm.regenerateKey", 0)


@pytest.mark.timeout(300)  # some 18 seconds on two idle cores
def test_a_retirement_cut_off_on_any_call_comes_to_rest_with_every_promise_kept() -> None:
    figures = run("retirement", faults=SHORT, places=1)
    assert figures.good, "\n".join(figures.lines())
    assert figures.cases == 3 * figures.scenes[0].calls >= 30


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with a_place() as opened:
        yield opened


async def test_every_call_of_a_scene_is_found_and_none_of_the_hosts_own(place: Place) -> None:
    calls = await record(place, SCENES["rotation"])
    warm = [call.operation for call in calls if call.service != "identity"]
    assert warm == [
        "arm.listAccounts", "kv.listSecrets", "blob.lease.acquire", "kv.getSecret", "arm.listKeys",
        "arm.regenerateKey", "aoai.models", "aoai.models", "kv.setSecret", "kv.getSecret", "arm.listKeys",
        "eg.publish", "kv.updateSecret", "blob.lease.release",
    ]  # fmt: skip


@pytest.mark.parametrize(("fault", "effects"), [(KILLED_BEFORE, 1), (KILLED_AFTER, 2)])
async def test_killed_before_a_call_means_before_its_effect(place: Place, fault: Fault, effects: int) -> None:
    result = await play(place, Case("rotation", Call("kv.setSecret", 0), fault))
    assert result.broken == ()
    made = place.world.journal.count("kv.setSecret", effect=True)
    assert made == 1, "what was published before the end is found and not published again"
    tried = place.world.journal.count("kv.setSecret")
    assert tried == 3 - effects


type Meddle = Callable[[Place, Account], object]


def the_portal(place: Place, account: Account) -> None:
    place.world.accounts.regenerate(account.id, "key1")


def a_grid_that_forgets(place: Place, account: Account) -> None:
    place.world.topics[TOPIC].accepted.clear()


def a_tag_that_tells(place: Place, account: Account) -> None:
    place.world.vaults[VAULT].update_secret(f"{account.name}-key", tags={"note": account.keys["key1"].value[:20]})


def keys_switched_off(place: Place, account: Account) -> None:
    place.world.accounts.update(account.id, {"disable_local_auth": True})


@pytest.mark.parametrize(
    ("scene", "operation", "meddle", "promises"),
    [
        ("retirement", "arm.regenerateKey", the_portal, {"P1", "P2", "P3"}),
        ("retirement", "blob.lease.release", a_grid_that_forgets, {"P3", "P9"}),
        ("rotation", "blob.lease.release", a_tag_that_tells, {"P7"}),
        ("rotation", "blob.lease.release", keys_switched_off, {"P3", "P5"}),
    ],
)
async def test_a_broken_promise_is_noticed(
    place: Place, scene: str, operation: str, meddle: Meddle, promises: set[str]
) -> None:
    def strike(_: object) -> None:
        meddle(place, next(iter(place.world.accounts)))

    fault = Fault("somebody meddles", "hook", {"hook": strike, "when": "after"})
    result = await play(place, Case(scene, Call(operation, 0), fault))
    assert promises <= {what[:2] for what in result.broken}
    assert operation in result.history


async def test_a_fault_that_never_strikes_is_no_proof(place: Place) -> None:
    result = await play(place, Case("retirement", Call("kv.setSecret", 0), SHORT[2]))
    assert result.broken == ("the call never came, so nothing was tried",)


def test_what_is_slow_and_what_comes_thrice_is_tried_where_it_means_something() -> None:
    calls = [REGENERATE, Call("kv.getSecret", 0)]
    assert list(pairs(calls, [SLOW])) == [(REGENERATE, SLOW)]
    thrice = Fault("500, 3 times", "status", {"status": 500, "times": 3})
    assert list(pairs(calls, [thrice])) == [(calls[1], thrice)]


@pytest.mark.parametrize(("kept", "code"), [(6, 0), (5, 1)])
def test_the_command_says_what_it_came_to(monkeypatch, capsys, kept: int, code: int) -> None:
    case = Case("retirement", REGENERATE, KILLED_AFTER)
    failures = () if kept == 6 else (Result(case, ("P1: the published key was dead",), f"{case}\n  a long story"),)
    figures = Figures((SceneFigures("retirement", 2, 3, 6, kept),), failures, 1.0)
    monkeypatch.setattr("lab.prove.calls.__main__.run", lambda *_args, **_more: figures)
    assert main(["--only", "retirement", "--sample", "6"]) == code
    told = capsys.readouterr().out
    assert told.startswith(f"retirement: 2 calls x 3 faults where they apply, {kept} of 6\n")
    assert told.endswith(f"{kept} of 6, in 1 s\n")
    assert ("BROKEN: P1" in told and "a long story" in told) is (code == 1)
