"""The phrases of the sentence above everything: each kind of finding that a person must act on has one."""

from datetime import timedelta

import pytest

from shared.domain.errors import GrantRole
from shared.findings.codes import Code, Urgency
from shared.findings.deeds import DEEDS
from shared.findings.gather import findings_of, severe_first
from shared.findings.meanings import MEANINGS
from shared.findings.status import Status, status_of
from shared.findings.verdict import Tone, verdict_of
from tests.web.pages.fleets import NOW, a_row, a_target, facts_of, healthy, misconfigured, settings, unreadable


def status(rows: list, **more: object) -> Status:
    facts = facts_of(rows, **more)
    return status_of(facts, severe_first(findings_of(facts)))


@pytest.mark.parametrize("code", [code for code in Code if MEANINGS[code].urgency is Urgency.TO_DO])
def test_everything_that_a_person_must_do_has_a_phrase(code: Code) -> None:
    """Late checks have a sentence of their own, which says how late they are."""
    assert code in DEEDS or code in (Code.CHECKS_LATE,)


@pytest.mark.parametrize("code", DEEDS)
def test_a_phrase_is_the_rest_of_a_sentence(code: Code) -> None:
    said = DEEDS[code].format(about="chat", away="in 23 h")
    assert said[0].islower()
    assert not said.endswith(".")


def test_two_things_are_both_said_and_more_are_counted() -> None:
    two = [a_row(a_target("search", sunset=NOW + timedelta(hours=23))), misconfigured("vision")]
    assert verdict_of(status(two)).sentence.startswith("2 things to do: move the apps of search off keys")
    three = [*two, unreadable("docs"), *healthy(6)]
    assert verdict_of(status(three)).sentence == (
        "3 things to do, for 3 of 9 targets. First: move the apps of search off keys, because all keys end in 23 h."
    )


def test_equal_things_are_counted_and_not_named() -> None:
    said = verdict_of(status([misconfigured("vision"), misconfigured("search")])).sentence
    assert said == "1 thing to do: correct the configuration of 2 targets, which is not rotated."


def test_stopped_checks_are_red_and_say_how_long_ago_the_last_one_was() -> None:
    found = verdict_of(status(healthy(3), minutes=67))
    assert found.tone is Tone.RED
    assert found.sentence == (
        "1 thing to do: see why no check runs. The last check was 67 min ago; one is due every 10 min."
    )


def test_observing_is_said_beside_what_is_to_do() -> None:
    said = verdict_of(status([misconfigured("vision")], settings=settings(ROTATION_MODE="observe"))).detail
    assert "The app only observes, so it changes nothing." in said


def test_a_subscription_that_cannot_be_read_is_named_by_its_last_part() -> None:
    problem = GrantRole("/subscriptions/00000000-0000-4000-8000-000000000009", "could not be listed.")
    said = verdict_of(status(healthy(2), problems=[problem])).sentence
    assert said == "1 thing to do: find out why 00000000-0000-4000-8000-000000000009 cannot be read."
