"""One turn of a command for one target, and what is printed about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from cli.answer import (
    CommandResult,
    UsageError,
    code_of_dry_run,
    code_of_outcome,
    of_error,
)
from cli.arguments import Command, in_options
from cli.printing import line, lines
from shared.domain.errors import DisputedName, RotationError, Throttled, UnknownTarget
from shared.domain.requests import LeakRequest, Request
from shared.fleet.admission import admit, check_confirmed
from shared.fleet.rotation import Rotation
from shared.fleet.survey import planned_row
from shared.settings.target_fields import could_be_a_name, default_name
from shared.turns.message import About
from shared.turns.report import Outcome, Result, failure
from shared.web.bodies import BadRequest
from shared.web.fitting import check_fits, time_of_readers

REQUEST_ID = "requestId"  # in JSON, the value to repeat a request with: as --id, or as Idempotency-Key over HTTP


async def take_turn(
    rotation: Rotation, command: Command, request: Request, confirm: str | None = None
) -> CommandResult:
    """Carry out a request for one target in one turn; in a dry run, only decide.

    A command has no queue, so what it could not finish is not continued by itself, except a leak on record. Raises
    UsageError for a request that does not fit the time or the settings.
    """
    lag = rotation.settings.defaults.lag
    _must_fit(request, rotation, lag)
    try:
        target = (await rotation.fleet.find_one(command.target, request)).target
    except (DisputedName, UnknownTarget):
        raise
    except RotationError as error:
        return await _not_found_now(rotation, command, request, error, confirm)
    _must_fit(request, rotation, time_of_readers(target, lag))
    if command.dry_run:
        row = await rotation.plan_turn(target, request)
        if row.error is not None or row.plan is None:
            return of_error(row.error or RotationError(target.name, "could not be observed."))
        outcome = planned_row(row)
        return CommandResult(code_of_dry_run(row.plan), outcome.data(), line(outcome))
    admitted = await admit(rotation, target, request, confirm)
    outcome = await rotation.turn(target, request)
    await admitted.settle(outcome)
    return _of_turn(outcome, request, command)


def _must_fit(request: Request, rotation: Rotation, lag: timedelta) -> None:
    try:
        check_fits(request, rotation.outside.clock.now(), lag)
    except BadRequest as problem:
        raise UsageError(in_options(problem.detail)) from None


async def _not_found_now(
    rotation: Rotation, command: Command, request: Request, error: RotationError, confirm: str | None
) -> CommandResult:
    """Return the result of a request whose target could not be looked up. A leak is put on record all the same."""
    which = command.target
    about = About(which) if isinstance(which, str) else About(default_name(which), which)
    if isinstance(request, LeakRequest) and not command.dry_run and could_be_a_name(about.name):
        check_confirmed(which, request, confirm, error)
        await rotation.leaks.add(about, request)
    elif command.dry_run or not isinstance(error, Throttled):
        raise error
    return _of_turn(failure(about.name, error), request, command)


def _of_turn(outcome: Outcome, request: Request, command: Command) -> CommandResult:
    outcome = not_queued(outcome, request, command)
    data = {**outcome.data(), REQUEST_ID: command.key}
    return CommandResult(code_of_outcome(outcome), data, lines(*outcome_lines([outcome], command)))


def not_queued(outcome: Outcome, request: Request, command: Command) -> Outcome:
    """Say what to do if Azure asked to wait: nothing repeats a command, except a leak on record."""
    if not isinstance(outcome.error, Throttled) or isinstance(request, LeakRequest):
        return outcome
    step = f"repeat it after that moment with {command.id_option}: this request is not queued"
    return replace(outcome, next_step=step)


def outcome_lines(outcomes: list[Outcome], command: Command, *, incomplete: bool = False) -> list[str]:
    """Return what happened to each target, and then how to repeat the request.

    `incomplete`: Whether a target may be missing because a part of the fleet could not be listed.
    """
    each = [lines(line(one), _dropped_lines(one)) for one in outcomes]
    observed_only = any(one.result is Result.PLANNED for one in outcomes)
    return [
        *each,
        _repeat_line(outcomes, command, incomplete=incomplete),
        "Nothing was done: ROTATION_MODE is observe." if observed_only else "",
    ]


def _dropped_lines(outcome: Outcome) -> str:
    return "\n".join(line(f"Never announced, and reported only here: {dropped}.") for dropped in outcome.dropped)


def _repeat_line(outcomes: list[Outcome], command: Command, *, incomplete: bool) -> str:
    """Return how to make the same request again, if a turn failed or a person wants to be sure."""
    undone = any(one.result in (Result.FAILED, Result.BUSY) or isinstance(one.error, Throttled) for one in outcomes)
    if undone and command.name == "leak":
        return f"The app goes on with it if the leak is on record. To be faster, repeat it with {command.id_option}."
    if undone:
        return f"This request is not queued. Repeat it with {command.id_option}: it takes effect only once."
    if incomplete:
        again = f"Repeat the command with {command.id_option}"
        return f"Not every target could be read. {again}: a target that already had its turn is not rotated again."
    return f"To repeat this request instead of making a new one: {command.id_option}" if outcomes else ""
