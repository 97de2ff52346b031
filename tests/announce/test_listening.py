"""Who listens to announcements: which event subscriptions count, and what is said if none does."""

from dataclasses import replace

import pytest

from lab.simulation.builders import a_publication, a_target, an_observation, marks, overlapping
from lab.simulation.dates import at, days
from shared.announce.kinds import Kind
from shared.announce.listening import EventSubscription, Hearing
from shared.announce.outstanding import outstanding
from shared.decide.situation import Situation
from shared.domain.told import Told

NOW = at(day=9)
TEAM = EventSubscription("team", "Succeeded")
SUBJECT = "https://keys.vault.azure.net/secrets/chat-key"
ENDS = frozenset({"KeyRotation.RetirementAnnounced", "KeyRotation.SunsetAnnounced"})
LISTENS = [
    TEAM,
    replace(TEAM, state="succeeded"),
    replace(TEAM, types=ENDS),
    replace(TEAM, types=ENDS | {"KeyRotation.KeyRotated"}),
    replace(TEAM, expires=NOW + days(1)),
    replace(TEAM, delivered=1, failed=40),
    replace(TEAM, begins="https://keys.vault.azure.net/", ends="/CHAT-KEY"),
]
DEAF = [
    (replace(TEAM, state="AwaitingManualAction"), "its web hook never confirmed it"),
    (replace(TEAM, state="Deleting"), "its state is Deleting"),
    (replace(TEAM, expires=NOW), "it expired on 2026-03-11"),
    (replace(TEAM, types=frozenset({"KeyRotation.KeyRotated"})), "its filter leaves out"),
    (replace(TEAM, types=ENDS - {"KeyRotation.SunsetAnnounced"}), "leaves out KeyRotation.SunsetAnnounced"),
    (replace(TEAM, failed=1), "no delivery succeeded in the last day"),
]


@pytest.mark.parametrize("one", LISTENS)
def test_this_subscription_listens(one: EventSubscription):
    hearing = Hearing(NOW, (one,))
    assert hearing.listening == (one,)
    assert hearing.nobody is None
    assert hearing.unheard(SUBJECT) is None


@pytest.mark.parametrize(("one", "why"), DEAF)
def test_this_subscription_is_as_deaf_as_none(one: EventSubscription, why: str):
    hearing = Hearing(NOW, (one,))
    assert hearing.listening == ()
    assert hearing.nobody is not None
    assert why in hearing.nobody
    assert hearing.unheard(SUBJECT) == hearing.nobody


def test_a_topic_without_a_subscription_reaches_nobody():
    assert Hearing(NOW).nobody == "The topic has no event subscription, so announcements reach nobody."


def test_one_subscription_that_listens_is_enough():
    assert Hearing(NOW, (DEAF[0][0], TEAM)).unheard(SUBJECT) is None


def test_only_a_subscription_that_could_take_events_counts_as_failing():
    failing, deaf = replace(TEAM, failed=3), replace(TEAM, failed=3, state="AwaitingManualAction")
    assert Hearing(NOW, (failing, deaf, TEAM)).failing == (failing,)


@pytest.mark.parametrize("narrow", [replace(TEAM, begins="https://other."), replace(TEAM, ends="/search-key")])
def test_a_filter_by_subject_listens_for_the_secrets_that_it_lets_through(narrow: EventSubscription):
    hearing = Hearing(NOW, (narrow,))
    assert hearing.nobody is None
    assert hearing.unheard(SUBJECT) == f"No event subscription of the topic takes events about {SUBJECT}."


def test_what_is_not_known_is_not_heard_and_says_why():
    hearing = Hearing(NOW, unknown="topic: could not see who listens to it: 403.")
    assert hearing.nobody is None, "it is not known to be nobody"
    assert hearing.unheard(SUBJECT) == (
        "Whether anybody listens to announcements is not known: topic: could not see who listens to it: 403."
    )


def test_ends_are_announced_only_when_somebody_listens():
    seen = an_observation(a_publication(overlapping()))
    target = a_target(sunset=at(day=40))
    heard = {one.kind for one in outstanding(Situation(seen, target, at(day=1)))}
    unheard = {one.kind for one in outstanding(Situation(replace(seen, unheard="Nobody."), target, at(day=1)))}
    assert heard - unheard == {Kind.RETIREMENT_ANNOUNCED, Kind.SUNSET_ANNOUNCED}


def test_what_happened_is_announced_although_nobody_listens():
    seen = replace(an_observation(a_publication(marks(told=Told()))), unheard="Nobody.")
    assert {one.kind for one in outstanding(Situation(seen, a_target(), at(day=1)))} == {Kind.KEY_ROTATED}
