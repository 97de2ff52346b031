"""What the overview is asked to show. The address is the state: a filtered page can be bookmarked and sent to others.

An unknown parameter is ignored. A value that means nothing is answered with a remark, never with an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum

from shared.domain.model import Target
from shared.domain.text import plain
from shared.findings.codes import Code
from shared.findings.states import State
from shared.findings.status import TargetStatus

NOBODY = "-"  # as an owner: the targets without one
LONGEST = 200  # characters of a value
NARROWING = ("q", "owner", "state", "group", "subscription", "finding")  # the parameters that leave something out
OF_TARGETS = ("q", "owner", "group", "subscription")  # those that do not ask how a target is
_MOST_PAGES = 10**6


class Sort(StrEnum):
    """How the table is sorted. The words are public."""

    SOONEST = "soonest"
    NAME = "name"
    STATE = "state"
    OWNER = "owner"


@dataclass(frozen=True)
class Filters:
    """What the overview is asked to show. An empty text filters nothing.

    q: A part of a name, an account, a resource group or an owner.
    owner: An owner. `-`: the targets without one.
    state: A state, by its public word.
    group: A resource group.
    subscription: The id of a subscription.
    finding: A kind of finding, by its public word.
    sort: How the table is sorted.
    page: The page of the table, from 1.
    remarks: What could not be understood, as sentences.
    """

    q: str = ""
    owner: str = ""
    state: str = ""
    group: str = ""
    subscription: str = ""
    finding: str = ""
    sort: Sort = Sort.SOONEST
    page: int = 1
    remarks: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Filters:
        """Return what the parameters of an address ask for."""
        text = {name: plain(query.get(name, ""))[:LONGEST] for name in ("q", "owner", "group", "subscription")}
        remarks: list[str] = []
        state = one_of(State, "state", query, remarks)
        finding = one_of(Code, "finding", query, remarks)
        sort = Sort(one_of(Sort, "sort", query, remarks) or Sort.SOONEST)
        page = page_number(query.get("page", ""))
        return cls(**text, state=state, finding=finding, sort=sort, page=page, remarks=tuple(remarks))

    @property
    def narrows(self) -> bool:
        """Whether it leaves anything out."""
        return any(self.narrowing.values())

    @property
    def narrowing(self) -> dict[str, str]:
        """The parameters that leave something out."""
        given = asdict(self)
        return {
            name: given[name] for name in ("q", "owner", "state", "group", "subscription", "finding") if given[name]
        }

    @property
    def of_targets(self) -> dict[str, str]:
        """The parameters that choose targets whatever their state is. Calendar and list of deadlines take them, too."""
        return {name: value for name, value in self.narrowing.items() if name in OF_TARGETS}

    @property
    def address(self) -> dict[str, str]:
        """The parameters that an address needs to show the same again, from the first page on."""
        return self.narrowing | ({"sort": str(self.sort)} if self.sort is not Sort.SOONEST else {})

    def but(self, **changed: str) -> dict[str, str]:
        """Return the parameters with some changed, from the first page on."""
        return {name: value for name, value in (self.address | changed).items() if value}

    def without_state(self) -> Filters:
        """Return the same for targets in any state."""
        return replace(self, state="")

    def fits(self, one: TargetStatus) -> bool:
        """Return whether a target is to be shown."""
        return (
            self.state in ("", one.state)
            and (not self.finding or any(found.code == self.finding for found in one.findings))
            and self.fits_target(one.row.target)
        )

    def fits_target(self, target: Target) -> bool:
        """Return whether a target fits, whatever its state and its findings are."""
        return (
            (not self.owner or _same(self.owner, target.owner or NOBODY))
            and (not self.group or _same(self.group, target.account.group))
            and (not self.subscription or _same(self.subscription, target.account.subscription))
            and self._found_in(target)
        )

    def _found_in(self, target: Target) -> bool:
        words = (target.name, target.account.name, target.account.group, target.owner or "", str(target.account))
        return any(self.q.casefold() in word.casefold() for word in words)


def _same(asked: str, there: str) -> bool:
    return asked.casefold() == there.casefold()


def one_of(words: type[StrEnum], name: str, query: Mapping[str, str], remarks: list[str]) -> str:
    """Return the word that a parameter names. Empty if it names none; a remark then says which there are."""
    asked = plain(query.get(name, ""))[:LONGEST].casefold().replace(" ", "-")
    if not asked or asked in list(words):
        return asked
    known = f" There are {', '.join(words)}." if len(words) < 10 else ""
    remarks.append(f"“{asked[:60]}” is no {name}, so it is left out.{known}")
    return ""


def page_number(text: str) -> int:
    """Return the number of a page; the first one for anything that is no number."""
    return min(max(int(text), 1), _MOST_PAGES) if text.isascii() and text.isdigit() and len(text) < 8 else 1
