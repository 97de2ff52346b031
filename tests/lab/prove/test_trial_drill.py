"""The short form of the trial drill, and whether its judge notices what goes wrong."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from lab.emulator.accounts import KeyUse
from lab.prove.trial_drill.cast import DAY, DEPLOYED, HOUR, SOAK, TRIAL, TRIED, Who, consumers
from lab.prove.trial_drill.judge import broken, words
from lab.prove.trial_drill.story import Played, TrialSeen, play

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()


@pytest.mark.timeout(300)
async def test_keys_come_back_after_each_trial_and_nobody_without_a_copied_key_notices() -> None:
    played = await play(clients=1)
    assert broken(played) == []
    assert all(one.made.total() >= 20 for one in played.consumers.values())


def used(account: str, moment: float, status: int = 200) -> KeyUse:
    return KeyUse(moment, account, "f", "aoai.chat", status == 200, status)


def a_trial(off: float, on: float, from_there: float, *, dead: int = 0) -> TrialSeen:
    return TrialSeen(off, off + TRIAL, on, from_there, keyless=9, dead_refused=dead, says_refused=1)


def as_it_must_be() -> Played:
    """Return a drill that shows everything it must, made up."""
    who = consumers()
    for one in who.values():
        one.made[one.way] += 9
    off, again = NOON + DAY, NOON + 3 * DAY
    started = again + TRIAL + 2 * HOUR
    played = Played(who, deployed=NOON)
    played.undisturbed = a_trial(off, off + TRIAL + 5, off + TRIAL)
    played.killed = a_trial(again, started + 5, started, dead=2)
    played.uses[TRIED] = [
        used(TRIED, NOON),
        used(TRIED, off + 60, 403),
        used(TRIED, off + TRIAL + 9),
        used(TRIED, again + 60, 403),
        used(TRIED, started + 9),
    ]
    played.uses[DEPLOYED] = [used(DEPLOYED, NOON + HOUR), used(DEPLOYED, NOON + SOAK + 1, 401)]
    for began, ended in ((off, off + TRIAL), (again, started)):
        for kind, moment in (("TrialAnnounced", began - DAY), ("TrialStarted", began), ("TrialEnded", ended)):
            played.told.append((TRIED, kind, datetime.fromtimestamp(moment, UTC)))
    return played


def test_a_drill_that_shows_everything_it_must_is_not_broken() -> None:
    assert broken(as_it_must_be()) == []
    assert len(list(words(as_it_must_be()))) == 4


def keyless_fails(played: Played) -> None:
    played.consumers[Who.KEYLESS].failed.append("by identity: it was refused")


def reader_notices(played: Played) -> None:
    played.consumers[Who.READER].repeated = 1


def a_key_works_in_a_trial(played: Played) -> None:
    played.uses[TRIED][1] = used(TRIED, played.undisturbed.off + 60)


def a_key_is_replaced_in_a_trial(played: Played) -> None:
    played.uses[TRIED][1] = used(TRIED, played.undisturbed.off + 60, 401)


def nobody_calls_in_a_trial(played: Played) -> None:
    del played.uses[TRIED][1]


def no_key_comes_back(played: Played) -> None:
    played.uses[TRIED].pop()


def keys_come_back_late(played: Played) -> None:
    played.uses[TRIED][-1] = used(TRIED, played.killed.from_there + 90)


def a_trial_ends_early(played: Played) -> None:
    played.undisturbed = replace(played.undisturbed, on=played.undisturbed.ends - 60)


def the_app_counts_too_many(played: Played) -> None:
    played.killed = replace(played.killed, says_refused=9)


def the_app_does_not_know(played: Played) -> None:
    played.killed = replace(played.killed, says_refused=None)


def the_app_lives(played: Played) -> None:
    played.killed = replace(played.killed, dead_refused=0)


def a_copy_ends_early(played: Played) -> None:
    played.uses[DEPLOYED].insert(1, used(DEPLOYED, NOON + 2 * HOUR, 401))


def a_copy_goes_on(played: Played) -> None:
    played.uses[DEPLOYED].append(used(DEPLOYED, NOON + SOAK + HOUR))


def a_start_comes_too_soon(played: Played) -> None:
    account, kind, when = played.told[1]
    played.told[1] = (account, kind, when.replace(hour=11))


def an_end_is_not_told(played: Played) -> None:
    played.told.pop()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (keyless_fails, "keyless: a request failed"),
        (reader_notices, "reader: 1 answers were 401"),
        (a_key_works_in_a_trial, "undisturbed: 1 of 1 calls with a key were accepted"),
        (a_key_is_replaced_in_a_trial, "undisturbed: a call with a key was answered {401}"),
        (nobody_calls_in_a_trial, "undisturbed: 0 of 0 calls"),
        (no_key_comes_back, "killed: no call with a key was accepted"),
        (keys_come_back_late, "killed: no call with a key was accepted"),
        (a_trial_ends_early, "undisturbed: keys were on 60 seconds before its end"),
        (the_app_counts_too_many, "killed: the app says 9 refused calls"),
        (the_app_does_not_know, "killed: the app says None refused calls"),
        (the_app_lives, "killed: the app was not dead"),
        (a_copy_ends_early, "copied: the key was refused"),
        (a_copy_goes_on, "copied: the key still works"),
        (a_start_comes_too_soon, "a trial started 23:00:00 after it was announced"),
        (an_end_is_not_told, "the events about trials are"),
    ],
    ids=lambda one: one.__name__ if callable(one) else "",
)
def test_the_judge_notices_what_goes_wrong(spoil: Callable[[Played], None], words: str) -> None:
    played = as_it_must_be()
    spoil(played)
    assert any(one.startswith(words) for one in broken(played)), broken(played)
