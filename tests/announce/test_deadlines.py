"""The deadlines that a calendar shows: the moments that are announced, in words that say what happens then."""

from datetime import datetime

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
from shared.announce.announcements import Announcement, Kind
from shared.announce.deadlines import Deadline, DeadlineKind, deadlines
from shared.announce.outstanding import acknowledged, outstanding
from shared.decide.situation import Situation
from shared.domain.model import Target
from shared.domain.publication import Marks, SecretState
from shared.domain.requests import AwaitedDeployment, Requester
from shared.domain.told import Told, ToldDeadline

UNTIL, SUNSET = START + days(3), at(day=90)
TARGET, OWNED, ENDING = a_target(), a_target(owner="team-chat"), a_target(sunset=SUNSET)
PROD = AwaitedDeployment("prod", soak=hours(2), latest=at(day=20))
ROTATION = Deadline("chat", DeadlineKind.ROTATION, at(day=30), KEY1, announced=False)
RETIREMENT = Deadline("chat", DeadlineKind.RETIREMENT, UNTIL, KEY2, announced=False)
KEYS_END = Deadline("chat", DeadlineKind.SUNSET, SUNSET, KEY1, announced=False)
WARNED = Told(origin=True, rotation=ToldDeadline(at(day=30), days(14)))

SHOWN = [
    ("a quiet target", marks(), TARGET, [ROTATION]),
    ("a rotation that was announced", marks(told=WARNED), TARGET,
     [Deadline("chat", DeadlineKind.ROTATION, at(day=30), KEY1, announced=True)]),
    ("a rotation that was announced for another moment", marks(since=at(day=1), told=WARNED), TARGET,
     [Deadline("chat", DeadlineKind.ROTATION, at(day=31), KEY1, announced=False)]),
    ("an owner", marks(), OWNED, [Deadline("chat", DeadlineKind.ROTATION, at(day=30), KEY1, False, "team-chat")]),
    ("an overlap", overlapping(), TARGET, [ROTATION, RETIREMENT]),
    ("an overlap whose end was announced", overlapping(told=end_announced(UNTIL)), TARGET,
     [ROTATION, Deadline("chat", DeadlineKind.RETIREMENT, UNTIL, KEY2, announced=True)]),
    ("a previous key that leaked", overlapping(leaked=True), TARGET, [ROTATION]),
    ("a previous key that has ended", overlapping(previous=mark("C")), TARGET, [ROTATION]),
    ("a sunset", marks(), ENDING, [ROTATION, KEYS_END]),
    ("a sunset that was announced", marks(told=Told(origin=True, sunset=ToldDeadline(SUNSET))), ENDING,
     [ROTATION, Deadline("chat", DeadlineKind.SUNSET, SUNSET, KEY1, announced=True)]),
    ("a deployment that is waited for", marks(awaited=PROD), TARGET,
     [Deadline("chat", DeadlineKind.ROTATION, at(day=20), KEY1, False, after_deployment="prod")]),
    ("a deployment that went live", marks(awaited=AwaitedDeployment("prod", deployed=START, soak=hours(2))), TARGET,
     [Deadline("chat", DeadlineKind.ROTATION, START + hours(2), KEY1, False)]),
]  # fmt: skip


@pytest.mark.parametrize(("noted", "target", "shown"), [row[1:] for row in SHOWN], ids=[row[0] for row in SHOWN])
def test_a_calendar_shows(noted: Marks, target: Target, shown: list[Deadline]):
    assert list(deadlines(a_situation(noted, at(day=1), target))) == shown


def test_a_calendar_shows_nothing_of_what_has_ended_or_cannot_be_read():
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
    (Deadline("chat", DeadlineKind.ROTATION, at(day=20), KEY1, False, after_deployment="prod"),
     "at the latest, another key is published; key 1 keeps working for the overlap after that"),
]  # fmt: skip


@pytest.mark.parametrize(("deadline", "says"), SAYS)
def test_a_deadline_says_what_happens(deadline: Deadline, says: str):
    assert deadline.says == says


def test_a_deadline_is_data_without_what_is_empty():
    assert ROTATION.data() == {
        "target": "chat",
        "what": "rotation",
        "at": "2026-04-01T09:00:00+00:00",
        "announced": False,
        "says": "another key is published; key 1 keeps working for the overlap after that",
    }
    more = Deadline("chat", DeadlineKind.ROTATION, at(day=20), KEY1, True, "team-chat", "prod").data()
    assert (more["announced"], more["owner"], more["afterDeploymentTo"]) == (True, "team-chat", "prod")


# That a deployment is waited for is an announcement of its own.


def waiting(noted: Marks, now: datetime = START, target: Target = TARGET) -> list[Announcement]:
    return [said for said in outstanding(a_situation(noted, now, target)) if said.after]


def test_a_deployment_that_is_waited_for_is_announced_once_with_the_moment_at_which_it_happens_anyway():
    (said,) = waiting(marks(awaited=PROD))
    assert said == Announcement(
        Kind.ROTATION_ANNOUNCED,
        TARGET,
        KEY1,
        mark("A"),
        deadline=at(day=20),
        occasion=f"prod 7200.0 {at(day=20).isoformat().replace('+00:00', 'Z')}",
        after=PROD,
    )
    noted = acknowledged(a_situation(marks(awaited=PROD), START), [said])
    assert noted == marks(awaited=PROD, told=Told(origin=True, awaited=True))
    assert waiting(noted) == []


def test_a_target_that_always_waits_announces_it_for_each_version():
    assert [said.after for said in waiting(marks(), START, a_target(after_deployment=PROD))] == [PROD]


def test_a_deployment_that_went_live_is_waited_for_no_more():
    assert waiting(marks(awaited=AwaitedDeployment("prod", deployed=START))) == []


def test_the_words_about_a_deployment_say_which_and_how_to_report_it():
    data = waiting(marks(awaited=PROD), START, OWNED)[0].wire(START)["data"]
    assert isinstance(data, dict)
    assert (data["afterDeploymentTo"], data["soakTime"], data["deadline"]) == ("prod", "PT2H", "2026-03-22T09:00:00Z")
    assert data["whatHappens"].startswith("After the next deployment to the named environment,")
    assert data["whatToDo"].startswith("Deploy when you are ready, and report it (POST /api/deployments)")
    plain = waiting(marks(awaited=AwaitedDeployment("prod")))[0].wire(START)["data"]
    assert isinstance(plain, dict)
    assert "soakTime" not in plain


def test_another_wish_about_a_deployment_is_another_announcement():
    wishes = [
        PROD,
        AwaitedDeployment("test", hours(2), at(day=20)),
        AwaitedDeployment("prod", hours(3), at(day=20)),
        AwaitedDeployment("prod", hours(2)),
    ]
    assert len({waiting(marks(awaited=wish))[0].id for wish in wishes}) == len(wishes)
    assert (
        waiting(marks(awaited=AwaitedDeployment("PROD", hours(2), at(day=20))))[0].id
        == waiting(marks(awaited=PROD))[0].id
    )


def test_who_asked_and_why_stand_in_the_event_about_the_new_version():
    (said,) = outstanding(a_situation(marks(requester=Requester("r-1", "ann", "audit"), told=Told()), at(day=1)))
    data = said.wire(START)["data"]
    assert isinstance(data, dict)
    assert (data["requestedBy"], data["requestReason"]) == ("ann", "audit")
    (said,) = outstanding(a_situation(marks(told=Told()), at(day=1)))
    assert not {"requestedBy", "requestReason", "afterDeploymentTo"} & set(said.wire(START)["data"])


def test_an_end_that_was_put_off_is_shown_where_it_was_put():
    late = a_situation(overlapping(), UNTIL)
    assert [one.falls_at for one in deadlines(late)][1] == UNTIL + days(1) + SENDING


def test_a_sunset_that_was_announced_for_later_is_shown_where_it_was_announced():
    told = Told(origin=True, sunset=ToldDeadline(SUNSET + days(1)))
    (*_, shown) = deadlines(a_situation(marks(since=at(day=80), told=told), SUNSET, ENDING))
    assert shown == Deadline("chat", DeadlineKind.SUNSET, SUNSET + days(1), KEY1, announced=True)
