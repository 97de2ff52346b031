"""The commands about many targets at once: they make one call inward and turn the answer into a `CommandResult`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cli.answer import DONE, DUE, CommandResult, UsageError, code_of_error, worst
from cli.arguments import Command
from cli.many_arguments import SELECTION
from cli.printing import NOTHING, line, lines, moment, table
from shared.domain.errors import UnknownTarget
from shared.domain.many import ManyRequest, ManyState
from shared.fleet.many import Choice, choose
from shared.fleet.many_seen import ManySeen, as_seen, every_many, find_many, stop_many
from shared.fleet.many_start import confirmation, done_by, start
from shared.fleet.rotation import Rotation
from shared.turns.many import ManyRecord, many_id
from shared.web.many import RotateMany
from shared.web.many_answers import ManyList, ManyStatus, planned_data, started_data, status_data, with_rows
from shared.wiring import Opened

REQUEST_ID = "requestId"
_LEFT = (ManyState.PAUSED, ManyState.STOPPED, ManyState.ENDED)


async def rotate_many(parts: Opened, command: Command) -> CommandResult:
    """The command `rotate-many`: put a request for many on record; in a dry run, show what it would do."""
    app, body = parts.rotation, _body(command)
    id_ = many_id("command line", command.request_id)
    known = None if command.dry_run else await ManyRecord(app.outside.notes).find(id_)
    if known is not None:
        return _started(as_seen(app, known), body, command, ())
    choice = await choose(app, body.select.selection, leak=body.kind == "leak") if body.select else _nothing(app)
    if not choice.candidates:
        raise UnknownTarget("selection", "no target fits it.")
    now = app.outside.clock.now()
    request = replace(body.request_for_each(command.by), requested_at=now)
    many = ManyRequest(id_, request, now, body.mark, tuple(one.of_many for one in choice.candidates))
    if command.dry_run:
        return await _planned(app, many, choice)
    progress = await start(app, many, choice.candidates, choice.seen_at, body.confirm)
    return _started(as_seen(app, progress), body, command, choice.problems)


def _body(command: Command) -> RotateMany:
    """Return the request's body, checked as over HTTP. Raises UsageError."""
    options = command.options
    given = {name: getattr(options, name, None) for name in SELECTION}
    options.select = {name: value for name, value in given.items() if value}
    if not options.select:
        raise UsageError("Say which targets: names, --all, --owner, --subscription, --group or --rest-of.")
    options.key, options.kind = options.leaked, "leak" if options.leaked else "rotate"
    return command.body(RotateMany)


def _nothing(app: Rotation) -> Choice:
    return Choice([], app.outside.clock.now())


async def _planned(app: Rotation, many: ManyRequest, choice: Choice) -> CommandResult:
    dates = await done_by(app, many, choice.candidates, many.made_at)
    data = planned_data(many, dates, choice.problems, confirmation(len(dates)))
    rows = zip(many.targets, dates, strict=True)
    shown = table(("TARGET", "DEAD BY" if many.is_leak else "DONE BY"), ((one.name, moment(at)) for one, at in rows))
    step = f'{len(dates)} targets, by {moment(max(dates))}. To do it: the same with --confirm "{data["confirm"]}"'
    return CommandResult(DONE, data, lines(shown, f"{step} in place of --dry-run.", _problems(choice)))


def _problems(choice: Choice) -> str:
    return "\n".join(line(f"{error.code}: {error}") for error in choice.problems)


def _started(seen: ManySeen, body: RotateMany, command: Command, problems: Any) -> CommandResult:  # noqa: ANN401
    many = seen.progress.request
    if many.asked != body.mark:
        raise UsageError("This --id was used for another request for many. Use another one.")
    data = {**started_data(seen, problems), REQUEST_ID: command.key}
    first = f"{len(many.targets)} targets: {seen.state}. The app carries it out. See python -m cli rotations {many.id}"
    again = f"To repeat this request instead of making a new one: {command.id_option}"
    return CommandResult(worst(map(code_of_error, problems)), data, lines(first, again))


async def rotations(parts: Opened, command: Command) -> CommandResult:
    """The command `rotations`: show all requests for many, or one with its accounts, or stop one."""
    app, id_ = parts.rotation, command.options.rotation
    if id_ is None and command.options.stop:
        raise UsageError("Say which request to stop, by its id.")
    if id_ is None:
        return _all(await every_many(app))
    seen = await find_many(app, id_)
    return _one(await stop_many(app, seen, command.by) if command.options.stop else seen)


def _all(seen: list[ManySeen]) -> CommandResult:
    data = ManyList(rotations=[status_data(one) for one in seen])
    heads = ("ID", "MADE", "STATE", "DONE", "GONE", "FAILED", "OPEN", "BY")
    shown = table(heads, (_cells(one) for one in data["rotations"])) if seen else "There are none."
    return CommandResult(worst(map(_code, seen)), data, shown)


def _cells(one: ManyStatus) -> tuple[object, ...]:
    made = one["madeAt"][:16].replace("T", " ") + "Z"
    return one["id"], made, one["state"], one["done"], one["gone"], one["failed"], one["open"], one["requestedBy"]


def _one(seen: ManySeen) -> CommandResult:
    data = with_rows(seen)
    cells = (_row_cells(row) for row in data["rows"])
    counts = ", ".join(f"{data[name]} {name}" for name in ("done", "gone", "failed", "open"))
    last = data.get("deadBy") or data.get("doneBy")
    by = f", the last one by {last[:16].replace('T', ' ')}Z" if last else ""
    step = f"Next step: {seen.next_step}." if seen.next_step else ""
    shown = table(("TARGET", "RESULT", "WHEN", "WHY"), cells)
    return CommandResult(_code(seen), data, lines(shown, f"{seen.state}: {counts}{by}.", step))


def _row_cells(row: Mapping[str, Any]) -> tuple[object, ...]:
    when = next((row[name] for name in ("deadSince", "doneAt", "deadBy", "doneBy") if name in row), "")
    step = f" Next step: {row['nextStep']}." if "nextStep" in row else ""
    return row["target"], row["result"], when[:16].replace("T", " ") or NOTHING, f"{row.get('why', '')}{step}"


def _code(seen: ManySeen) -> int:
    """Return the exit code: something is due only if a person must go on with it."""
    return DUE if seen.state in _LEFT else DONE
