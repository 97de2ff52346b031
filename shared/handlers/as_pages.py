"""The doors to the pages for people. The first request for a page imports them, with the template engine.

So no turn, no check and no call of the API pays for that.
"""

from __future__ import annotations

from urllib.parse import quote

from shared.domain.errors import RotationError
from shared.handlers.incoming import Incoming
from shared.web.callers import Caller, Refused
from shared.web.responses import Reply
from shared.web.routes import Route


async def status_page(incoming: Incoming, caller: Caller) -> Reply:
    """Return the overview. Errors are answered with a page as well."""
    from shared.handlers.pages import overview_page

    return await overview_page(incoming, caller)


async def way_out_page(incoming: Incoming, caller: Caller) -> Reply:
    """Return the way-out view. Errors are answered with a page as well."""
    from shared.handlers import pages

    return await pages.way_out_page(incoming, caller)


async def readers_page(incoming: Incoming, caller: Caller) -> Reply:
    """Return who can read keys. Errors are answered with a page as well."""
    from shared.handlers import auditor_pages

    return await auditor_pages.readers_page(incoming, caller)


async def copies_page(incoming: Incoming, caller: Caller) -> Reply:
    """Return where copies of keys lie. Errors are answered with a page as well."""
    from shared.handlers import auditor_pages

    return await auditor_pages.copies_page(incoming, caller)


async def target_page(incoming: Incoming, caller: Caller) -> Reply:
    """Return the page of one target."""
    from shared.handlers import pages

    return await pages.target_page(incoming, caller)


async def show_act_page(incoming: Incoming, caller: Caller) -> Reply:
    """Return the form of an act with its dry run."""
    from shared.handlers.acting import show_act

    return await show_act(incoming, caller)


async def act_page(incoming: Incoming, caller: Caller) -> Reply:
    """Carry out an act whose form was sent, and return what became of it."""
    from shared.handlers.acting import act

    return await act(incoming, caller)


def for_people(route: Route, incoming: Incoming, caller: Caller | None, reply: Reply) -> Reply:
    """Return the answer, as a page if the route is one."""
    if not route.page or reply.kind == "text/html":
        return reply
    from shared.handlers.act_pages import problem_page

    return problem_page(incoming, caller, reply)


def denied(refused: Refused, route: Route, incoming: Incoming, caller: Caller | None) -> Reply:
    """Return the page for a caller who may not see this one. A sign-in leads back to it."""
    from shared.handlers.pages import denied_page

    path = route.path.format(name=quote(incoming.name, safe=""), act=quote(incoming.act, safe=""), id="")
    return denied_page(refused, route.role_of(incoming.method) or "", incoming, caller, f"/api/{path}")


def failed(error: RotationError, incoming: Incoming) -> Reply:
    """Return an error that hides every target as a page."""
    from shared.handlers.pages import error_page

    return error_page(error, incoming)
