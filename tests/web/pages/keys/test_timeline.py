"""What a timeline shows of both keys. A lane is written as one line: each span by its kind and its days from now."""

from dataclasses import replace
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
from lab.simulation.dates import at, days, hours, minutes
from shared.decide.situation import Situation
from shared.domain.model import Target
from shared.domain.publication import Marks, Origin, Publication
from shared.domain.readiness import Readiness, Stage, Verdict
from shared.domain.requests import AwaitedDeployment
from shared.domain.told import Told, ToldDeadline
from shared.web.pages.keys.reach import STRIP, WIDE, reach_for
from shared.web.pages.keys.timeline import Timeline, timeline_of, unknown_timeline

NOW = at(day=60)
TARGET = a_target()


def ago(number: float) -> datetime:
    return NOW - days(number)


def a_strip(noted: Marks | None, target: Target = TARGET, *, planned: bool = True, **seen: object) -> Timeline:
    return timeline_of(a_situation(noted, NOW, target, **seen), STRIP, planned=planned)


def line(timeline: Timeline, slot: object = KEY1) -> str:
    """Return a lane as text: `live -7..0, planned 0..9` in days from now, rounded to a tenth."""
    spans = [
        (span.kind, (span.begins - timeline.now) / days(1), (span.ends - timeline.now) / days(1))
        for span in timeline.lanes[slot]  # type: ignore[index]
    ]
    return ", ".join(f"{kind} {round(begins, 1):g}..{round(ends, 1):g}" for kind, begins, ends in spans)


def points(timeline: Timeline) -> list[str]:
    """Return the points as text: `new-key 9 key2`, in days from now."""
    return [
        f"{one.kind} {round((one.falls_at - timeline.now) / days(1), 1):g} {one.slot or 'both'}"
        for one in timeline.points
    ]


ANNOUNCED = Told(origin=True, rotation=ToldDeadline(NOW + days(9), days(14)))
ENDING = a_target(sunset=NOW + days(12))
SLOW = a_target(period=days(365))
SHOWN = [
    ("a new key in nine days", marks(since=ago(21)), TARGET,
     "live -7..0, planned 0..9, previous 9..12, ended 12..30", "ended -7..9, planned 9..30",
     ["new-key 9 key2", "key-ends 12 key1"]),
    ("an overlap that runs", overlapping(since=ago(1), until=NOW + days(2)), TARGET,
     "ended -7..-1, live -1..0, planned 0..29, previous 29..30", "live -7..-1, previous -1..2, ended 2..29, "
     "planned 29..30", ["new-key -1 key1", "key-ends 2 key2", "new-key 29 key2"]),
    ("a key that was healed today", marks(since=ago(0.1), origin=Origin.HEALED, rotated=ago(20)), TARGET,
     "live -7..0, planned 0..29.9, previous 29.9..30", "ended -7..29.9, planned 29.9..30",
     ["healed -0.1 key1", "new-key 29.9 key2"]),
    ("an adoption", overlapping(since=ago(3), origin=Origin.ADOPTED, until=NOW + days(27)), TARGET,
     "open -7..-3, live -3..0, planned 0..27, previous 27..30", "open -7..-3, previous -3..27, planned 27..30",
     ["key-ends 27 key2", "new-key 27 key2"]),
    ("all keys end", marks(since=ago(10)), ENDING,
     "live -7..0, planned 0..12, keyless 12..30", "ended -7..12, keyless 12..30",
     ["keys-end 12 both", "new-key 20 key2"]),
    ("a rotation that is overdue", marks(since=ago(31)), TARGET,
     "live -7..0, previous 0..3, ended 3..30", "ended -7..0, planned 0..30", ["new-key -1 key2", "key-ends 3 key1"]),
    ("a previous key that leaked", overlapping(since=ago(1), until=ago(1), leaked=True), SLOW,
     "ended -7..-1, live -1..0, planned 0..30", "live -7..-1, previous -1..0, ended 0..30",
     ["new-key -1 key1", "key-ends 0 key2"]),
    ("a previous key that ended before it should", overlapping(since=ago(1), until=NOW + days(2), previous=mark("C")),
     SLOW, "ended -7..-1, live -1..0, planned 0..30", "live -7..-1, previous -1..0, ended 0..30",
     ["new-key -1 key1", "key-ends 0 key2"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("noted", "target", "key1", "key2", "happens"), [row[1:] for row in SHOWN], ids=[row[0] for row in SHOWN]
)
def test_a_strip_shows(noted: Marks, target: Target, key1: str, key2: str, happens: list[str]):
    found = a_strip(noted, target)
    assert (line(found, KEY1), line(found, KEY2), points(found)) == (key1, key2, happens)


def test_a_target_without_a_plan_is_shown_as_last_known_and_open_from_now_on():
    found = a_strip(overlapping(since=ago(1), until=NOW + days(2)), planned=False)
    assert line(found, KEY1) == "ended -7..-1, live -1..0, open 0..30"
    assert line(found, KEY2) == "live -7..-1, previous -1..0, open 0..30"
    assert points(found) == ["new-key -1 key1"]
    assert found.sentence.endswith("Nothing is planned.")


def test_a_target_of_which_nothing_is_known_is_open_from_end_to_end():
    found = unknown_timeline("chat", STRIP, NOW)
    assert (line(found, KEY1), line(found, KEY2)) == ("open -7..30", "open -7..30")
    assert found.sentence == "Nothing is known of the keys of chat, and nothing is planned."


def test_a_target_that_is_not_published_yet_is_open():
    found = timeline_of(Situation(nothing_published(), TARGET, NOW), STRIP)
    assert (line(found, KEY1), line(found, KEY2)) == ("open -7..30", "open -7..30")


def test_a_key_that_another_tool_has_published_is_live_since_then():
    publication = a_publication(marks(since=ago(5)), marks=None, created=ago(5))
    found = timeline_of(Situation(an_observation(publication), TARGET, NOW), STRIP)
    assert line(found) == "open -7..-5, live -5..0, open 0..30"


def test_an_account_without_keys_is_keyless_from_end_to_end():
    found = timeline_of(Situation(an_observation(a_publication(), key_auth=False, keys={}), TARGET, NOW), STRIP)
    assert (line(found, KEY1), line(found, KEY2)) == ("keyless -7..30", "keyless -7..30")
    assert found.sentence == "The account of chat accepts no keys."


def test_an_end_that_waits_for_a_listener_opens_what_follows_it():
    waiting = a_strip(overlapping(since=ago(28), until=ago(25)), unheard="nobody listens")
    assert line(waiting, KEY1).endswith("previous 2..5, open 5..30")
    assert "not before anybody is known to hear it" in waiting.sentence


USED = Readiness(Verdict.USED, Stage.MOVING, "used by 2 callers")


def test_an_end_of_all_keys_that_waits_for_callers_has_no_known_moment():
    told = Told(origin=True, sunset=ToldDeadline(ago(1), days(14)))
    waiting = a_strip(marks(since=ago(10), told=told), a_target(sunset=ago(1)), readiness=USED)
    assert (line(waiting, KEY1), line(waiting, KEY2)) == ("live -7..0, open 0..30", "ended -7..0, open 0..30")
    assert "keys-end -1 both" in points(waiting)
    assert "All keys end (announced): it is due" in waiting.sentence


def test_keys_that_change_every_week_show_every_change():
    found = a_strip(marks(since=ago(1)), a_target(period=days(7), overlap=days(1)))
    assert line(found, KEY2) == (
        "live -7..-1, ended -1..6, planned 6..13, previous 13..14, ended 14..20, planned 20..27, previous 27..28, "
        "ended 28..30"
    )


def version(number: int, since: datetime, slot: object, noted: Marks | None = None) -> Publication:
    recorded = replace(noted or marks(told=Told(origin=True, retirement=ToldDeadline(since + days(3)))), since=since)
    return a_publication(recorded, version=f"v{number}", slot=slot, created=since, value=None, marks=recorded)


def test_older_versions_tell_the_past():
    versions = [
        version(1, ago(40), KEY1, overlapping(origin=Origin.ADOPTED, until=ago(13))),
        version(2, ago(10), KEY2),
    ]
    situation = a_situation(marks(since=ago(2), told=Told(retirement=ToldDeadline(ago(1)))), NOW)
    latest = replace(situation.publication, version="v3")
    situation = replace(situation, seen=replace(situation.seen, publication=latest))
    found = timeline_of(situation, WIDE, versions)
    assert line(found, KEY1).startswith("live -28..-10, previous -10..-7, ended -7..-2, live -2..0")
    assert line(found, KEY2).startswith("previous -28..-13, ended -13..-10, live -10..-2, previous -2..-1, ended -1")
    assert points(found)[:6] == [
        "key-ends -13 key2", "new-key -10 key2", "key-ends -7 key1", "new-key -2 key1", "key-ends -1 key2",
        "new-key 28 key2",
    ]  # fmt: skip


def test_the_value_says_which_key_is_live_and_not_the_label_of_its_version():
    situation = a_situation(marks(since=ago(3)), NOW)
    mislabelled = replace(situation.publication, slot=KEY2)
    situation = replace(situation, seen=replace(situation.seen, publication=mislabelled))
    assert line(timeline_of(situation, STRIP), KEY1).startswith("ended -7..-3, live -3..0")


def test_the_list_says_in_words_what_the_picture_shows():
    found = a_strip(overlapping(since=ago(1), until=NOW + days(2), told=end_announced(NOW + days(2))))
    assert [(one.exact, one.says) for one in found.entries if "announced:" not in one.says] == [
        ("Thu 30 Apr 2026, 09:00 UTC", "new key: key 1 became live"),
        ("Sun 3 May 2026, 09:00 UTC", "key 2 stops working (announced)"),
        ("Sat 30 May 2026, 09:00 UTC", "new key: key 2 becomes live (not announced yet)"),
    ]


def test_the_name_of_the_picture_says_what_each_key_is_and_what_comes():
    found = a_strip(overlapping(since=ago(1), until=NOW + days(2), told=end_announced(NOW + days(2))))
    assert found.sentence == (
        "The keys of chat over time. Key 1 is live since Thu 30 Apr 2026, 09:00 UTC. Key 2 still works, and is not the "
        "published one. New key: key 2 becomes live (not announced yet): Sat 30 May 2026, 09:00 UTC. "
        "Key 2 stops working (announced): Sun 3 May 2026, 09:00 UTC."
    )


def test_a_rotation_after_a_deployment_is_said_to_come_sooner_with_it():
    awaited = AwaitedDeployment("prod", soak=hours(2), latest=NOW + days(20))
    found = a_strip(marks(since=ago(3), awaited=awaited))
    assert "or after a deployment to prod, if that is sooner" in found.sentence


def notices(timeline: Timeline) -> list[tuple[float, bool, str]]:
    return [
        (round((one.falls_at - timeline.now) / days(1), 1), one.accepted, one.says.partition(": ")[2])
        for one in timeline.notices
    ]


def test_announcements_are_accepted_ones_on_record_and_those_to_come():
    found = timeline_of(a_situation(marks(since=ago(21), told=ANNOUNCED), NOW), WIDE)
    assert notices(found) == [
        (-21, True, "key 1 is published"),
        (-5, True, "the new key, 14 days before it"),
        (2, False, "the new key, 7 days before it"),
        (8, False, "the new key, 1 day before it"),
        (9, False, "the new key has come"),
    ]
    assert [one.label for one in found.notices if one.label] == ["7-day warning", "1-day warning"]


def test_an_announcement_that_was_not_accepted_waits_now():
    found = timeline_of(a_situation(marks(since=ago(1), told=Told()), NOW), STRIP)
    assert (0, False, "KeyRotated") in notices(found)


def test_nothing_is_to_be_announced_about_a_target_without_a_plan():
    found = a_strip(marks(since=ago(1), told=Told(origin=True)), planned=False)
    assert notices(found) == [(-1, True, "key 1 is published")]


def test_a_reach_of_its_own_shows_the_next_change_of_keys_that_change_every_few_minutes():
    target = a_target(period=minutes(10), overlap=minutes(3))
    reach = reach_for(target.cadence, WIDE)
    found = timeline_of(a_situation(marks(since=NOW - minutes(4)), NOW, target), reach)
    assert [one.kind for one in found.points if one.planned][:1] == ["new-key"]
    assert reach.length < hours(1)
