"""What a command answers: an exit code, data for machines, text for people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cli.text import line
from shared.decide.plan import Plan
from shared.domain.errors import PersonMustLook, RotationError, UnknownTarget
from shared.turns.report import Outcome, Result, Row, person_must_look
from shared.web.responses import wrong

DONE, FAILED, USAGE, LOOK = 0, 1, 2, 3


class UsageError(Exception):
    """The command is wrong; the words say how."""


@dataclass(frozen=True)
class CommandResult:
    code: int
    data: object
    text: str


def of_error(error: RotationError) -> CommandResult:
    """An error that ended the whole command."""
    known = f" Known: {', '.join(error.known)}." if isinstance(error, UnknownTarget) and error.known else ""
    return CommandResult(code_of_error(error), wrong([error])[0], line(f"{error.code}: {error}{known}"))


def code_of_error(error: RotationError) -> int:
    if isinstance(error, UnknownTarget):
        return USAGE
    return LOOK if isinstance(error, PersonMustLook) else FAILED


def worst(codes: Iterable[int]) -> int:
    """One code for many: what failed counts more than what is due."""
    found = set(codes)
    return next((code for code in (FAILED, USAGE, LOOK) if code in found), DONE)


def code_of_row(row: Row) -> int:
    if row.error is not None or row.plan is None:
        return code_of_error(row.error) if row.error else FAILED
    return LOOK if row.plan.steps or person_must_look(row.plan) else DONE


def code_of_dry_run(plan: Plan) -> int:
    """A dry run is done when it could say what would happen; held back or for a person to judge is another matter."""
    return LOOK if plan.is_held or person_must_look(plan) else DONE


def code_of_outcome(outcome: Outcome) -> int:
    if outcome.result in (Result.DONE, Result.NOTHING):
        return DONE
    if outcome.result in (Result.HELD, Result.PLANNED):  # planned: the mode is observe, and nothing was done
        return LOOK
    return LOOK if isinstance(outcome.error, PersonMustLook) else FAILED
