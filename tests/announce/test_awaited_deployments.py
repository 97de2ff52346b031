"""A rotation that waits for a deployment is announced as soon as that is known."""

from datetime import datetime

from lab.simulation.builders import KEY1, a_situation, a_target, mark, marks
from lab.simulation.dates import START, at, hours
from shared.announce.acknowledged import acknowledged
from shared.announce.announcements import Announcement
from shared.announce.kinds import Kind
from shared.announce.outstanding import outstanding
from shared.domain.model import Target
from shared.domain.publication import Marks
from shared.domain.requests import AwaitedDeployment
from shared.domain.told import Told

TARGET, OWNED = a_target(), a_target(owner="team-chat")
PROD = AwaitedDeployment("prod", soak=hours(2), latest=at(day=20))


def announced_waits(recorded: Marks, now: datetime = START, target: Target = TARGET) -> list[Announcement]:
    return [announcement for announcement in outstanding(a_situation(recorded, now, target)) if announcement.after]


def test_an_awaited_deployment_is_announced_once_with_the_latest_time():
    (announcement,) = announced_waits(marks(awaited=PROD))
    assert announcement == Announcement(
        Kind.ROTATION_ANNOUNCED,
        TARGET,
        KEY1,
        mark("A"),
        deadline=at(day=20),
        occasion=f"prod 7200.0 {at(day=20).isoformat().replace('+00:00', 'Z')}",
        after=PROD,
    )
    recorded = acknowledged(a_situation(marks(awaited=PROD), START), [announcement])
    assert recorded == marks(awaited=PROD, told=Told(origin=True, awaited=True))
    assert announced_waits(recorded) == []


def test_a_target_that_always_waits_announces_the_wait_for_each_version():
    assert [
        announcement.after for announcement in announced_waits(marks(), START, a_target(after_deployment=PROD))
    ] == [PROD]


def test_a_deployment_that_went_live_is_not_announced_as_awaited():
    assert announced_waits(marks(awaited=AwaitedDeployment("prod", deployed=START))) == []


def test_the_event_names_the_deployment_and_says_how_to_report_it():
    data = announced_waits(marks(awaited=PROD), START, OWNED)[0].wire(START)["data"]
    assert isinstance(data, dict)
    assert (data["afterDeploymentTo"], data["soakTime"], data["deadline"]) == ("prod", "PT2H", "2026-03-22T09:00:00Z")
    assert data["whatHappens"].startswith("After the next deployment to the named environment,")
    assert data["whatToDo"].startswith("Deploy when you are ready, and report it (POST /api/deployments)")
    plain = announced_waits(marks(awaited=AwaitedDeployment("prod")))[0].wire(START)["data"]
    assert isinstance(plain, dict)
    assert "soakTime" not in plain


def test_a_different_awaited_deployment_has_a_different_announcement():
    deployments = [
        PROD,
        AwaitedDeployment("test", hours(2), at(day=20)),
        AwaitedDeployment("prod", hours(3), at(day=20)),
        AwaitedDeployment("prod", hours(2)),
    ]
    assert len({announced_waits(marks(awaited=deployment))[0].id for deployment in deployments}) == len(deployments)
    assert (
        announced_waits(marks(awaited=AwaitedDeployment("PROD", hours(2), at(day=20))))[0].id
        == announced_waits(marks(awaited=PROD))[0].id
    )
