"""What holds for every target, whatever was observed: nothing is green that is owed, late, unseen or about to end."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from lab.simulation.dates import days, hours, minutes
from shared.announce.outstanding import outstanding
from shared.decide import schedule
from shared.decide.policies import decide
from shared.decide.situation import Situation
from shared.domain.errors import FixConfiguration, GrantRole, Throttled, TryLater
from shared.domain.model import Observation, Target
from shared.findings.codes import Urgency
from shared.findings.facts import Checks, Facts
from shared.findings.gather import findings_of, severe_first
from shared.findings.states import State
from shared.findings.status import status_of
from shared.findings.verdict import Tone, verdict_of
from shared.settings.environment import Mode
from shared.turns.report import Row
from tests.support import strategies as some
from tests.support.facts import SETTINGS

MORE = settings(max_examples=400, deadline=None)
GRACE = SETTINGS.look_every
errors = st.sampled_from(
    [None] * 6 + [kind("chat", "it failed.") for kind in (TryLater, GrantRole, FixConfiguration, Throttled)]
)


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    """Return the facts of a fleet of one target, as a check may have left them."""
    seen: Observation = draw(some.observations())
    target: Target = draw(some.targets)
    now, error = draw(some.moments), draw(errors)
    situation = Situation(seen, target, now)
    row = Row(target, decide(seen, target, now), situation, outstanding(situation))
    fails = draw(st.booleans())
    if error is not None:
        row = replace(row, error=error, fails=True) if fails else replace(row, error=error, plan=None)
    last = now - draw(st.sampled_from([minutes(5), minutes(30), hours(5)]))
    owing = draw(st.sampled_from([{}, {str(target.account).casefold(): last - minutes(10)}]))
    return Facts(
        settings=replace(SETTINGS, mode=draw(st.sampled_from([Mode.ROTATE] * 4 + [Mode.OBSERVE]))),
        now=now,
        rows=[row],
        owing=owing,
        seen_at=last,
        checks=Checks(last, minutes(10)),
        observed=draw(st.booleans()),
    )


@MORE
@given(facts())
def test_a_healthy_target_owes_nothing_is_late_with_nothing_and_is_not_about_to_end(known: Facts) -> None:
    [target] = status_of(known, findings_of(known)).targets
    if target.state is not State.HEALTHY:
        return
    row, now = known.rows[0], known.now
    situation = row.situation
    assert situation is not None
    assert row.error is None
    assert row.plan is not None
    assert not row.plan.steps
    assert not row.plan.is_held
    assert not (row.outstanding and known.owing_since(row.target.account))
    assert situation.seen.key_auth
    assert situation.seen.live is not None
    assert row.target.sunset is None or row.target.sunset - now > row.target.cadence.notice
    assert schedule.rotation(situation) + GRACE >= now
    assert not situation.spare_in_use
    assert not any(one.urgency is not Urgency.IMPROVE for one in target.findings)


@MORE
@given(facts())
def test_the_sentence_is_green_only_if_nothing_is_to_do_or_to_watch(known: Facts) -> None:
    status = status_of(known, severe_first(findings_of(known)))
    verdict = verdict_of(status)
    assert (verdict.tone is Tone.GREEN) == (
        not status.to_do and not status.to_watch and known.settings.mode is Mode.ROTATE
    )
    if verdict.tone is Tone.GREEN:
        assert {one.state for one in status.targets} <= {State.HEALTHY, State.ROTATING, State.WAITING, State.KEYLESS}


@MORE
@given(facts())
def test_page_and_audit_find_the_same_about_a_target_from_the_same_facts(known: Facts) -> None:
    def about_it(facts: Facts) -> list[tuple[str, str, Urgency]]:
        return [(one.code, one.says, one.urgency) for one in status_of(facts, findings_of(facts)).targets[0].findings]

    assert about_it(replace(known, observed=False)) == about_it(replace(known, observed=True))


@MORE
@given(facts())
def test_every_finding_has_a_cause_a_consequence_and_a_next_step(known: Facts) -> None:
    for one in findings_of(known):
        assert one.says.endswith((".", "}")), one
        assert one.meaning.consequence.endswith(".")
        assert one.next_step
        assert not one.next_step.endswith(".")
        assert one.at is None or one.at > known.now - days(1)
        assert one.since is None or one.since <= known.now + timedelta(days=400)
