"""One small function for each command: one call inward, and its answer. Decides nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from cli.answer import (
    DONE,
    FAILED,
    LOOK,
    CommandResult,
    code_of_dry_run,
    code_of_error,
    code_of_outcome,
    code_of_row,
    of_error,
    worst,
)
from cli.arguments import Command
from cli.text import NOTHING, line, lines, moment, table
from shared.announce.deadlines import Deadline
from shared.doctor import examine, remedies
from shared.doctor.check import Check, CheckState
from shared.domain.errors import FixConfiguration, RotationError
from shared.domain.requests import DisarmRequest, Request
from shared.findings import gather
from shared.fleet.rotation import Rotation, planned_row
from shared.turns.report import Outcome, Result, Row
from shared.web.bodies import Arm, Deployment, Leak, Rotate
from shared.web.responses import heard, of_deadlines, of_survey
from shared.wiring import Opened

type CommandFunction = Callable[[Opened, Command], Awaitable[CommandResult]]

REQUEST_ID = "requestId"  # what --id and Idempotency-Key take; the mark that stands in a tag is made of it


async def plan(parts: Opened, command: Command) -> CommandResult:
    rows, problems = await _rows(parts.rotation, command)
    found = table(("TARGET", "REASON", "STEPS", "WHY"), (_planned(row) for row in rows)) if rows else ""
    return _surveyed(rows, problems, found)


async def status(parts: Opened, command: Command) -> CommandResult:
    rows, problems = await _rows(parts.rotation, command)
    heads = ("TARGET", "LIVE", "SINCE", "DUE", "PREVIOUS UNTIL", "WAITS FOR", "OWED", "STATE")
    return _surveyed(rows, problems, table(heads, (_standing(row) for row in rows)) if rows else "")


async def _rows(conductor: Rotation, command: Command) -> tuple[list[Row], list[RotationError]]:
    """All targets as a survey sees them, or those that are named, each of them looked at."""
    if not command.names:
        return await conductor.survey()
    return [await conductor.plan_turn(one.target) for one in await conductor.fleet.find_all(command.names)], []


def _surveyed(rows: list[Row], problems: list[RotationError], found: str) -> CommandResult:
    code = worst([*map(code_of_row, rows), *map(code_of_error, problems)])
    nobody = "" if rows or problems else "No target is enrolled."
    return CommandResult(code, of_survey(rows, problems).data, lines(found, _said(problems), nobody, _presumed(rows)))


def _presumed(rows: list[Row]) -> str:
    count = sum(row.presumed for row in rows)
    return (
        f"{count} targets were not looked at one by one. Name those that matter to see them as they are."
        if count
        else ""
    )


def _planned(row: Row) -> tuple[object, ...]:
    if row.plan is None:
        return row.target.name, row.error.code if row.error else NOTHING, NOTHING, _why(row)
    steps = ", ".join(str(step) for step in row.plan.steps)
    until = f" Held until {moment(row.plan.held_until)}." if row.plan.held_until else ""
    return row.target.name, row.plan.reason, steps, f"{row.plan.why}{until}"


def _standing(row: Row) -> tuple[object, ...]:
    facts = row.data()
    publication = row.seen.publication if row.seen else None
    marks = publication.marks if publication else None
    waits = facts.get("waitsFor")
    return (
        row.target.name,
        facts.get("live") or NOTHING,
        moment(marks.since if marks else None),
        facts.get("due", NOTHING)[:16].replace("T", " ") + ("Z" if "due" in facts else ""),
        moment(marks.until if marks else None),
        waits["environment"] if waits else NOTHING,
        len(row.outstanding),
        row.plan.reason if row.plan else _why(row),
    )


def _why(row: Row) -> str:
    return f"{row.error.code}: {row.error}" if row.error else "It could not be looked at."


def _said(problems: list[RotationError]) -> str:
    return "\n".join(line(f"{error.code}: {error}") for error in problems)


async def rotate(parts: Opened, command: Command) -> CommandResult:
    return await _turn(parts.rotation, command, command.body(Rotate).request(command.id, command.by))


async def leak(parts: Opened, command: Command) -> CommandResult:
    return await _turn(parts.rotation, command, command.body(Leak).request(command.id, command.by))


async def arm(parts: Opened, command: Command) -> CommandResult:
    return await _turn(parts.rotation, command, command.body(Arm).request(command.id, command.by))


async def disarm(parts: Opened, command: Command) -> CommandResult:
    return await _turn(parts.rotation, command, DisarmRequest(by=command.by, id=command.id))


async def _turn(conductor: Rotation, command: Command, request: Request) -> CommandResult:
    """One target, one turn, or only what it would do. Nobody queues what a command could not finish."""
    target = await conductor.fleet.find(command.name)
    if command.dry_run:
        row = await conductor.plan_turn(target, request)
        if row.error is not None or row.plan is None:
            return of_error(row.error or RotationError(target.name, "could not be looked at."))
        outcome = planned_row(row)
        return CommandResult(code_of_dry_run(row.plan), outcome.data(), line(outcome))
    outcome = await conductor.turn(target, request)
    data = {**outcome.data(), REQUEST_ID: command.key}
    return CommandResult(code_of_outcome(outcome), data, lines(*_told([outcome], command)))


def _told(outcomes: list[Outcome], command: Command, *, unasked: bool = False) -> list[str]:
    """What became of each, and what holds for the request as a whole."""
    said = [lines(line(one), _forgotten(one)) for one in outcomes]
    planned = any(one.result is Result.PLANNED for one in outcomes)
    return [
        *said,
        _again(outcomes, command, unasked=unasked),
        "Nothing was done: ROTATION_MODE is observe." if planned else "",
    ]


def _forgotten(outcome: Outcome) -> str:
    return "\n".join(line(f"Never announced, and said here only: {carried}.") for carried in outcome.dropped)


def _again(outcomes: list[Outcome], command: Command, *, unasked: bool = False) -> str:
    """How to make the very same request once more: where asking again helps, and for whoever wants to be sure.
    `unasked`: not every target could be asked whether it is meant."""
    if any(one.result in (Result.FAILED, Result.BUSY) for one in outcomes):
        return f"This request is not queued. Ask again with {command.same}: it rotates once."
    if unasked:
        return f"Not every target could be asked. Say it again with {command.same}: whoever heard it rotates once."
    return f"To make this very request again, and not another one: {command.same}" if outcomes else ""


async def deployed(parts: Opened, command: Command) -> CommandResult:
    """Every target that waits has its turn here and now, one after the other."""
    body, conductor = command.body(Deployment), parts.rotation
    request = body.request(command.id, command.by, conductor.outside.clock.now())
    waiting, look = await conductor.waiting_for(body.environment)
    problems = look.problems
    names = [one.target.name for one in waiting]
    outcomes = [] if command.dry_run else [await conductor.turn(one.target, request) for one in waiting]
    said = heard(body.environment, names, problems)
    known = {} if command.dry_run else {REQUEST_ID: command.key}
    words = f"Waiting for a deployment to {body.environment}: {', '.join(names)}." if names else said["why"]
    step = f"Next step: {said['nextStep']}." if "nextStep" in said else ""
    code = worst([*map(code_of_outcome, outcomes), *(FAILED for _ in problems)])
    data = {**said, "outcomes": [one.data() for one in outcomes], **known}
    told = _told(outcomes, command, unasked=bool(problems) and not command.dry_run)
    return CommandResult(code, data, lines(words, step, _said(problems), *told))


async def deadlines(parts: Opened, command: Command) -> CommandResult:
    found, problems = await parts.rotation.deadlines()
    now = parts.rotation.outside.clock.now()
    code = worst([*(LOOK for one in found if one.at <= now), *map(code_of_error, problems)])
    data = of_deadlines(found, problems).data
    if command.given.ics:
        from shared.web.calendar import calendar

        return CommandResult(code, data, calendar(found, now).replace("\r\n", "\n").rstrip())
    listed = table(("WHEN", "TARGET", "WHAT", "ANNOUNCED", "SAYS"), map(_deadline, found))
    return CommandResult(code, data, lines(listed if found else "No deadline is known.", _said(problems)))


def _deadline(one: Deadline) -> tuple[object, ...]:
    after = f" (after the next deployment to {one.after_deployment})" if one.after_deployment else ""
    return moment(one.at), one.target, one.what, "yes" if one.announced else "no", f"{one.says}{after}"


async def audit(parts: Opened, _: Command) -> CommandResult:
    found = await gather.audit(parts.rotation, parts.inventory)
    data = {"findings": [one.data() for one in found]}
    if not found:
        return CommandResult(DONE, data, "No findings.")
    listed = table(("SEVERITY", "CODE", "TARGET", "FINDING"), ((o.severity, o.code, o.target, o.says) for o in found))
    steps = dict.fromkeys(f"{one.code}: {line(one.next_step)}." for one in found)
    return CommandResult(LOOK, data, lines(listed, "", "Next steps:", *(f"  {step}" for step in steps)))


async def doctor(parts: Opened, _: Command) -> CommandResult:
    return _examined(await examine.examine(parts.rotation, parts.examiner))


def without_settings(error: FixConfiguration, command: Command) -> CommandResult:
    """No command can do anything. What is to be done about it depends on where this command found its settings."""
    error = FixConfiguration(error.thing, error.what, remedies.name_settings(command.settings))
    return _examined(examine.of_settings(error)) if command.command == "doctor" else of_error(error)


def _examined(checks: list[Check]) -> CommandResult:
    count = {state: sum(check.state is state for check in checks) for state in CheckState}
    total = ", ".join(f"{number} {state.replace('-', ' ')}" for state, number in count.items())
    return CommandResult(
        LOOK if count[CheckState.FAILED] else DONE,
        {"checks": [check.data() for check in checks], **{state.value: number for state, number in count.items()}},
        lines(*(_check(check) for check in sorted(checks, key=_order)), f"{total}."),
    )


def _order(check: Check) -> int:
    """What failed stands last, where a terminal's reader looks first."""
    return [CheckState.OK, CheckState.NOT_CHECKED, CheckState.FAILED].index(check.state)


def _check(check: Check) -> str:
    mend = f"\n{'':13}{'mend' if check.state is CheckState.FAILED else 'see'}: {line(check.mend)}" if check.mend else ""
    return f"{check.state.replace('-', ' '):12} {check.name:15} {line(check.thing)}: {line(check.why)}{mend}"


COMMANDS: dict[str, CommandFunction] = {
    "plan": plan,
    "status": status,
    "rotate": rotate,
    "leak": leak,
    "arm": arm,
    "disarm": disarm,
    "deployed": deployed,
    "deadlines": deadlines,
    "audit": audit,
    "doctor": doctor,
}
