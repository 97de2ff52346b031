"""The panel of one target's page that leads to who can read its keys and where copies lie. It asks Azure nothing."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from shared.domain.model import Target
from shared.web.callers import Caller, Role
from shared.web.pages.links import Links
from shared.web.sign_in import platform_authenticates

_NOBODY_SIGNS_IN = (
    "Only somebody who is signed in may see this, and callers of this app show a function key. Ask at a terminal with "
    "rights of your own, or let callers sign in (docs/deploy.md, Who may call it)."
)


@dataclass(frozen=True)
class AuditLink:
    """A view to go to: its name, its address, and what it shows, as a sentence."""

    name: str
    link: str
    says: str


@dataclass(frozen=True)
class AuditPanel:
    """The panel.

    views: The views. Empty for a caller who may not see them.
    why_not: Why there are none, as a sentence. Empty if there are some.
    commands: Commands that show the same at a terminal, for a caller without the views.
    """

    views: tuple[AuditLink, ...] = ()
    why_not: str = ""
    commands: tuple[str, ...] = ()


def audit_panel_of(
    target: Target, caller: Caller, links: Links, environment: Mapping[str, str], named: str = ""
) -> AuditPanel:
    """Return what the page of a target shows of the views for auditors.

    caller: Who looks at the page.
    environment: The environment of the app.
    named: How a command names the target. Empty: by its name.
    """
    if caller.may(Role.AUDITOR):
        readers = "Every person, group and app whose rights lead to a key, by which role, and the role to use instead."
        copies = "Connections, settings and other places that hold a key, what breaks when, and how to move it."
        return AuditPanel(
            (
                AuditLink("Who can read the keys", links.readers(target), readers),
                AuditLink("Where copies lie", links.copies(target), copies),
            )
        )
    name = named or shlex.quote(target.name)
    why = f"To see it, {caller.name} needs the role {Role.AUDITOR}. Ask who gives out this app's roles."
    return AuditPanel(
        why_not=why if platform_authenticates(environment) else _NOBODY_SIGNS_IN,
        commands=(f"python -m cli readers {name}", f"python -m cli copies {name}"),
    )
