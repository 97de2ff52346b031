"""The schedule, as far as the app must know it: how long the last tick is ago if the host does not say so."""

from datetime import timedelta

import pytest

from lab.funchost.ncrontab import is_due_within_a_minute, parse_schedule
from shared.settings.schedule import pause_within_a_minute


@pytest.mark.parametrize(
    ("schedule", "seconds"),
    [
        ("* * * * * *", 1),
        ("*/10 * * * * *", 10),
        ("5/20 * * * * *", 20),
        ("0,5 * * * * *", 55),
        ("0-10/5,30 * * * * *", 30),
        ("0 */10 * * * *", None),
        ("0 * * * * *", None),
        ("*/10 * * * *", None),
        ("*/10 0 8 * * Mon-Fri", None),
        ("00:10:00", None),
    ],
)
def test_the_longest_pause_is_known_for_schedules_that_are_due_within_a_minute(
    schedule: str, seconds: int | None
) -> None:
    pause = pause_within_a_minute(schedule)
    assert pause == (None if seconds is None else timedelta(seconds=seconds))
    assert (pause is not None) == is_due_within_a_minute(parse_schedule(schedule)), "as the host judges"


@pytest.mark.parametrize(
    "schedule", ["every ten minutes", "*/10 * * *", "0 0 0 1 1 * *", "60 * * * * *", "*/0 * * * * *", "x * * * * *"]
)
def test_a_text_that_is_no_schedule_is_refused(schedule: str) -> None:
    with pytest.raises(ValueError, match="is not a"):
        pause_within_a_minute(schedule)
