"""The commands `readers` and `copies`: who can read keys, and where copies of them lie; of one account, or of all."""

from __future__ import annotations

from collections.abc import Iterable

from cli.answer import DONE, DUE, CommandResult, code_of_error, worst
from cli.arguments import Command
from cli.copies_text import copies_of_fleet_text, copies_of_one_text
from cli.readers_text import readers_of_fleet_text, readers_of_one_text
from shared.copies.answers import CopiesOfOne
from shared.copies.ask import copies_of_fleet, copies_of_one
from shared.copies.kinds import CopyFate
from shared.domain.errors import RotationError
from shared.readers.ask import readers_of_fleet, readers_of_one
from shared.readers.asked_accounts import AskedAccount, key_places
from shared.readiness.one_account import find_account
from shared.web.copies_data import fleet_copies, one_copies
from shared.web.readers_data import fleet_readers, one_readers
from shared.wiring import Opened


async def readers(parts: Opened, command: Command) -> CommandResult:
    """The command `readers`: show who can read the keys of one account, or count them for all in sight."""
    app, now = parts.rotation, parts.rotation.outside.clock.now()
    if _names_one(command):
        account, target = await find_account(app, command.target)
        principal = (command.options.principal or "").lower()
        one = await readers_of_one(parts.rights(), AskedAccount.of(account, target), now, principal)
        return CommandResult(_code(one.found.problems), one_readers(one), readers_of_one_text(one))
    overview, seen = await app.overview(), await parts.read_only.sight.accounts()
    places = key_places(overview.rows, seen.accounts)
    all_of_them = await readers_of_fleet(parts.rights(), places, now, seen.scope, max(1, command.options.page))
    all_of_them = all_of_them.with_problems((*overview.problems, *seen.problems))
    return CommandResult(_code(all_of_them.problems), fleet_readers(all_of_them), readers_of_fleet_text(all_of_them))


async def copies(parts: Opened, command: Command) -> CommandResult:
    """The command `copies`: show where copies of the keys of one account lie, or of all in sight."""
    app = parts.rotation
    if _names_one(command):
        account, target = await find_account(app, command.target)
        one = await copies_of_one(app, parts.copy_looks, account, target)
        return CommandResult(_code(one.found.problems, [one]), one_copies(one), copies_of_one_text(one))
    overview, seen = await app.overview(), await parts.read_only.sight.accounts()
    page, looks = max(1, command.options.page), parts.copy_looks
    found = await copies_of_fleet(app, looks, overview.rows, seen.accounts, seen.scope, page)
    found = found.with_problems((*overview.problems, *seen.problems))
    return CommandResult(_code(found.problems, found.accounts), fleet_copies(found), copies_of_fleet_text(found))


def _names_one(command: Command) -> bool:
    return command.account is not None or command.options.target is not None


def _code(problems: Iterable[RotationError], found: Iterable[CopiesOfOne] = ()) -> int:
    """Return the exit code: 3 if a copy breaks, 1 if something could not be seen. That somebody reads keys is none."""
    breaking = [DUE for one in found for each in one.found.copies if each.fate is CopyFate.BREAKS]
    return worst([DONE, *breaking, *map(code_of_error, problems)])
