"""The pages that show: the overview, one target, and what stands in their place if they cannot be shown.

Only these handlers and those that act import the template engine, with the first page that is served.
"""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from urllib.parse import urlencode

from shared.domain.errors import FixConfiguration, RotationError
from shared.domain.names import LOGGER
from shared.findings.commands import AppName
from shared.findings.gather import gather_shown
from shared.findings.status import status_of
from shared.fleet.rotation import Rotation
from shared.handlers.incoming import Incoming
from shared.handlers.one_target import look_at
from shared.handlers.page_replies import links_of, page_reply, plain_shell
from shared.readiness.weeks import load_weeks
from shared.web.callers import Caller, Refused
from shared.web.pages.asked_filters import Filters
from shared.web.pages.denied import denied
from shared.web.pages.links import Links
from shared.web.pages.missing import missing
from shared.web.pages.overview import overview_of
from shared.web.pages.shell import shell_of
from shared.web.pages.stopped import hidden_by, stopped
from shared.web.pages.target import target_page_of
from shared.web.pages.way_out.asked import WayOutFilters
from shared.web.pages.way_out.view import way_out_of
from shared.web.responses import Reply, of_error, retry_after
from shared.wiring import rotation

log = logging.getLogger(LOGGER)


async def overview_page(incoming: Incoming, caller: Caller) -> Reply:
    """Return the overview, made of what the last check left. An error is answered with a page as well."""
    app: Rotation | None = None
    try:
        app = await rotation()
        facts, findings = await gather_shown(app)
    except RotationError as error:
        log.warning("%s", error)
        return error_page(error, incoming, caller, app)
    status = status_of(facts, findings)
    links = Links.among((one.row.target for one in status.targets), links_of(incoming).code)
    shell = shell_of(caller, os.environ, links, facts.now, status)
    page = overview_of(status, facts, Filters.read(incoming.query), shell, AppName.read(os.environ))
    return page_reply(200, "overview.html", page, page.shell)


async def way_out_page(incoming: Incoming, caller: Caller) -> Reply:
    """Return the way-out view, made of the survey of readiness that is kept. It asks no logs."""
    app: Rotation | None = None
    try:
        app = await rotation()
        facts, findings = await gather_shown(app)
        weeks = await load_weeks(app.outside.weeks)
    except RotationError as error:
        log.warning("%s", error)
        return error_page(error, incoming, caller, app)
    status = status_of(facts, findings)
    links = Links.among((one.row.target for one in status.targets), links_of(incoming).code)
    around = shell_of(caller, os.environ, links, facts.now, status)
    page = way_out_of(facts, weeks, WayOutFilters.read(incoming.query), around, AppName.read(os.environ))
    return page_reply(200, "way_out.html", page, page.shell)


async def target_page(incoming: Incoming, caller: Caller) -> Reply:
    """Return the page of one target, or why there is none. With invalid settings, it says what stops the app."""
    app: Rotation | None = None
    try:
        app = await rotation()
        seen = await look_at(app, incoming.which)
    except RotationError as error:
        if app is None:
            return error_page(error, incoming, caller)
        log.info("%s", error)
        page = missing(error, incoming.asked, plain_shell(incoming, caller, app))
        return page_reply(of_error(error).status, "missing.html", page, page.shell, retry_after([error]))
    status, links = status_of(seen.facts, ()), links_of(incoming)
    if incoming.account:  # the name may lead to another one
        links = replace(links, disputed=frozenset({seen.row.target.name.casefold()}))
    shell = shell_of(caller, os.environ, links, seen.facts.now, status)
    shown = target_page_of(seen, caller, shell, os.environ)
    return page_reply(200, "target.html", shown, shown.shell)


def error_page(
    error: RotationError, incoming: Incoming, caller: Caller | None = None, app: Rotation | None = None
) -> Reply:
    """Return an error that hides every target as a page. If settings stop the app, it names all of them."""
    shell = plain_shell(incoming, caller, app)
    if isinstance(error, FixConfiguration) and error.each:
        page = stopped(error.each, shell, AppName.read(os.environ))
    else:
        page = hidden_by(error, shell)
    return page_reply(of_error(error).status, "stopped.html", page, page.shell, retry_after([error]))


def denied_page(refused: Refused, role: str, incoming: Incoming, caller: Caller | None, path: str) -> Reply:
    """Return the page for a caller who may not see the page.

    role: The role that is missing.
    path: The path that was asked for. A sign-in leads back there, with all parameters but a function key.
    """
    asked = urlencode({name: value for name, value in incoming.query.items() if name != "code"})
    shell = replace(plain_shell(incoming, caller), again=f"{path}?{asked}" if asked else path)
    page = denied(refused, caller, role, shell)
    return page_reply(refused.status, "denied.html", page, page.shell)
