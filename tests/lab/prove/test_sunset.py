"""The short form of the sunset drill, with a look-back of 7 days, and whether its judge notices what goes wrong."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lab.prove.sunset.cast import FIRST_WAYS, JOB, PARTS, SHORT, Part, Way
from lab.prove.sunset.consumers import Consumer
from lab.prove.sunset.counted import QUERY
from lab.prove.sunset.judge import NO_SUBDOMAIN, OFF, broken
from lab.prove.sunset.story import Played, Told, play

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENDS = {Part.EARLY: SHORT.sunset, Part.SILENT: SHORT.sunset, Part.LATE: 14, Part.FORGOTTEN: 20}


@pytest.mark.timeout(300)
async def test_six_accounts_move_from_keys_to_none_and_no_request_of_a_consumer_fails() -> None:
    played = await play(SHORT, clients=2)
    assert broken(played) == []
    assert all(one.made.total() >= 2 * SHORT.end for one in played.consumers.values())


def as_it_must_be() -> Played:
    """Return a drill that shows everything it must, made up."""
    ways = {part: Counter({first: 9, Way.IDENTITY: 9}) for part, first in FIRST_WAYS.items()}
    consumers = {part: Consumer(part, Way.IDENTITY, made) for part, made in ways.items()}
    told = [Told(day, part, "KeyAuthDisabled") for part, day in ENDS.items()]
    told += [Told(day - 2, part, "SunsetAnnounced") for part, day in ENDS.items()]
    told.append(Told(SHORT.agreed, Part.KEYLESS, "SunsetAnnounced"))
    told += [
        Told(day, Part.KEYLESS, kind)
        for day, kind in (
            (SHORT.sunset, "KeyAuthDisabled"),
            (SHORT.back, "KeyAuthEnabled"),
            (SHORT.back, "SunsetAnnounced"),
            (SHORT.back + 2, "KeyAuthDisabled"),
        )
    ]
    caller = {"name": JOB, "accounts": [Part.FORGOTTEN]}
    played = Played(SHORT, consumers, NOON, sorted(told, key=lambda one: one.day))
    played.before, played.fleet = {"verdict": "used", "callers": [caller]}, {"callers": [caller]}
    played.reasons = dict.fromkeys((Part.LATE, Part.FORGOTTEN), "still-used")
    played.reasons[Part.REGIONAL] = "cannot-take-an-identity"
    played.says[Part.REGIONAL] = "Give it a custom subdomain."
    played.refusals = {part: "" if part is Part.REGIONAL else OFF for part in PARTS}
    played.token_at_region, played.published, played.published_anew = NO_SUBDOMAIN, {Part.REGIONAL}, True
    played.asked = [Counter({QUERY: 1}) for _ in range(SHORT.end)]
    for day in range(1, SHORT.end + 1):
        played.stages[day] = {part: "keyless" if ends(part, day) else "moving" for part in PARTS}
        for part in PARTS:
            if day_of_end := ends(part, day):
                played.since[part][day] = NOON + timedelta(days=day_of_end)
    return played


def ends(part: Part, day: int) -> int:
    """Return on which day the keys of an account ended that are off on this day. 0 if they are on."""
    if part is Part.KEYLESS:
        first = SHORT.sunset if SHORT.sunset <= day < SHORT.back else 0
        return SHORT.back + 2 if day >= SHORT.back + 2 else first
    return ENDS[part] if ENDS.get(part, SHORT.end + 1) <= day else 0


def a_request_failed(played: Played) -> None:
    played.consumers[Part.KEYLESS].failed.append("by identity: PermissionDeniedError")


def the_job_has_no_name(played: Played) -> None:
    played.before["callers"] = [{"address": "127.0.5.***"}]


def keys_ended_although_they_were_used(played: Played) -> None:
    played.told = [
        replace(one, day=SHORT.sunset) if one.part is Part.FORGOTTEN and one.kind == "KeyAuthDisabled" else one
        for one in played.told
    ]


def keys_did_not_end_on_the_date(played: Played) -> None:
    played.told = [one for one in played.told if one.part is not Part.SILENT]


def keys_are_on_again_and_nobody_was_told(played: Played) -> None:
    played.told = [one for one in played.told if one.kind != "KeyAuthEnabled"]


def a_day_is_not_keyless(played: Played) -> None:
    played.stages[SHORT.end][Part.EARLY] = "ready"


def a_date_moved(played: Played) -> None:
    played.since[Part.EARLY][SHORT.end] = NOON + timedelta(days=SHORT.end)


def a_key_works_at_the_end(played: Played) -> None:
    played.refusals[Part.LATE] = ""


def the_end_of_the_one_without_subdomain_was_announced(played: Played) -> None:
    played.told.append(Told(3, Part.REGIONAL, "SunsetAnnounced"))


def what_cannot_take_an_identity_is_not_said(played: Played) -> None:
    played.reasons[Part.REGIONAL] = "nothing-due"


def many_queries_on_a_usual_day(played: Played) -> None:
    played.asked[0][QUERY] = 2


def many_queries_in_a_check(played: Played) -> None:
    played.asked_again[QUERY] = 5


def keys_ended_and_nobody_was_told_before(played: Played) -> None:
    played.told = [one for one in played.told if (one.part, one.kind) != (Part.EARLY, "SunsetAnnounced")]


def keys_ended_on_an_announcement_that_lapsed(played: Played) -> None:
    played.told = [
        Told(SHORT.agreed, one.part, one.kind) if (one.part, one.kind) == (Part.FORGOTTEN, "SunsetAnnounced") else one
        for one in played.told
    ]


def a_look_asked_the_logs(played: Played) -> None:
    played.asked_by_a_look[QUERY] = 1


MISTAKES = (
    keys_ended_and_nobody_was_told_before,
    keys_ended_on_an_announcement_that_lapsed,
    a_look_asked_the_logs,
    a_request_failed,
    the_job_has_no_name,
    keys_ended_although_they_were_used,
    keys_did_not_end_on_the_date,
    keys_are_on_again_and_nobody_was_told,
    a_day_is_not_keyless,
    a_date_moved,
    a_key_works_at_the_end,
    the_end_of_the_one_without_subdomain_was_announced,
    what_cannot_take_an_identity_is_not_said,
    many_queries_on_a_usual_day,
    many_queries_in_a_check,
)


def test_a_drill_that_shows_everything_is_not_broken() -> None:
    assert broken(as_it_must_be()) == []


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda one: one.__name__)
def test_the_judge_notices(mistake: Callable[[Played], None]) -> None:
    played = as_it_must_be()
    mistake(played)
    assert broken(played) != []
