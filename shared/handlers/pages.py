"""The pages for people, as answers: the overview, and what stands in its place if it cannot be shown.

Only these handlers import the template engine, with the first page that is served.
"""

from __future__ import annotations

import logging
import os

from shared.domain.errors import FixConfiguration, RotationError
from shared.domain.names import LOGGER
from shared.findings.commands import AppName
from shared.findings.gather import gather_shown
from shared.findings.status import status_of
from shared.fleet.rotation import Rotation
from shared.handlers.incoming import Incoming
from shared.web.callers import Caller, Refused
from shared.web.pages.asked_filters import Filters
from shared.web.pages.denied import denied
from shared.web.pages.links import Links
from shared.web.pages.overview import overview_of
from shared.web.pages.render import headers, render
from shared.web.pages.shell import Shell, shell_of
from shared.web.pages.stopped import hidden_by, stopped
from shared.web.responses import Reply, of_error, retry_after
from shared.wiring import rotation, time_for

log = logging.getLogger(LOGGER)
_NOBODY = Caller("", frozenset())


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
    links = Links.among((one.row.target for one in status.targets), _code(incoming))
    shell = shell_of(caller, os.environ, links, facts.now, status)
    page = overview_of(status, facts, Filters.read(incoming.query), shell, AppName.read(os.environ))
    return _page(200, render("overview.html", page=page, shell=page.shell))


def error_page(
    error: RotationError, incoming: Incoming, caller: Caller | None = None, app: Rotation | None = None
) -> Reply:
    """Return an error that hides every target as a page. If settings stop the app, it names all of them."""
    shell = _shell(incoming, caller or _NOBODY, app)
    if isinstance(error, FixConfiguration) and error.each:
        page = stopped(error.each, shell, AppName.read(os.environ))
    else:
        page = hidden_by(error, shell)
    return _page(of_error(error).status, render("stopped.html", page=page, shell=page.shell), retry_after([error]))


def denied_page(refused: Refused, role: str, incoming: Incoming, caller: Caller | None) -> Reply:
    """Return the page for a caller who may not see the overview.

    role: The role that is missing.
    """
    page = denied(refused, caller, role, _shell(incoming, caller or _NOBODY, None))
    return _page(refused.status, render("denied.html", page=page, shell=page.shell))


def _shell(incoming: Incoming, caller: Caller, app: Rotation | None) -> Shell:
    mode = app.settings.mode if app else None
    return shell_of(caller, os.environ, Links(_code(incoming)), time_for(app), mode=mode)


def _code(incoming: Incoming) -> str:
    """Return the function key that the caller sent in the address. Empty if there was none."""
    return incoming.query.get("code", "")


def _page(status: int, text: str, more: dict[str, str] | None = None) -> Reply:
    return Reply(status, text, "text/html", {**headers(), **(more or {})})
