"""The pages for auditors: who can read keys, and where copies of them lie. Each view asks Azure anew and keeps nothing.

No other page asks any of it: the page of a target only links here.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace

from shared.copies.ask import ROWS as COPIES_ROWS
from shared.copies.ask import copies_of_fleet, copies_of_one
from shared.domain.errors import RotationError
from shared.domain.model import AccountId, Target
from shared.domain.names import LOGGER
from shared.fleet.rotation import Rotation
from shared.handlers.incoming import Incoming
from shared.handlers.page_replies import links_of, page_reply, plain_shell
from shared.handlers.pages import error_page
from shared.readers.ask import ROWS as READERS_ROWS
from shared.readers.ask import readers_of_fleet, readers_of_one
from shared.readers.asked_accounts import AskedAccount, key_places
from shared.readiness.one_account import find_account
from shared.turns.report import Row
from shared.web.asked import BY_ACCOUNT, asked_for
from shared.web.callers import Caller
from shared.web.pages.auditor.asked import CopiesFilters, ReadersFilters
from shared.web.pages.auditor.copies_view import copies_page_of
from shared.web.pages.auditor.fleet_copies import fleet_copies_page_of
from shared.web.pages.auditor.fleet_readers import fleet_readers_page_of
from shared.web.pages.auditor.readers_view import readers_page_of
from shared.web.pages.links import Links
from shared.web.pages.missing import missing
from shared.web.pages.shell import Shell
from shared.web.responses import Reply, of_error, retry_after
from shared.wiring import copy_looks, read_only, rights, rotation

log = logging.getLogger(LOGGER)


async def readers_page(incoming: Incoming, caller: Caller) -> Reply:
    """Return who can read the keys of the target that the query names, or of all accounts in sight.

    Raises BadRequest if the query names an account by what is no resource id.
    """
    filters = ReadersFilters.read(incoming.query)
    app: Rotation | None = None
    try:
        app = await rotation()
        which = _which(filters.target, incoming.account)
        if which is None:
            return await _readers_of_all(app, filters, incoming, caller)
        return await _readers_of(app, which, filters, incoming, caller)
    except RotationError as error:
        return _failed(error, incoming, caller, app, filters.target or incoming.account)


async def copies_page(incoming: Incoming, caller: Caller) -> Reply:
    """Return where copies of the keys of the target lie that the query names, or of all accounts in sight.

    Raises BadRequest if the query names an account by what is no resource id.
    """
    filters = CopiesFilters.read(incoming.query)
    app: Rotation | None = None
    try:
        app = await rotation()
        which = _which(filters.target, incoming.account)
        if which is None:
            return await _copies_of_all(app, filters, incoming, caller)
        return await _copies_of(app, which, filters, incoming, caller)
    except RotationError as error:
        return _failed(error, incoming, caller, app, filters.target or incoming.account)


async def _readers_of(
    app: Rotation, which: str | AccountId, filters: ReadersFilters, incoming: Incoming, caller: Caller
) -> Reply:
    account, target = await find_account(app, which)
    now = app.outside.clock.now()
    answer = await readers_of_one(await rights(), AskedAccount.of(account, target), now, filters.principal)
    page = readers_page_of(answer, target, filters, _around_one(app, target, incoming, caller))
    return page_reply(200, "readers.html", page, page.shell)


async def _readers_of_all(app: Rotation, filters: ReadersFilters, incoming: Incoming, caller: Caller) -> Reply:
    overview, seen = await app.overview(), await (await read_only()).sight.accounts()
    places, now = key_places(overview.rows, seen.accounts), app.outside.clock.now()
    answer = await readers_of_fleet(await rights(), places, now, seen.scope, filters.page)
    answer = answer.with_problems((*overview.problems, *seen.problems))
    around, targets = _around_all(app, overview.rows, incoming, caller), _by_account(overview.rows)
    page = fleet_readers_page_of(answer, targets, filters, around, READERS_ROWS)
    return page_reply(200, "readers_fleet.html", page, page.shell)


async def _copies_of(
    app: Rotation, which: str | AccountId, filters: CopiesFilters, incoming: Incoming, caller: Caller
) -> Reply:
    account, target = await find_account(app, which)
    answer = await copies_of_one(app, await copy_looks(), account, target)
    page = copies_page_of(answer, target, filters, _around_one(app, target, incoming, caller))
    return page_reply(200, "copies.html", page, page.shell)


async def _copies_of_all(app: Rotation, filters: CopiesFilters, incoming: Incoming, caller: Caller) -> Reply:
    overview, seen = await app.overview(), await (await read_only()).sight.accounts()
    looks = await copy_looks()
    answer = await copies_of_fleet(app, looks, overview.rows, seen.accounts, seen.scope, filters.page)
    answer = answer.with_problems((*overview.problems, *seen.problems))
    around, targets = _around_all(app, overview.rows, incoming, caller), _by_account(overview.rows)
    page = fleet_copies_page_of(answer, targets, filters, around, COPIES_ROWS)
    return page_reply(200, "copies_fleet.html", page, page.shell)


def _which(target: str, account: str) -> str | AccountId | None:
    """Return whose keys are asked about. None: those of all accounts. Raises BadRequest, and UnknownTarget for both."""
    if not target and not account:
        return None
    return asked_for(target or BY_ACCOUNT, account)


def _around_one(app: Rotation, target: Target | None, incoming: Incoming, caller: Caller) -> Shell:
    """Return what stands around a page of one account. Asked for by its account, its name may lead to another one."""
    shell = plain_shell(incoming, caller, app)
    if target is None or not incoming.account:
        return shell
    return replace(shell, links=replace(shell.links, disputed=frozenset({target.name.casefold()})))


def _around_all(app: Rotation, rows: Iterable[Row], incoming: Incoming, caller: Caller) -> Shell:
    links = Links.among((one.target for one in rows), links_of(incoming).code)
    return replace(plain_shell(incoming, caller, app), links=links)


def _by_account(rows: Iterable[Row]) -> Mapping[str, Target]:
    return {str(one.target.account).casefold(): one.target for one in rows}


def _failed(error: RotationError, incoming: Incoming, caller: Caller, app: Rotation | None, asked: str) -> Reply:
    """Return a page in place of a view that cannot be shown."""
    log.info("%s", error)
    if app is None or not asked:
        return error_page(error, incoming, caller, app)
    page = missing(error, asked, plain_shell(incoming, caller, app))
    return page_reply(of_error(error).status, "missing.html", page, page.shell, retry_after([error]))
