"""One function for each command: it makes one call inward and turns the answer into a `CommandResult`.

Nothing is decided here. `COMMANDS`, at the end, is the list of all commands.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from cli.answer import (
    DONE,
    DUE,
    CommandResult,
    code_of_error,
    code_of_row,
    of_error,
    problem_lines,
    worst,
)
from cli.arguments import Command
from cli.first_deployment import check_first_deployment
from cli.many_commands import rotate_many, rotations
from cli.printing import NOTHING, line, lines, moment, table
from cli.readers_commands import copies, readers
from cli.readiness_command import readiness
from cli.request_commands import arm, deployed, disarm, hold, leak, rotate, trial
from cli.status_text import age_line, consumers_table, sentence, targets_table, to_do_and_to_watch
from shared.announce.deadlines import Deadline
from shared.doctor import examine, remedies
from shared.doctor.check import Check, CheckState
from shared.doctor.ports import Reading
from shared.domain.errors import FixConfiguration
from shared.domain.keys import Fingerprint
from shared.findings.facts import Facts
from shared.findings.gather import gather_findings, gather_named, gather_observed, gather_shown
from shared.findings.kinds import Finding
from shared.findings.of_readiness import who_still_calls
from shared.findings.status import Status, TargetStatus, status_of
from shared.fleet.rotation import Rotation
from shared.turns.report import Row
from shared.web.responses import of_deadlines
from shared.web.status_data import survey_data
from shared.wiring import Opened

type CommandFunction = Callable[[Opened, Command], Awaitable[CommandResult]]


async def plan(parts: Opened, command: Command) -> CommandResult:
    """The command `plan`: show what would be done now, and why, for all targets or the named ones."""
    facts, found = await _observed(parts.rotation, command) or await gather_observed(parts.rotation)
    status = status_of(facts, found)
    heads = ("TARGET", "REASON", "STEPS", "WHY")
    shown = table(heads, map(_plan_cells, status.targets)) if status.targets else ""
    return _status_result(facts, status, shown, worst(_codes(facts)))


async def status(parts: Opened, command: Command) -> CommandResult:
    """The command `status`: show the state, the live key and the next date of all targets, as the last check saw them,
    or of the named ones."""
    facts, found = await _observed(parts.rotation, command) or await gather_shown(parts.rotation)
    status = status_of(facts, found)
    to_do = [DUE] if status.to_do else []
    shown = lines(targets_table(status), consumers_table(status))
    return _status_result(facts, status, shown, worst([*_codes(facts), *to_do]))


async def _observed(rotation: Rotation, command: Command) -> tuple[Facts, list[Finding]] | None:
    """Observe the named targets one by one. None if the command names none."""
    if command.account is not None:
        found = [await rotation.fleet.find_one(command.account)]
    elif command.targets:
        found = await rotation.fleet.find_all(command.targets)
    else:
        return None
    return await gather_named(rotation, [await rotation.plan_turn(one.target) for one in found])


def _codes(facts: Facts) -> list[int]:
    return [*map(code_of_row, facts.rows), *map(code_of_error, facts.problems)]


def _status_result(facts: Facts, status: Status, shown: str, code: int) -> CommandResult:
    text = lines(
        sentence(status),
        f"\n{shown}" if shown else "",
        to_do_and_to_watch(status),
        age_line(status, facts.viewed_at),
    )
    return CommandResult(code, survey_data(facts, status), text)


def _plan_cells(one: TargetStatus) -> tuple[object, ...]:
    row = one.row
    if row.is_stale or row.plan is None:
        error = row.error
        return row.target.name, error.code if error else NOTHING, NOTHING, _why(row)
    steps = ", ".join(step.words for step in row.plan.steps)
    until = f" Held until {moment(row.plan.held_until)}." if row.plan.held_until else ""
    kinds = ", ".join(dict.fromkeys(one.kind.partition(".")[2] for one in row.outstanding))
    owed = f" To announce: {kinds}." if kinds else ""
    calls = who_still_calls(one.entry) if row.target.sunset else ""
    return row.target.name, row.plan.reason, steps, f"{row.plan.why}{until}{owed}{calls}"


def _why(row: Row) -> str:
    return row.error.about(row.target.name) if row.error else "It could not be observed."


async def deadlines(parts: Opened, command: Command) -> CommandResult:
    """The command `deadlines`: list all upcoming deadlines, the soonest first, as a table or as a calendar."""
    found, problems = await parts.rotation.deadlines()
    now = parts.rotation.outside.clock.now()
    code = worst([*(DUE for one in found if one.falls_at <= now), *map(code_of_error, problems)])
    data = of_deadlines(found, problems).data
    if command.options.ics:
        from shared.web.calendar import calendar

        return CommandResult(code, data, "", calendar(found, now).encode())
    listed = table(("WHEN", "TARGET", "WHAT", "ANNOUNCED", "SAYS"), map(_deadline_cells, found))
    return CommandResult(code, data, lines(listed if found else "There are no deadlines.", problem_lines(problems)))


def _deadline_cells(one: Deadline) -> tuple[object, ...]:
    after = f" (after the next deployment to {one.after_deployment})" if one.after_deployment else ""
    held = " (on hold: the account is misconfigured)" if one.on_hold else ""
    announced = "yes" if one.announced else "no"
    return moment(one.falls_at), one.target.name, one.what, announced, f"{one.says}{after}{held}"


async def audit(parts: Opened, _: Command) -> CommandResult:
    """The command `audit`: list all findings, the most severe first, and then the next step for each kind of
    finding."""
    audited = await gather_findings(parts.rotation, parts.read_only.sight, parts.rights())
    found, looked = audited.findings, f"Accounts were looked for in {audited.scope}."
    looked += f" Roles that show keys were looked for in {audited.rights}."
    data = {"scope": audited.scope, "rights": audited.rights, "findings": [one.data() for one in found]}
    if not found:
        return CommandResult(DONE, data, lines("No findings.", looked))
    cells = ((one.severity, one.code, one.target, one.says) for one in found)
    listed = table(("SEVERITY", "CODE", "TARGET", "FINDING"), cells)
    steps = dict.fromkeys(f"{one.code}: {line(one.next_step)}." for one in found)
    return CommandResult(DUE, data, lines(listed, "", "Next steps:", *(f"  {step}" for step in steps), "", looked))


async def doctor(parts: Opened, _: Command) -> CommandResult:
    """The command `doctor`: check that this deployment can do what it must."""
    reading = Reading(parts.read_only, parts.workspaces, parts.rights(), parts.key_holders, parts.key_policies)
    return _checks_result(await examine.examine(parts.rotation, parts.examiner, reading))


def fingerprint(given: str) -> CommandResult:
    """The command `fingerprint`: show the fingerprint of a key that was read from standard input."""
    mark = Fingerprint.of(given)
    return CommandResult(DONE, {"fingerprint": mark}, mark)


def first_deployment() -> CommandResult:
    """The command `doctor --first-deployment`: go through what only Azure can show, in the order of docs/deploy.md."""
    checks = list(check_first_deployment())
    shown = (_item_lines(number, check) for number, check in enumerate(checks, start=1))
    return _checks_result(checks, lines(*shown))


def _item_lines(number: int, check: Check) -> str:
    """Return one item: its state, its title, what to look for or what is wrong, and its commands."""
    words = {CheckState.NOT_CHECKED: "cannot be checked from here"}.get(check.state, check.state.value)
    commands = "" if check.state is CheckState.OK else check.remedy or ""
    pasted = [f"        {line(one)}" for one in commands.splitlines()]
    why = "" if check.state is CheckState.OK else f"    {line(check.why)}"
    return lines(f"{number}. {words}: {line(check.thing)}", why, *(["    run:", *pasted] if pasted else []))


def without_settings(error: FixConfiguration, command: Command) -> CommandResult:
    """Return the result of any command if the settings are missing or invalid.

    How to correct them depends on where this command read them from.
    """
    how = remedies.name_settings(command.settings)
    if command.name == "doctor":
        return _checks_result(examine.invalid_settings(error, how))
    return of_error(FixConfiguration(error.thing, error.what, how))


def _checks_result(checks: list[Check], shown: str = "") -> CommandResult:
    """Return checks as a result. `shown` is their text; by default one entry for each, failures last."""
    shown = shown or lines(*(_check_lines(check) for check in sorted(checks, key=_check_order)))
    count = {state: sum(check.state is state for check in checks) for state in CheckState}
    total = ", ".join(f"{number} {state.replace('-', ' ')}" for state, number in count.items())
    return CommandResult(
        DUE if count[CheckState.FAILED] else DONE,
        {"checks": [check.data() for check in checks], **{state.value: number for state, number in count.items()}},
        lines(shown, f"{total}."),
    )


def _check_order(check: Check) -> int:
    """Put failures last, because the end of the output is what a terminal shows."""
    return [CheckState.OK, CheckState.NOT_CHECKED, CheckState.FAILED].index(check.state)


def _check_lines(check: Check) -> str:
    label = "mend" if check.state is CheckState.FAILED else "see"
    remedy = f"\n{'':13}{label}: {line(check.remedy)}" if check.remedy else ""
    return f"{check.state.replace('-', ' '):12} {check.name:15} {line(check.thing)}: {line(check.why)}{remedy}"


COMMANDS: dict[str, CommandFunction] = {
    "plan": plan,
    "status": status,
    "rotate": rotate,
    "leak": leak,
    "arm": arm,
    "disarm": disarm,
    "trial": trial,
    "hold": hold,
    "deployed": deployed,
    "deadlines": deadlines,
    "rotate-many": rotate_many,
    "rotations": rotations,
    "readiness": readiness,
    "readers": readers,
    "copies": copies,
    "audit": audit,
    "doctor": doctor,
}
