"""What is to do and to watch, as cards: what it is, what follows from it, why, since when, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.domain.model import Target
from shared.domain.relative import counted
from shared.findings.codes import Code, Urgency
from shared.findings.commands import AppName, commands_for
from shared.findings.kinds import Finding
from shared.findings.status import Group, Status
from shared.web.pages.links import Links, mail, portal

MOST_CARDS = 12  # in a panel; a page stays readable, and the rest is counted
MOST_NAMED = 20  # targets and causes in a card
MOST_COMMANDS = 5  # in a card


@dataclass(frozen=True)
class Named:
    """A target in a card.

    name: Its name.
    link: The address of its page.
    owner: Its owner. Empty without one.
    mail: The address to write to the owner. Empty if that is not known.
    """

    name: str
    link: str
    owner: str
    mail: str


@dataclass(frozen=True)
class Card:
    """Equal findings as one card.

    code: The kind of finding, which the runbook has an entry for.
    graver: Whether it is to do, and not only to watch.
    about: What it is about in words: a name, or a number of targets. Empty if the title says it all.
    link: The address of the target, if it is about one. Empty otherwise.
    title: What it is.
    falls_at: When something ends because of it, in UTC. None if nothing does.
    since: Since when it is so, in UTC. None if that is not known, or if something ends at a known time.
    consequence: What follows from it, as a sentence.
    causes: Why, as sentences.
    steps: What to do, as phrases. A step that is only a command stands in `commands` alone.
    commands: Commands to copy.
    targets: The targets that it is about, if there are several, or the owner of one has an address.
    more: How many further targets are left out.
    more_commands: Whether commands are left out.
    owner: The owner of the one target that it is about. Empty otherwise.
    mail: The address to write to that owner. Empty if that is not known.
    portal: The address of the account in the portal. Empty unless it is about one account.
    in_table: The address that shows these targets in the table. Empty if it is about none or one.
    """

    code: Code
    graver: bool
    about: str
    link: str
    title: str
    falls_at: datetime | None
    since: datetime | None
    consequence: str
    causes: tuple[str, ...]
    steps: tuple[str, ...]
    commands: tuple[str, ...]
    targets: tuple[Named, ...]
    more: int
    more_commands: bool
    owner: str
    mail: str
    portal: str
    in_table: str


@dataclass(frozen=True)
class Cards:
    """Makes cards of groups of findings.

    links: Makes the addresses.
    app: How Azure calls the function app.
    known: The targets by the ids of their accounts, in lower case.
    explicit: The ids of the accounts that ROTATION_TARGETS lists, in lower case. Tags do not change those.
    filters: The parameters of the address that filter the page.
    """

    links: Links
    app: AppName
    known: Mapping[str, Target]
    explicit: frozenset[str] = frozenset()
    filters: Mapping[str, str] | None = None

    @classmethod
    def of(
        cls, status: Status, links: Links, app: AppName, explicit: Iterable[Target], filters: Mapping[str, str]
    ) -> Cards:
        """Return what makes the cards of this part of a fleet."""
        known = {str(one.row.target.account).casefold(): one.row.target for one in status.targets}
        return cls(links, app, known, frozenset(str(one.account).casefold() for one in explicit), filters)

    def of_groups(self, groups: list[Group]) -> tuple[Card, ...]:
        """Return the cards of the first of these groups."""
        return tuple(map(self.card, groups[:MOST_CARDS]))

    def card(self, group: Group) -> Card:
        """Return the card of a group."""
        first, targets = group.first, self._targets(group)
        only = targets[0] if len(targets) == len(group.targets) == 1 else None
        about = only.name if only else _about(group)
        commands = list(dict.fromkeys(line for one in group.findings for line in self._commands(one)))
        account = str(only.account) if only else first.account if len(group.targets) == 1 else ""
        return Card(
            code=group.code,
            graver=first.urgency is Urgency.TO_DO,
            about=about,
            link=self.links.target(only) if only else "",
            title=first.meaning.title if about else f"{first.meaning.title[:1].upper()}{first.meaning.title[1:]}",
            falls_at=first.at,
            since=None if first.at else first.since,
            consequence=first.meaning.consequence,
            causes=tuple(group.causes[:MOST_NAMED]),
            steps=tuple(_step(one, first) for one in group.next_steps[:3] if not _is_command(one)),
            commands=tuple(commands[:MOST_COMMANDS]),
            targets=() if only else tuple(self._named(one) for one in targets[:MOST_NAMED]),
            more=max(0, len(targets) - MOST_NAMED),
            more_commands=len(commands) > MOST_COMMANDS,
            owner=only.owner or "" if only else "",
            mail=mail(only.owner) if only else "",
            portal=portal(account) if account else "",
            in_table="" if only or not targets else self._in_table(group.code),
        )

    def _targets(self, group: Group) -> list[Target]:
        found = (self.known.get(one.account.casefold()) for one in group.findings if one.account)
        unique = {str(one.account).casefold(): one for one in found if one is not None}
        return sorted(unique.values(), key=lambda one: one.name)

    def _commands(self, finding: Finding) -> tuple[str, ...]:
        account = finding.account.casefold()
        return commands_for(finding, self.known.get(account), self.app, tagged=account not in self.explicit)

    def _named(self, target: Target) -> Named:
        return Named(target.name, self.links.target(target), target.owner or "", mail(target.owner))

    def _in_table(self, code: Code) -> str:
        kept = {name: value for name, value in (self.filters or {}).items() if name != "state"}
        return f"{self.links.overview(**kept | {'finding': str(code)})}#targets"


@dataclass(frozen=True)
class Panel:
    """Cards under one head.

    cards: The cards, the most urgent first.
    more: How many groups of findings are left out.
    targets: How many targets the whole panel is about.
    things: How many groups of findings there are.
    """

    cards: tuple[Card, ...]
    more: int
    targets: int
    things: int


def panel_of(cards: Cards, groups: list[Group], status: Status) -> Panel:
    """Return the cards of these groups of findings under one head."""
    shown = cards.of_groups(groups)
    return Panel(shown, max(0, len(groups) - MOST_CARDS), status.affected(groups), len(groups))


def _about(group: Group) -> str:
    """Return what a group of no single target is about: a number of targets, or the end of a resource id. Empty if it
    is about the checks of the app."""
    targets = group.targets
    if group.code is Code.CHECKS_LATE:
        return ""
    if len(targets) > 1:
        return counted(len(targets), "target" if any(one.account for one in group.findings) else "thing")
    return targets[0].rpartition("/")[2] or targets[0]


def _is_command(step: str) -> bool:
    """Return whether a next step is nothing but a command, which the card shows as a command."""
    return step.startswith("python -m cli ") and ";" not in step and " shows " not in step


def _step(step: str, first: Finding) -> str:
    """Return a next step as a sentence, with the target's name where the step says NAME."""
    said = step.replace("NAME", first.target) if not first.target.startswith("/") else step
    begins = said[:1] if said.startswith("python ") else said[:1].upper()
    return f"{begins}{said[1:].removesuffix('.')}."
