"""What stands around the content of every page: the bar above, the footer below, the title and the icon of the tab."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from shared.findings.states import State
from shared.findings.status import Status
from shared.findings.verdict import Tone
from shared.settings.environment import Mode
from shared.version import VERSION, commit
from shared.web.callers import Caller, Role
from shared.web.pages.links import Links
from shared.web.sign_in import platform_authenticates

PRODUCT = "Key rotation"
# What each state means, in one sentence, as the legend of every page says it.
WORDS = {
    State.ACTION: "A person must act, or something breaks or stays undone.",
    State.UNKNOWN: "It cannot be read. It is shown as it was known last.",
    State.ATTENTION: "Nothing to do yet. Look at it.",
    State.OBSERVING: "The app plans and changes nothing.",
    State.WAITING: "Something is due, and held for a reason that ends by itself.",
    State.ROTATING: "Two keys work until the announced end of the old one, or a turn runs.",
    State.HEALTHY: "One key works, and the next date is known.",
    State.KEYLESS: "The account accepts no keys: the goal.",
}
VIOLET = "violet"  # the colour of the way-out view, which is about progress and not about what needs doing
# The icon of the tab: a disc in the colour of the sentence, with a mark that needs no colour.
_DISCS: Mapping[str, tuple[str, str]] = {
    Tone.RED: ("a31f18", "M16 8v10M16 23v1"),
    Tone.AMBER: ("7d4400", "M16 8v10M16 23v1"),
    Tone.TEAL: ("0e5863", "M9 16h14"),
    Tone.PLAIN: ("4a5460", "M9 16h14"),
    Tone.GREEN: ("12663a", "M9 17l5 5 9-11"),
    VIOLET: ("56318c", "M9 23L21 11M15 11h6v6"),
}


@dataclass(frozen=True)
class Shell:
    """What every page shows around its content.

    now: The time, in UTC.
    links: Makes the addresses.
    tone: The colour of the page's sentence: how grave it is, or VIOLET. The icon of the tab has it, too.
    title: What the page says, in some words, for the title of the tab.
    environment: The name of the function app. Empty if it is not known.
    mode: `rotate` or `observe`. Empty if the settings are invalid.
    checked_at: When the last check began, in UTC. None if that is not known.
    caller: Who is signed in. Empty if nobody is, or if callers bring a function key.
    role: The roles of the caller, in words. Empty without a caller.
    again: The address of this page.
    json: The address of the same as JSON.
    runbook: Where people read the runbook. Empty if no setting says it.
    version: The app's version, with the commit that it was built from if that is known.
    refreshes: Whether a script may load the page again by itself. Never for a page with a form that acts, nor for one
        target's page: each view of that reads the account's keys, which Azure limits.
    here: Which of the views it is that the bar links to: `overview`, `way-out`, `readers`, `copies`, or `target` for
        one that is below the overview. Empty: the bar has no links, as on a page that takes the place of another.
    audits: Whether the caller may see who can read keys and where copies lie: the bar then links to those views.
    """

    now: datetime
    links: Links
    tone: str = Tone.PLAIN
    title: str = ""
    environment: str = ""
    mode: str = ""
    checked_at: datetime | None = None
    caller: str = ""
    role: str = ""
    again: str = "/api/status"
    json: str = "/api/targets"
    runbook: str = ""
    version: str = VERSION
    refreshes: bool = False
    here: str = ""
    audits: bool = False

    @property
    def tab(self) -> str:
        """The title of the tab."""
        return f"{self.title} · {PRODUCT}" if self.title else PRODUCT

    @property
    def icon(self) -> str:
        """The icon of the tab, as the address of an image that needs no request."""
        colour, mark = _DISCS[self.tone]
        disc = f"<circle cx='16' cy='16' r='16' fill='#{colour}'/>"
        drawn = f"<path d='{mark}' fill='none' stroke='white' stroke-width='4' stroke-linecap='round'/>"
        svg = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'>{disc}{drawn}</svg>"
        return f"data:image/svg+xml,{quote(svg)}"

    @property
    def words(self) -> Mapping[State, str]:
        """What each state means."""
        return WORDS


def shell_of(
    caller: Caller,
    environment: Mapping[str, str],
    links: Links,
    now: datetime,
    status: Status | None = None,
    mode: Mode | None = None,
) -> Shell:
    """Return what stands around a page.

    caller: Who asks for it.
    environment: The environment of the app.
    status: What is known of the fleet. None if nothing is.
    mode: Whether the app acts, if `status` does not say it. None if that is not known.
    """
    mode = status.mode if status else mode
    signed_in = platform_authenticates(environment)
    return Shell(
        now=now,
        links=links,
        environment=environment.get("WEBSITE_SITE_NAME", "").strip(),
        mode=str(mode or ""),
        checked_at=status.checks.last_at if status and status.checks else None,
        caller=caller.name if signed_in else "",
        role=roles_in_words(caller) if signed_in else "",
        again=links.overview(),
        json=links.json(),
        runbook=_https(environment.get("ROTATION_RUNBOOK_URL", "")),
        version=f"{VERSION} ({built[:7]})" if (built := commit()) else VERSION,
        audits=caller.may(Role.AUDITOR),
    )


def _https(address: str) -> str:
    """Return an address if it is one. With invalid settings, which a page names, any text may stand there."""
    return address.strip().rstrip("/") if address.strip().startswith("https://") else ""


def roles_in_words(caller: Caller) -> str:
    """Return the caller's roles of this app, or that there is none."""
    held = [str(one) for one in Role if one in caller.roles]
    return ", ".join(held) or "no role"
