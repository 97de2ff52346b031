"""The commands that ask for something: one function for each."""

from __future__ import annotations

from cli.answer import FAILED, CommandResult, code_of_outcome, problem_lines, worst
from cli.arguments import Command
from cli.one_turn import REQUEST_ID, not_queued, outcome_lines, take_turn
from cli.printing import line, lines
from shared.domain.requests import DisarmRequest
from shared.web.bodies import Arm, Deployment, Leak, Rotate
from shared.web.orders_bodies import LiftHold, PlanTrial, SetHold, StopTrial
from shared.web.responses import deployment_data
from shared.wiring import Opened


async def rotate(parts: Opened, command: Command) -> CommandResult:
    """The command `rotate`: rotate one target now."""
    body = command.body(Rotate)
    return await take_turn(parts.rotation, command, body.request(command.request_id, command.by), body.confirm)


async def leak(parts: Opened, command: Command) -> CommandResult:
    """The command `leak`: report a leaked key of one target, so that it stops working."""
    body = command.body(Leak)
    return await take_turn(parts.rotation, command, body.request(command.request_id, command.by), body.confirm)


async def arm(parts: Opened, command: Command) -> CommandResult:
    """The command `arm`: say what follows one target's next deployment."""
    body = command.body(Arm)
    return await take_turn(parts.rotation, command, body.request(command.request_id, command.by), body.confirm)


async def disarm(parts: Opened, command: Command) -> CommandResult:
    """The command `disarm`: let one target wait for a deployment no longer."""
    return await take_turn(parts.rotation, command, DisarmRequest(by=command.by, id=command.request_id))


async def trial(parts: Opened, command: Command) -> CommandResult:
    """The command `trial`: switch one target's keys off for a stated time, or end that."""
    if command.options.end:
        stop = command.body(StopTrial).request(command.request_id, command.by)
        return await take_turn(parts.rotation, command, stop)
    body = command.body(PlanTrial)
    return await take_turn(parts.rotation, command, body.request(command.request_id, command.by), body.confirm)


async def hold(parts: Opened, command: Command) -> CommandResult:
    """The command `hold`: let one target's rotations, ends of keys, trials and sunsets wait, or end that."""
    body = command.body(LiftHold) if command.options.lift else command.body(SetHold)
    return await take_turn(parts.rotation, command, body.request(command.request_id, command.by))


async def deployed(parts: Opened, command: Command) -> CommandResult:
    """The command `deployed`: report a deployment: every target that waits for it has its turn, one after the other."""
    body, rotation = command.body(Deployment), parts.rotation
    request = body.request(command.request_id, command.by, rotation.outside.clock.now())
    waiting, listing = await rotation.waiting_for(body.environment)
    names = [one.target.name for one in waiting]
    follows = await rotation.what_follows(waiting, listing, request)
    turns = [] if command.dry_run else [await rotation.turn(one.target, request) for one in waiting]
    outcomes = [not_queued(one, request, command) for one in turns]
    facts = deployment_data(body.environment, names, listing.problems, follows=follows)
    repeatable = {} if command.dry_run else {REQUEST_ID: command.key}
    data = {**facts, "outcomes": [one.data() for one in outcomes], **repeatable}
    first = f"Waiting for a deployment to {body.environment}: {', '.join(names)}." if names else facts["why"]
    each = [line(f"{one.target}: {one.says}") for one in follows] if command.dry_run else []
    step = f"Next step: {facts['nextStep']}." if "nextStep" in facts else ""
    incomplete = bool(listing.problems) and not command.dry_run
    text = lines(
        first, *each, step, problem_lines(listing.problems), *outcome_lines(outcomes, command, incomplete=incomplete)
    )
    code = worst([*map(code_of_outcome, outcomes), *(FAILED for _ in listing.problems)])
    return CommandResult(code, data, text)
