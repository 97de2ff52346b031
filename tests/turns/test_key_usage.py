"""Deciding with the logs: they are queried only if keys would end, and keys do not end without an answer."""

from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest

from lab.simulation.builders import wants_rotation
from lab.simulation.dates import at, days
from lab.simulation.stage import a_stage
from shared.decide import policies
from shared.decide.plan import Plan, Reason
from shared.decide.policies import decide
from shared.decide.situation import Situation
from shared.domain.errors import TryLater
from shared.domain.model import AccountId
from shared.domain.readiness import Readiness, Stage, Verdict
from shared.domain.usage import DayOfCalls, Usage
from shared.ports import Outside
from shared.turns.key_usage import decide_counting, decide_presumed
from tests.decide.test_policies import ENDING, SUNSET_ANNOUNCED, TABLE, Row

UNTIL = at(day=20)
EVERY_DAY = tuple(DayOfCalls(day.date(), 0, 3) for day in (UNTIL - days(number) for number in range(36, -1, -1)))
UNUSED = Usage(UNTIL - days(35), UNTIL, EVERY_DAY)
USED = replace(UNUSED, days=(*EVERY_DAY[:-1], DayOfCalls(UNTIL.date(), 7, 3)))
GAP = replace(UNUSED, days=EVERY_DAY[:20] + EVERY_DAY[23:])
WEEKEND = replace(UNUSED, days=EVERY_DAY[:20] + EVERY_DAY[22:])


@dataclass
class Logs:
    """Logs that answer with a fixed usage, or fail."""

    found: Usage | None = UNUSED
    fails: bool = False
    queried: list[AccountId] = field(default_factory=list)

    async def usage(self, account: AccountId) -> Usage | None:
        self.queried.append(account)
        if self.fails:
            raise TryLater("workspace", "could not count calls: no answer came.")
        return self.found

    async def usages(self) -> dict[str, Usage]:
        raise AssertionError("a turn asks for its own account only")


@dataclass
class Surveyed:
    """What the last survey said of the account. None: it did not see it."""

    said: Readiness | None

    async def known(self, now: datetime) -> dict[str, Readiness]:
        return {str(ENDING.account).casefold(): self.said} if self.said else {}

    def learn(self, account: AccountId, readiness: Readiness, now: datetime) -> None:
        assert account == ENDING.account
        assert not readiness.is_ready
        self.said = readiness


def outside(logs: Logs | None, surveyed: Readiness | None = None) -> Outside:
    return replace(a_stage().rotation().outside, logs=logs, readiness=Surveyed(surveyed))


async def planned(row: Row, logs: Logs | None, **how: bool) -> Plan:
    return (await decide_counting(outside(logs), row.seen, row.target, row.now, row.request, **how))[1]


SAID_USED = Readiness(Verdict.USED, Stage.MOVING, "used by 9 callers")
SAID_READY = Readiness(Verdict.READY, Stage.READY, "ready")


@pytest.mark.parametrize(
    ("said", "asked", "reason"),
    [(SAID_USED, 0, Reason.STILL_USED), (SAID_READY, 1, Reason.SUNSET), (None, 1, Reason.SUNSET)],
    ids=["not ready", "ready", "not seen"],
)
async def test_the_logs_are_not_queried_while_the_last_survey_says_that_the_account_is_not_ready(said, asked, reason):
    logs = Logs()
    _, plan = await decide_counting(outside(logs, said), SUNSET_ANNOUNCED, ENDING, at(day=20))
    assert (plan.reason, len(logs.queried)) == (reason, asked)


async def test_a_survey_that_calls_it_ready_ends_no_key_that_the_logs_show_in_use():
    _, plan = await decide_counting(outside(Logs(USED), SAID_READY), SUNSET_ANNOUNCED, ENDING, at(day=20))
    assert plan.reason is Reason.STILL_USED


@pytest.mark.parametrize(
    ("said", "reason"), [(SAID_USED, Reason.STILL_USED), (SAID_READY, Reason.SUNSET), (None, Reason.USE_UNKNOWN)]
)
async def test_a_target_that_is_only_listed_is_shown_by_what_the_survey_said(said: Readiness | None, reason: Reason):
    logs = Logs()
    _, plan = await decide_presumed(outside(logs, said), SUNSET_ANNOUNCED, ENDING, at(day=20))
    assert (plan.reason, logs.queried) == (reason, [])


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
async def test_the_logs_are_queried_only_if_keys_would_end(row: Row):
    logs, unasked = Logs(), replace(row.seen, readiness=None)
    plan = decide(unasked, row.target, row.now, row.request)
    assert await planned(row, logs) == plan
    ends = policies.sunset(Situation(unasked, row.target, row.now)) is not None
    asked = plan.reason is Reason.SUNSET or (plan.reason is Reason.OVERWRITTEN and ends)
    assert logs.queried == ([row.target.account] if asked else [])


async def test_what_a_turn_was_told_spares_the_next_one_the_question():
    logs, kept = Logs(USED), Surveyed(None)
    around = replace(outside(logs), readiness=kept)
    for _ in range(3):
        _, plan = await decide_counting(around, SUNSET_ANNOUNCED, ENDING, at(day=20))
        assert plan.reason is Reason.STILL_USED
    assert len(logs.queried) == 1


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
async def test_without_a_log_workspace_every_plan_is_the_same(row: Row):
    assert await planned(row, None) == decide(row.seen, row.target, row.now, row.request)


@pytest.mark.parametrize(
    ("usage", "reason"),
    [
        (UNUSED, Reason.SUNSET),
        (WEEKEND, Reason.SUNSET),
        (USED, Reason.STILL_USED),
        (GAP, Reason.USE_UNKNOWN),
        (replace(UNUSED, unclear=1), Reason.USE_UNKNOWN),
        (None, Reason.USE_UNKNOWN),
    ],
    ids=["nobody uses a key", "nobody calls at a weekend", "used", "three days without a row", "unclear", "no row"],
)
async def test_what_the_logs_say_is_part_of_the_observation_that_was_decided_on(usage: Usage | None, reason: Reason):
    seen, plan = await decide_counting(outside(Logs(usage)), SUNSET_ANNOUNCED, ENDING, at(day=20))
    assert seen == replace(SUNSET_ANNOUNCED, readiness=seen.readiness)
    assert plan == decide(seen, ENDING, at(day=20))
    assert plan.reason is reason


async def test_a_request_is_carried_out_if_keys_do_not_end_because_they_are_used():
    _, plan = await decide_counting(outside(Logs(USED)), SUNSET_ANNOUNCED, ENDING, at(day=20), wants_rotation())
    assert plan.reason is Reason.REQUESTED


async def test_without_an_answer_keys_do_not_end_and_the_error_is_raised():
    with pytest.raises(TryLater, match="no answer came"):
        await decide_counting(outside(Logs(fails=True)), SUNSET_ANNOUNCED, ENDING, at(day=20))


async def test_without_an_answer_a_later_decision_of_the_turn_is_held():
    seen, plan = await decide_counting(outside(Logs(fails=True)), SUNSET_ANNOUNCED, ENDING, at(day=20), strict=False)
    assert (plan.is_held, plan.steps) == (True, ())
    why = "All keys should have ended, but whether they are used is unknown because the logs could not be asked: "
    assert plan.why == f"{why}could not count calls: no answer came."
    assert seen == SUNSET_ANNOUNCED, "no answer may be invented"


@pytest.mark.parametrize(
    ("reason", "now", "request_"), [("due", at(day=30), None), ("requested", at(day=20), wants_rotation())]
)
async def test_without_an_answer_other_due_or_requested_work_is_done(reason, now, request_):
    _, plan = await decide_counting(outside(Logs(fails=True)), SUNSET_ANNOUNCED, ENDING, now, request_)
    assert plan.reason == reason
    assert plan.steps
    assert "disable key authentication" not in map(str, plan.steps)
