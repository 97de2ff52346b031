"""What the way-out view is asked to show. The address is the state, as on the overview.

An unknown parameter is ignored. A value that means nothing is answered with a remark, never with an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from shared.domain.readiness import Stage, Verdict
from shared.domain.text import plain
from shared.readiness.kinds import Entry
from shared.web.pages.asked_filters import LONGEST, NOBODY, one_of, page_number
from shared.web.pages.way_out.fleet_callers import called_by

WEEKS = ("12", "26", "52")  # how many the chart can show, the usual number first
_NARROWING = ("q", "owner", "stage", "verdict", "caller")


class WayOutSort(StrEnum):
    """How the table of accounts is sorted. The words are public."""

    CALLS = "calls"
    NAME = "name"
    STAGE = "stage"
    LAST = "last"


@dataclass(frozen=True)
class WayOutFilters:
    """What the view is asked to show. An empty text filters nothing.

    q: A part of a name, an account, a resource group or an owner.
    owner: An owner. `-`: the accounts without one.
    stage: How far an account is, by its public word.
    verdict: Whether an account can do without keys, by its public word.
    caller: Who calls with a key, as the table of callers names it.
    sort: How the table of accounts is sorted.
    page: The page of that table, from 1.
    weeks: How many weeks the chart shows, one of WEEKS.
    remarks: What could not be understood, as sentences.
    """

    q: str = ""
    owner: str = ""
    stage: str = ""
    verdict: str = ""
    caller: str = ""
    sort: WayOutSort = WayOutSort.CALLS
    page: int = 1
    weeks: str = WEEKS[0]
    remarks: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def read(cls, query: Mapping[str, str]) -> WayOutFilters:
        """Return what the parameters of an address ask for."""
        q, owner, caller = (plain(query.get(name, ""))[:LONGEST] for name in ("q", "owner", "caller"))
        remarks: list[str] = []
        stage, verdict = one_of(Stage, "stage", query, remarks), one_of(Verdict, "verdict", query, remarks)
        sort = WayOutSort(one_of(WayOutSort, "sort", query, remarks) or WayOutSort.CALLS)
        weeks = query.get("weeks", "")
        return cls(
            q,
            owner,
            stage,
            verdict,
            caller,
            sort,
            page_number(query.get("page", "")),
            weeks if weeks in WEEKS else WEEKS[0],
            tuple(remarks),
        )

    @property
    def narrowing(self) -> dict[str, str]:
        """The parameters that leave something out."""
        return {name: value for name in _NARROWING if (value := str(getattr(self, name)))}

    @property
    def narrows(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.narrowing)

    def but(self, **changed: str) -> dict[str, str]:
        """Return the parameters of an address that shows the same with some changed, from the first page on."""
        same = dict(self.narrowing)
        same |= {"sort": str(self.sort)} if self.sort is not WayOutSort.CALLS else {}
        same |= {"weeks": self.weeks} if self.weeks != WEEKS[0] else {}
        return {name: value for name, value in (same | changed).items() if value}

    def without_stage(self) -> WayOutFilters:
        """Return the same for accounts at any stage."""
        return replace(self, stage="")

    def fits(self, entry: Entry) -> bool:
        """Return whether an account is to be shown."""
        return (
            self.stage in ("", entry.readiness.stage)
            and self.verdict in ("", entry.readiness.verdict)
            and (not self.owner or self.owner.casefold() == (entry.owner or NOBODY).casefold())
            and (not self.caller or called_by(entry, self.caller))
            and self._found_in(entry)
        )

    def _found_in(self, entry: Entry) -> bool:
        words = (entry.name, entry.owner or "", str(entry.account))
        return not self.q or any(self.q.casefold() in word.casefold() for word in words)


def asked_for_in_words(filters: WayOutFilters) -> str:
    """Return what a page is filtered by: "ready, owner docs-team". Empty if it is not filtered."""
    said = [f"“{filters.q}”"] if filters.q else []
    said += [Stage(filters.stage).words] if filters.stage else []
    said += [Verdict(filters.verdict).value.replace("-", " ")] if filters.verdict else []
    said += ["no owner"] if filters.owner == NOBODY else [f"owner {filters.owner}"] if filters.owner else []
    said += [f"called by {filters.caller}"] if filters.caller else []
    return ", ".join(said)
