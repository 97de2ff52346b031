"""Pages as answers: what every one of them has around its content, and its headers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from shared.fleet.rotation import Rotation
from shared.handlers.incoming import Incoming
from shared.web.callers import Caller
from shared.web.pages.links import Links
from shared.web.pages.render import headers, render
from shared.web.pages.shell import Shell, shell_of
from shared.web.responses import Reply
from shared.web.sign_in import platform_authenticates
from shared.wiring import time_for

NOBODY = Caller("", frozenset())


def page_reply(status: int, template: str, page: object, shell: Shell, more: Mapping[str, str] | None = None) -> Reply:
    """Return a page as an answer.

    page: What the template shows.
    shell: What stands around it.
    more: More headers.
    """
    text = render(template, page=page, shell=shell)
    return Reply(status, text, "text/html", {**headers(), **(more or {})})


def plain_shell(
    incoming: Incoming, caller: Caller | None, app: Rotation | None = None, now: datetime | None = None
) -> Shell:
    """Return what stands around a page that shows no fleet. Who has no role is told neither version nor app."""
    mode = app.settings.mode if app else None
    shell = shell_of(caller or NOBODY, os.environ, links_of(incoming), now or time_for(app), mode=mode)
    return shell if caller and caller.roles else replace(shell, version="", environment="")


def links_of(incoming: Incoming) -> Links:
    """Return what makes the addresses of a page. They carry the function key on that came in the address.

    Where callers sign in, no key is needed, so an old one in the address is not passed on.
    """
    return Links("" if platform_authenticates(os.environ) else incoming.query.get("code", ""))
