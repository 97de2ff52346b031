"""Answers about readers and copies, and their pages as a browser finds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from lab.simulation.builders import SUBSCRIPTION
from shared.copies.answers import CopiesOfFleet, CopiesOfOne
from shared.copies.kinds import Copied, Copies, CopyFate, LookedAt
from shared.domain.model import AccountId, Target
from shared.readers.answers import ReadersOfFleet, ReadersOfOne
from shared.readers.asked_accounts import AskedAccount
from shared.readers.kinds import Holding, Reader, Readers
from shared.readers.roads import ROADS
from shared.web.pages.auditor.asked import CopiesFilters, ReadersFilters
from shared.web.pages.auditor.copies_view import CopiesPage, copies_page_of
from shared.web.pages.auditor.fleet_copies import fleet_copies_page_of
from shared.web.pages.auditor.fleet_readers import fleet_readers_page_of
from shared.web.pages.auditor.readers_view import ReadersPage, readers_page_of
from shared.web.pages.links import Links
from shared.web.pages.render import render
from shared.web.pages.shell import shell_of
from tests.web.pages.fleets import CALLER, ENVIRONMENT, NOW, a_target
from tests.web.pages.reading import Reader as Browser

CHAT = a_target("chat")
SUB = f"/subscriptions/{SUBSCRIPTION}"
ADA, GROUP, APP = (f"0000000{number}-0000-4000-8000-000000000000" for number in (1, 2, 3))
USER, OPENAI_USER = "Cognitive Services User", "Cognitive Services OpenAI User"
SWAP = ("az role assignment create --role 'Cognitive Services OpenAI User'", "az role assignment delete --ids 1")
HUB = f"{SUB}/resourceGroups/ai/providers/Microsoft.MachineLearningServices/workspaces/hub"
LOOKED = (
    LookedAt("hub-connection", "Connections of hubs and workspaces", 2),
    LookedAt("search", "Azure AI Search", 0, "2 resources refused this app.", unjudged=3),
    LookedAt("laptop", "Laptops and repositories", None, "No call of Azure shows them."),
)


def a_reader(principal: str = ADA, road: str = "list-keys", by: str = USER, **facts: Any) -> Reader:
    """Return a reader of the keys of chat."""
    known = {"name": "", "says": ROADS[road].says, "scope": SUB, "holding": Holding.ACTIVE, "inherited": True, **facts}
    return Reader(principal, known.pop("principal_type", "User"), road=road, by=by, **known)


def of_one(*readers: Reader, could: Sequence[Reader] = (), target: Target | None = CHAT, **facts: Any) -> ReadersOfOne:
    """Return the answer about chat."""
    account = target.account if target else CHAT.account
    not_seen = facts.pop("not_seen", ("members of the group Platform",))
    found = Readers(account, readers, tuple(could), not_seen, facts.pop("problems", ()))
    return ReadersOfOne(NOW, AskedAccount.of(account, target), found, **{"looked": ("roles",), "calls": 7, **facts})


def readers_page(
    answer: ReadersOfOne, whose: Target | None = CHAT, links: Links | None = None, **query: str
) -> ReadersPage:
    """Return the page of an answer, as asked for with this query."""
    around = shell_of(CALLER, ENVIRONMENT, links or Links(), NOW)
    return readers_page_of(answer, whose, ReadersFilters.read(query), around)


def read_readers(
    answer: ReadersOfOne, whose: Target | None = CHAT, links: Links | None = None, **query: str
) -> Browser:
    """Return the page as a browser finds it."""
    page = readers_page(answer, whose, links, **query)
    return Browser(render("readers.html", page=page, shell=page.shell))


def read_all_readers(answer: ReadersOfFleet, targets: Sequence[Target] = (), rows: int = 100, **query: str) -> Browser:
    """Return the page of all accounts as a browser finds it."""
    around = shell_of(CALLER, ENVIRONMENT, Links.among(targets), NOW)
    page = fleet_readers_page_of(answer, _by_account(targets), ReadersFilters.read(query), around, rows)
    return Browser(render("readers_fleet.html", page=page, shell=page.shell))


def a_copy(
    name: str = "azure-openai", fate: CopyFate = CopyFate.BREAKS, days: float | None = 4, **facts: Any
) -> Copied:
    """Return a copy in a hub, which breaks in so many days."""
    when = None if days is None or fate is not CopyFate.BREAKS else NOW + timedelta(days=days)
    says = f"The connection {name} stores a key of the account."
    known = {"place": "hub-connection", "resource": HUB, "says": says, "move": "Use an identity.", "when": when}
    return Copied(**{"name": name, "fate": fate, **known, **facts})


def copies_of(*copies: Copied, target: Target | None = CHAT, **facts: Any) -> CopiesOfOne:
    """Return the answer about the copies of chat's keys."""
    account = facts.pop("account", target.account if target else CHAT.account)
    return CopiesOfOne(NOW, target.name if target else "", Copies(account, copies, LOOKED, 12, **facts))


def copies_page(
    answer: CopiesOfOne, whose: Target | None = CHAT, links: Links | None = None, **query: str
) -> CopiesPage:
    """Return the page of an answer, as asked for with this query."""
    around = shell_of(CALLER, ENVIRONMENT, links or Links(), NOW)
    return copies_page_of(answer, whose, CopiesFilters.read(query), around)


def read_copies(answer: CopiesOfOne, whose: Target | None = CHAT, links: Links | None = None, **query: str) -> Browser:
    """Return the page as a browser finds it."""
    page = copies_page(answer, whose, links, **query)
    return Browser(render("copies.html", page=page, shell=page.shell))


def read_all_copies(answer: CopiesOfFleet, targets: Sequence[Target] = (), rows: int = 100, **query: str) -> Browser:
    """Return the page of all accounts as a browser finds it."""
    around = shell_of(CALLER, ENVIRONMENT, Links.among(targets), NOW)
    page = fleet_copies_page_of(answer, _by_account(targets), CopiesFilters.read(query), around, rows)
    return Browser(render("copies_fleet.html", page=page, shell=page.shell))


def _by_account(targets: Sequence[Target]) -> Mapping[str, Target]:
    return {str(one.account).casefold(): one for one in targets}


def some_accounts(number: int) -> list[AccountId]:
    """Return so many accounts."""
    return [replace(CHAT.account, name=f"app-{at}") for at in range(number)]
