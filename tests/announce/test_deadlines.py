"""The deadlines that the calendar shows: the dates that are announced, with a sentence about what happens."""

from dataclasses import replace
from typing import Any

import pytest

from lab.simulation.builders import (
    KEY1,
    KEY2,
    a_publication,
    a_situation,
    a_target,
    an_observation,
    end_announced,
    mark,
    marks,
    nothing_published,
    overlapping,
)
from lab.simulation.dates import SENDING, START, at, days, hours
from shared.announce.deadlines import Deadline, DeadlineKind, deadlines
from shared.decide.situation import Situation
from shared.domain.model import Target
from shared.domain.orders import Hold, Orders, Trial
from shared.domain.publication import Marks, SecretState
from shared.domain.requests import AwaitedDeployment, Follow
from shared.domain.told import Told, ToldDeadline

UNTIL, SUNSET = START + days(3), at(day=90)
TARGET, OWNED, ENDING = a_target(), a_target(owner="team-chat"), a_target(sunset=SUNSET)
PROD = AwaitedDeployment("prod", soak=hours(2), latest=at(day=20))
ROTATION = Deadline(TARGET, DeadlineKind.ROTATION, at(day=30), KEY1, announced=False)
RETIREMENT = Deadline(TARGET, DeadlineKind.RETIREMENT, UNTIL, KEY2, announced=False)
KEYS_END = Deadline(ENDING, DeadlineKind.SUNSET, SUNSET, KEY1, announced=False)
WARNED = Told(origin=True, rotation=ToldDeadline(at(day=30), days(14)))

SHOWN = [
    ("an ordinary target", marks(), TARGET, [ROTATION]),
    ("a rotation that was announced", marks(told=WARNED), TARGET,
     [Deadline(TARGET, DeadlineKind.ROTATION, at(day=30), KEY1, announced=True)]),
    ("a rotation that was announced for another time", marks(since=at(day=1), told=WARNED), TARGET,
     [Deadline(TARGET, DeadlineKind.ROTATION, at(day=31), KEY1, announced=False)]),
    ("an owner", marks(), OWNED, [Deadline(OWNED, DeadlineKind.ROTATION, at(day=30), KEY1, False)]),
    ("an overlap", overlapping(), TARGET, [ROTATION, RETIREMENT]),
    ("an overlap whose end was announced", overlapping(told=end_announced(UNTIL)), TARGET,
     [ROTATION, Deadline(TARGET, DeadlineKind.RETIREMENT, UNTIL, KEY2, announced=True)]),
    ("a previous key that leaked", overlapping(leaked=True), TARGET, [ROTATION]),
    ("a previous key that has ended", overlapping(previous=mark("C")), TARGET, [ROTATION]),
    ("a sunset", marks(), ENDING, [replace(ROTATION, target=ENDING), KEYS_END]),
    ("a sunset that was announced", marks(told=Told(origin=True, sunset=ToldDeadline(SUNSET))), ENDING,
     [replace(ROTATION, target=ENDING), Deadline(ENDING, DeadlineKind.SUNSET, SUNSET, KEY1, announced=True)]),
    ("an awaited deployment", marks(awaited=PROD), TARGET,
     [Deadline(TARGET, DeadlineKind.ROTATION, at(day=20), KEY1, False, after_deployment="prod")]),
    ("a deployment that went live", marks(awaited=AwaitedDeployment("prod", deployed=START, soak=hours(2))), TARGET,
     [Deadline(TARGET, DeadlineKind.ROTATION, START + hours(2), KEY1, False)]),
]  # fmt: skip


@pytest.mark.parametrize(("recorded", "target", "shown"), [row[1:] for row in SHOWN], ids=[row[0] for row in SHOWN])
def test_the_calendar_shows_these_deadlines(recorded: Marks, target: Target, shown: list[Deadline]):
    assert list(deadlines(a_situation(recorded, at(day=1), target))) == shown


def test_the_calendar_shows_nothing_if_keys_are_off_or_nothing_is_published():
    for seen in (
        an_observation(a_publication(), key_auth=False, keys={}),
        an_observation(a_publication(state=SecretState.DISABLED)),
        nothing_published(),
    ):
        assert list(deadlines(Situation(seen, TARGET, START))) == []


SAYS = [
    (ROTATION, "another key is published; key 1 keeps working for the overlap after that"),
    (RETIREMENT, "key 2 stops working for everybody who still uses it"),
    (KEYS_END, "the account stops accepting keys"),
    (Deadline(TARGET, DeadlineKind.ROTATION, at(day=20), KEY1, False, after_deployment="prod"),
     "at the latest, another key is published; key 1 keeps working for the overlap after that"),
]  # fmt: skip


@pytest.mark.parametrize(("deadline", "says"), SAYS)
def test_a_deadline_says_what_happens(deadline: Deadline, says: str):
    assert deadline.says == says


def test_the_data_of_a_deadline_leaves_out_empty_fields():
    assert ROTATION.data() == {
        "target": "chat",
        "what": "rotation",
        "at": "2026-04-01T09:00:00+00:00",
        "announced": False,
        "says": "another key is published; key 1 keeps working for the overlap after that",
    }
    more = Deadline(OWNED, DeadlineKind.ROTATION, at(day=20), KEY1, True, "prod").data()
    assert (more["announced"], more["owner"], more["afterDeploymentTo"]) == (True, "team-chat", "prod")


OTHERS: list[tuple[str, dict[str, Any]]] = [
    ("another subscription", {"account": replace(TARGET.account, subscription="another")}),
    ("another resource group", {"account": replace(TARGET.account, group="elsewhere")}),
    ("another vault", {"vault_url": "https://elsewhere.vault.azure.net"}),
    ("another secret", {"secret": "another"}),
]


@pytest.mark.parametrize("facts", [row[1] for row in OTHERS], ids=[row[0] for row in OTHERS])
def test_deadlines_of_targets_of_one_name_have_different_ids(facts: dict[str, Any]):
    assert replace(ROTATION, target=replace(TARGET, **facts)).id != ROTATION.id


def test_a_deadline_keeps_its_id_if_the_target_is_renamed_or_the_case_of_an_address_changes():
    renamed = replace(TARGET, name="talk", vault_url=TARGET.vault_url.upper(), owner="another")
    assert replace(ROTATION, target=renamed, falls_at=UNTIL, announced=True).id == ROTATION.id


def test_a_delayed_end_is_shown_at_its_new_time():
    late = a_situation(overlapping(), UNTIL)
    assert [one.falls_at for one in deadlines(late)][1] == UNTIL + days(1) + SENDING


def test_a_sunset_that_was_announced_for_later_is_shown_at_the_announced_time():
    told = Told(origin=True, sunset=ToldDeadline(SUNSET + days(1)))
    (*_, shown) = deadlines(a_situation(marks(since=at(day=80), told=told), SUNSET, ENDING))
    assert shown == Deadline(ENDING, DeadlineKind.SUNSET, SUNSET + days(1), KEY1, announced=True)


PLANNED = Trial("t-1", "ada", "", at(day=5), hours(4))
FREEZE = Hold(at(day=60), "change freeze", "ada", START, "h-1")


def of_kind(kind: DeadlineKind, situation: Situation) -> list[Deadline]:
    return [one for one in deadlines(situation) if one.what is kind]


def test_a_planned_trial_is_a_deadline_until_it_begins():
    told = replace(PLANNED, told=ToldDeadline(at(day=5)))
    for trial, announced in ((PLANNED, False), (told, True)):
        [shown] = of_kind(DeadlineKind.TRIAL, a_situation(marks(), at(day=1), orders=Orders(trial)))
        assert (shown.falls_at, shown.announced, shown.length) == (at(day=5), announced, hours(4))
        assert shown.says == "the account stops accepting keys for 4 h, for a trial"
        assert shown.data()["lasts"] == "PT4H"
    begun = replace(told, begun=at(day=5), off=at(day=5))
    assert of_kind(DeadlineKind.TRIAL, a_situation(marks(), at(day=5), orders=Orders(begun))) == []


def test_a_hold_moves_the_deadlines_before_its_end_and_they_say_so():
    situation = a_situation(marks(), at(day=1), a_target(sunset=at(day=90)), orders=Orders(hold=FREEZE))
    [rotation] = of_kind(DeadlineKind.ROTATION, situation)
    assert (rotation.falls_at, rotation.held_until) == (at(day=60), at(day=60))
    assert rotation.data()["heldUntil"] == at(day=60).isoformat()
    [sunset] = of_kind(DeadlineKind.SUNSET, situation)
    assert (sunset.falls_at, sunset.held_until) == (at(day=90), None)
    assert "heldUntil" not in sunset.data()


@pytest.mark.parametrize(("then", "waits"), [(Follow.END, "prod"), (Follow.TRIAL, None), (Follow.SUNSET, None)])
def test_only_a_rotation_that_follows_a_deployment_waits_for_it(then: Follow, waits: str | None):
    awaited = AwaitedDeployment("prod", then=then, length=hours(4) if then is Follow.TRIAL else None)
    [rotation] = of_kind(DeadlineKind.ROTATION, a_situation(marks(awaited=awaited), at(day=1)))
    assert rotation.after_deployment == waits
