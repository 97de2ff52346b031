"""The sentence above everything says what needs doing, and how grave it is."""

from dataclasses import replace

import pytest

from lab.simulation.builders import marks
from lab.simulation.dates import hours, minutes
from shared.domain.errors import GrantRole, TryLater
from shared.domain.told import Told, ToldDeadline
from shared.findings.codes import Code, Urgency
from shared.findings.deeds import DEEDS
from shared.findings.facts import Checks, Facts
from shared.findings.meanings import MEANINGS
from shared.findings.verdict import Tone, verdict_of
from shared.settings.environment import Mode
from tests.support.facts import NOW, SETTINGS, a_row, facts_of, quiet_target, status_in


def said(facts: Facts) -> tuple[Tone, str]:
    verdict = verdict_of(status_in(facts))
    return verdict.tone, verdict.sentence


def test_a_healthy_fleet_is_green() -> None:
    rows = [a_row(), a_row(target=quiet_target("search"))]
    assert said(facts_of(*rows)) == (Tone.GREEN, "Nothing to do. Both targets are healthy.")
    assert verdict_of(status_in(facts_of(*rows))).detail.startswith("Next: ")


def test_a_sunset_tomorrow_is_red_and_named_with_its_time() -> None:
    ends = NOW + hours(20)
    noted = marks(told=Told(origin=True, sunset=ToldDeadline(ends)))
    facts = facts_of(a_row(noted, target=quiet_target(sunset=ends)))
    assert said(facts) == (Tone.RED, "1 thing to do: move the apps of chat off keys, because all keys end in 20 h.")


def test_a_missing_role_is_amber() -> None:
    facts = facts_of(replace(a_row(), error=GrantRole("chat", "it may not.")))
    assert said(facts) == (Tone.AMBER, "1 thing to do: find out why chat cannot be read.")


def test_what_passes_by_itself_is_watched() -> None:
    tone, sentence = said(facts_of(replace(a_row(), error=TryLater("chat", "slow."))))
    assert (tone, sentence) == (Tone.AMBER, "Nothing to do yet. To watch: chat (cannot be read).")


@pytest.mark.parametrize(("before", "tone"), [(21, Tone.AMBER), (61, Tone.RED)])
def test_a_late_check_is_never_green(before: int, tone: Tone) -> None:
    assert said(facts_of(a_row(), checks=Checks(NOW - minutes(before), minutes(10))))[0] is tone


def test_an_app_that_observes_is_teal() -> None:
    facts = facts_of(a_row(), settings=replace(SETTINGS, mode=Mode.OBSERVE))
    assert said(facts)[0] is Tone.TEAL


def test_without_targets_it_is_said_that_none_is_enrolled() -> None:
    assert said(facts_of()) == (Tone.PLAIN, "No account is enrolled yet.")


def test_keyless_targets_are_called_so() -> None:
    assert said(facts_of(a_row(key_auth=False, off_by_sunset=True))) == (
        Tone.GREEN,
        "Nothing to do. The target is keyless.",
    )


def test_every_thing_to_do_has_words_of_its_own() -> None:
    to_do = {code for code, meaning in MEANINGS.items() if meaning.urgency is Urgency.TO_DO}
    assert to_do - {Code.CHECKS_LATE} <= set(DEEDS)  # a late check has a sentence of its own
