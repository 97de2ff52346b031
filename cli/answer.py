"""What a command returns: an exit code, data for `--json`, and text for people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cli.printing import line
from shared.decide.plan import Plan
from shared.domain.errors import ConfirmFirst, LimitReached, PersonMustLook, RotationError, UnknownTarget
from shared.turns.report import Outcome, Result, Row
from shared.web.responses import problems_data

DONE, FAILED, USAGE, DUE = 0, 1, 2, 3  # the exit codes; 3 also if a person must look


class UsageError(Exception):
    """The command cannot be understood. The message is for the person who typed it."""


@dataclass(frozen=True)
class CommandResult:
    """What a command returns.

    code: The exit code.
    data: What `--json` prints, JSON-ready.
    text: What is printed without `--json`.
    file: The bytes that are written instead of the text, unchanged. None for a text.
    """

    code: int
    data: object
    text: str
    file: bytes | None = None


def of_error(error: RotationError) -> CommandResult:
    """Return the result of a command that an error ended."""
    known = f" Known: {', '.join(error.known)}." if isinstance(error, UnknownTarget) and error.known else ""
    return CommandResult(code_of_error(error), problems_data([error])[0], line(f"{error.code}: {error}{known}"))


def code_of_error(error: RotationError) -> int:
    """Return the exit code for an error."""
    if isinstance(error, UnknownTarget):
        return USAGE
    return DUE if isinstance(error, PersonMustLook | ConfirmFirst | LimitReached) else FAILED


def worst(codes: Iterable[int]) -> int:
    """Return one exit code for several targets: a failure comes before what is due, and that before success."""
    found = set(codes)
    return next((code for code in (FAILED, USAGE, DUE) if code in found), DONE)


def code_of_row(row: Row) -> int:
    """Return the exit code for one target of `plan` or `status`."""
    if row.error is not None or row.plan is None:
        return code_of_error(row.error) if row.error else FAILED
    return DUE if row.plan.steps or row.plan.needs_a_person else DONE


def code_of_dry_run(plan: Plan) -> int:
    """Return the exit code for a dry run, which succeeds unless the request is held back or a person must look."""
    return DUE if plan.is_held or plan.needs_a_person else DONE


def code_of_outcome(outcome: Outcome) -> int:
    """Return the exit code for a turn. In observe mode its result is `planned`, because nothing was done."""
    if outcome.result in (Result.DONE, Result.NOTHING):
        return DONE
    if outcome.result in (Result.HELD, Result.PLANNED):
        return DUE
    return DUE if isinstance(outcome.error, PersonMustLook) else FAILED


def problem_lines(problems: list[RotationError]) -> str:
    """Return problems, one on each line."""
    return "\n".join(line(f"{error.code}: {error}") for error in problems)
