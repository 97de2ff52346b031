"""The short form of the fault injection in real processes, and checks that it finds a broken promise."""

from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from lab.emulator.accounts import Account
from lab.prove.calls import SCENES, SHORT, Call, Case, Fault, Figures, Result, SceneFigures, run
from lab.prove.calls.__main__ import main
from lab.prove.calls.faults import KILLED_AFTER, KILLED_BEFORE, LATE, ONE_LATE, SLOW, WAITS, pairs
from lab.prove.calls.scenes import TOPIC, VAULT
from lab.prove.calls.testbed import AppTestbed, a_testbed
from lab.prove.calls.trial import play, record

REGENERATE = Call("arm.regenerateKey", 0)
at_the_testbed = pytest.mark.asyncio(loop_scope="module")  # all cases are played at one testbed, as in the proof


@pytest.mark.timeout(300)  # takes 18 seconds on two idle cores
def test_a_retirement_that_is_interrupted_at_any_call_keeps_every_promise() -> None:
    figures = run("retirement", faults=SHORT, testbeds=1)
    assert figures.good, "\n".join(figures.lines())
    assert figures.cases == 3 * figures.scenes[0].calls >= 30


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def testbed() -> AsyncIterator[AppTestbed]:
    async with a_testbed() as opened:
        yield opened


@at_the_testbed
async def test_a_recording_contains_every_call_of_the_app_and_none_of_the_host(testbed: AppTestbed) -> None:
    calls = await record(testbed, SCENES["rotation"])
    warm = [call.operation for call in calls if call.service != "identity" and not call.next_tick]
    assert warm == [
        "blob.get", "arm.listAccounts", "kv.listSecrets", "blob.list", "blob.list", "blob.list", "blob.list",
        "blob.list", "blob.put", "blob.list", "blob.list", "blob.list", "blob.list", "blob.list", "blob.list",
        "blob.lease.acquire", "kv.getSecret",
        "arm.listKeys", "blob.get", "arm.regenerateKey", "aoai.models", "aoai.models", "kv.setSecret", "kv.getSecret",
        "arm.listKeys", "eg.publish", "kv.updateSecret", "blob.lease.release",
    ]  # fmt: skip
    assert [call for call in calls if call.changed] == [
        Call("kv.getSecret", 1, changed=True),
        Call("arm.listKeys", 1, changed=True),
        Call("kv.listSecrets", 1, changed=True, next_tick=True),
        Call("kv.getSecret", 2, changed=True, next_tick=True),
        Call("arm.listKeys", 2, changed=True, next_tick=True),
    ]


@at_the_testbed
async def test_a_turn_that_finds_keys_on_again_publishes_once(testbed: AppTestbed) -> None:
    calls = await record(testbed, SCENES["return"])
    turn = [call.operation for call in calls if call.service != "identity" and not call.next_tick]
    turn = turn[turn.index("blob.lease.acquire") :]
    assert turn == [
        "blob.lease.acquire", "kv.getSecret", "kv.listVersions", "arm.getAccount", "arm.listKeys", "blob.get",
        "blob.get", "aoai.models", "aoai.models", "kv.setSecret", "kv.getSecret", "arm.listKeys", "blob.get",
        "eg.publish", "kv.updateSecret", "blob.lease.release",
    ]  # fmt: skip


@at_the_testbed
async def test_a_return_is_told_once_although_the_process_is_killed_before_it_is_noted(testbed: AppTestbed) -> None:
    result = await play(testbed, Case("return", Call("kv.updateSecret", 0), KILLED_BEFORE))
    assert result.broken == ()


@at_the_testbed
@pytest.mark.parametrize(("fault", "effects"), [(KILLED_BEFORE, 1), (KILLED_AFTER, 2)])
async def test_a_process_that_is_killed_before_a_call_dies_before_its_effect(
    testbed: AppTestbed, fault: Fault, effects: int
) -> None:
    result = await play(testbed, Case("rotation", Call("kv.setSecret", 0), fault))
    assert result.broken == ()
    made = testbed.world.journal.count("kv.setSecret", effect=True)
    assert made == 1, "the next turn finds the published version and does not publish again"
    tried = testbed.world.journal.count("kv.setSecret")
    assert tried == 3 - effects


@at_the_testbed
@pytest.mark.parametrize("fault", WAITS, ids=lambda one: one.name)
@pytest.mark.parametrize(
    ("scene", "operation"),
    [("rotation", "kv.setSecret"), ("leak", "arm.regenerateKey"), ("rotation", "arm.listAccounts")],
)
async def test_a_long_wait_stops_nothing_for_longer_than_it_lasts(
    testbed: AppTestbed, scene: str, operation: str, fault: Fault
) -> None:
    result = await play(testbed, Case(scene, Call(operation, 0), fault))
    assert result.broken == (), result.history


type Interfere = Callable[[AppTestbed, Account], object]


def regenerated_in_the_portal(testbed: AppTestbed, account: Account) -> None:
    testbed.world.accounts.regenerate(account.id, "key1")


def events_forgotten(testbed: AppTestbed, account: Account) -> None:
    testbed.world.topics[TOPIC].accepted.clear()


def key_in_a_tag(testbed: AppTestbed, account: Account) -> None:
    testbed.world.vaults[VAULT].update_secret(f"{account.name}-key", tags={"note": account.keys["key1"].value[:20]})


def keys_switched_off(testbed: AppTestbed, account: Account) -> None:
    testbed.world.accounts.update(account.id, {"disable_local_auth": True})


@at_the_testbed
@pytest.mark.parametrize(
    ("scene", "operation", "interfere", "promises"),
    [
        ("retirement", "arm.regenerateKey", regenerated_in_the_portal, {"P1", "P2", "P3"}),
        ("retirement", "blob.lease.release", events_forgotten, {"P3", "P9"}),
        ("rotation", "blob.lease.release", key_in_a_tag, {"P7"}),
        ("rotation", "blob.lease.release", keys_switched_off, {"P3", "P5"}),
    ],
)
async def test_the_watcher_notices_a_broken_promise(
    testbed: AppTestbed, scene: str, operation: str, interfere: Interfere, promises: set[str]
) -> None:
    def strike(_: object) -> None:
        interfere(testbed, next(iter(testbed.world.accounts)))

    fault = Fault("somebody interferes", "hook", {"hook": strike, "when": "after"})
    result = await play(testbed, Case(scene, Call(operation, 0), fault))
    assert promises <= {what[:2] for what in result.broken}
    assert operation in result.history


@at_the_testbed
async def test_a_case_fails_if_its_fault_never_occurs(testbed: AppTestbed) -> None:
    result = await play(testbed, Case("retirement", Call("kv.setSecret", 0), SHORT[2]))
    assert result.broken == ("the call was never made, so nothing was tried",)


def test_slow_and_repeated_faults_are_tried_only_on_calls_where_they_matter() -> None:
    calls = [REGENERATE, Call("kv.getSecret", 0)]
    assert list(pairs(calls, [SLOW])) == [(REGENERATE, SLOW)]
    thrice = Fault("500, 3 times", "status", {"status": 500, "times": 3})
    assert list(pairs(calls, [thrice])) == [(calls[1], thrice)]


def test_late_answers_are_tried_only_on_reads_of_what_the_scene_changed() -> None:
    before, after = Call("kv.getSecret", 0), Call("kv.getSecret", 1, changed=True)
    at_next_tick = Call("kv.listSecrets", 1, changed=True, next_tick=True)
    calls = [before, after, at_next_tick]
    assert list(pairs(calls, [ONE_LATE, LATE])) == [(after, ONE_LATE), (after, LATE), (at_next_tick, ONE_LATE)]
    assert list(pairs([at_next_tick], [KILLED_AFTER])) == []


@at_the_testbed
async def test_a_late_answer_shows_the_secret_before_the_write_and_the_next_one_is_on_time(testbed: AppTestbed) -> None:
    look_back = Call("kv.getSecret", 1, changed=True)
    result = await play(testbed, Case("adoption", look_back, ONE_LATE))
    assert result.broken == (), result.history
    statuses = [entry.status for entry in testbed.world.journal.find("kv.getSecret")]
    assert statuses[:3] == [404, 404, 200]


@pytest.mark.parametrize(("kept", "code"), [(6, 0), (5, 1)])
def test_the_command_prints_the_figures_and_the_history_of_a_failure(monkeypatch, capsys, kept: int, code: int) -> None:
    case = Case("retirement", REGENERATE, KILLED_AFTER)
    failures = () if kept == 6 else (Result(case, ("P1: the published key was dead",), f"{case}\n  a long history"),)
    figures = Figures((SceneFigures("retirement", 2, 3, 6, kept),), failures, 1.0)
    monkeypatch.setattr("lab.prove.calls.__main__.run", lambda *_args, **_more: figures)
    assert main(["--only", "retirement", "--sample", "6"]) == code
    told = capsys.readouterr().out
    assert told.startswith(f"retirement: 2 calls x 3 faults where they apply, {kept} of 6\n")
    assert told.endswith(f"{kept} of 6, in 1 s\n")
    assert ("BROKEN: P1" in told and "a long history" in told) is (code == 1)
