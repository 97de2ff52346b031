"""The status of a fleet and of one target as JSON: the sentence, the findings, and the rows with their states.

HTTP answers and, with `--json`, a terminal show it. The field names are public.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NotRequired, TypedDict, cast

from shared.domain.consumers import ConsumerKind, Consumers
from shared.domain.readiness import Readiness, Stage, Verdict
from shared.domain.times import iso_duration
from shared.findings.codes import Code
from shared.findings.facts import Facts
from shared.findings.kinds import FindingData
from shared.findings.states import State
from shared.findings.status import Status, TargetStatus
from shared.findings.verdict import Tone, verdict_of
from shared.turns.report import RowData
from shared.web.responses import ProblemData, Reply, problems_data


class ReadinessData(TypedDict):
    """Whether an account can do without keys, as the last survey of readiness found it."""

    verdict: Verdict
    stage: Stage
    says: str
    nextStep: NotRequired[str]


class ConsumersData(TypedDict):
    """The consumers that people have listed for a target, and the overlap that they need.

    `slowest` takes longest to notice a new key by itself, at most `slowestNoticesWithin`; both are left out if none
    ever does. Those of `neverNotice` must be moved by a person.
    """

    kinds: list[ConsumerKind]
    overlap: str
    leastOverlap: str
    slowest: NotRequired[ConsumerKind]
    slowestNoticesWithin: NotRequired[str]
    neverNotice: list[ConsumerKind]


class TargetData(RowData):
    """One target as it was seen, its state in one word, and the codes of the findings about it.

    `readiness` is what the last survey of readiness found; it is left out if nothing is known. `consumers` is left out
    if none are listed.
    """

    state: State
    codes: list[Code]
    readiness: NotRequired[ReadinessData]
    consumers: NotRequired[ConsumersData]


class OneTarget(TargetData):
    """One target that was observed just now, the sentence that says what needs doing, and the findings about it."""

    says: str
    tone: Tone
    findings: list[FindingData]


class FleetData(TypedDict):
    """Every target, the sentence that says what needs doing, all findings, and what could not be enrolled or listed.

    The targets are as the check that began at `seenAt` saw them. All subscriptions and vaults were seen to their end
    since `wholeSince`.
    """

    says: str
    tone: Tone
    targets: list[TargetData]
    findings: list[FindingData]
    problems: list[ProblemData]
    seenAt: NotRequired[str]
    wholeSince: NotRequired[str]


def survey_data(facts: Facts, status: Status) -> FleetData:
    """Return a fleet as JSON, with the moments since when it is so. A moment that nobody knows is left out."""
    verdict = verdict_of(status)
    data = FleetData(
        says=verdict.sentence,
        tone=verdict.tone,
        targets=[target_data(one) for one in status.targets],
        findings=[one.data() for one in status.findings],
        problems=problems_data(facts.problems),
    )
    if facts.viewed_at is not None:
        data["seenAt"] = facts.viewed_at.isoformat()
    if facts.whole_at is not None and facts.viewed_at is not None:
        data["wholeSince"] = facts.whole_at.isoformat()
    return data


def target_data(one: TargetStatus) -> TargetData:
    """Return a row of a fleet as JSON."""
    codes = list(dict.fromkeys(each.code for each in one.findings))
    data = cast("TargetData", {**one.row.data(), "state": one.state, "codes": codes})
    if one.entry is not None:
        data["readiness"] = readiness_data(one.entry.readiness)
    if one.row.target.consumers is not None:
        data["consumers"] = consumers_data(one.row.target.consumers, one.row.target.cadence.overlap)
    return data


def consumers_data(consumers: Consumers, overlap: timedelta) -> ConsumersData:
    """Return consumers as JSON, beside the overlap that their target has."""
    data = ConsumersData(
        kinds=list(consumers.kinds),
        overlap=iso_duration(overlap),
        leastOverlap=iso_duration(consumers.least_overlap),
        neverNotice=list(consumers.never_notice),
    )
    if consumers.slowest is not None:
        data["slowest"] = consumers.slowest
        data["slowestNoticesWithin"] = iso_duration(consumers.notices_within(consumers.slowest))
    return data


def readiness_data(known: Readiness) -> ReadinessData:
    """Return a verdict as JSON."""
    data = ReadinessData(verdict=known.verdict, stage=known.stage, says=known.says)
    if known.next_step:
        data["nextStep"] = known.next_step
    return data


def of_survey(facts: Facts, status: Status) -> Reply:
    """Return the HTTP answer with all targets."""
    return Reply(200, survey_data(facts, status))


def of_one_target(status: Status) -> Reply:
    """Return the HTTP answer with one target that was observed. `status` holds it and the findings about it alone."""
    [one], verdict = status.targets, verdict_of(status)
    said = {"says": verdict.sentence, "tone": verdict.tone, "findings": [each.data() for each in status.findings]}
    return Reply(200, cast("OneTarget", {**target_data(one), **said}))
