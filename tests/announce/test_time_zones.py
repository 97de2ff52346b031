"""Written times are in UTC, whatever the time zone of the machine."""

from zoneinfo import ZoneInfo

import pytest

from lab.simulation.builders import a_target
from lab.simulation.dates import START
from shared.announce.announcements import Announcement, event_time, rotation_failed
from shared.announce.kinds import Kind
from shared.domain.errors import GrantRole
from shared.domain.times import stamp, unstamp
from shared.domain.told import ToldDeadline


@pytest.mark.usefixtures("machine_in_another_zone")
def test_the_time_zone_of_the_machine_does_not_change_written_times():
    moment = START.replace(hour=23, minute=30)
    assert event_time(moment.astimezone(ZoneInfo("Asia/Kolkata"))) == "2026-03-02T23:30:00Z"
    assert (
        Announcement(Kind.KEY_RETIRED, a_target()).wire(moment.astimezone(ZoneInfo("Asia/Kolkata")))["time"]
        == "2026-03-02T23:30:00Z"
    )
    assert stamp(moment.astimezone(ZoneInfo("Asia/Kolkata"))) == "20260302T233000.000000Z"
    assert unstamp(stamp(moment)) == moment
    assert ToldDeadline.read(ToldDeadline(moment).text()) == ToldDeadline(moment)
    error = GrantRole("chat", "no.")
    assert rotation_failed(a_target(), error, moment).occasion == "2026-03-02"
