"""What the pages for auditors are asked to show. The address is the state, as on the overview.

An unknown parameter is ignored. A value that means nothing is answered with a remark, never with an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from shared.copies.kinds import CopyFate
from shared.domain.text import plain, quotable
from shared.web.asked import is_object_id
from shared.web.pages.asked_filters import LONGEST, one_of, page_number


class Part(StrEnum):
    """What somebody can do. The words are public."""

    KEYS = "keys"
    COPIES = "copies"
    COULD = "could"


@dataclass(frozen=True)
class ReadersFilters:
    """What the view of readers is asked to show. An empty text filters nothing.

    target, account: Whose readers: the name of a target, or the resource id of its account. Both empty: all targets'.
    principal: The object id of the one person, group or app that is asked about, in lower case.
    part: What somebody can do, by its public word.
    q: A part of a name, an object id, a role or a scope.
    page: The page of the rows, from 1.
    remarks: What could not be understood, as sentences.
    """

    target: str = ""
    account: str = ""
    principal: str = ""
    part: str = ""
    q: str = ""
    page: int = 1
    remarks: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def read(cls, query: Mapping[str, str]) -> ReadersFilters:
        """Return what the parameters of an address ask for."""
        remarks: list[str] = []
        principal, part = _object_id(query, remarks), one_of(Part, "part", query, remarks)
        page = page_number(query.get("page", ""))
        return cls(*_which(query), principal, part, _text(query, "q"), page, tuple(remarks))

    @property
    def narrowing(self) -> dict[str, str]:
        """The parameters that leave rows out."""
        return _given(part=self.part, q=self.q)

    def but(self, **changed: str) -> dict[str, str]:
        """Return the parameters beside the target that show the same with some changed, from the first page on."""
        return _given(**({"principal": self.principal} | self.narrowing | changed))


@dataclass(frozen=True)
class CopiesFilters:
    """What the view of copies is asked to show. An empty text filters nothing.

    target, account: As in `ReadersFilters`.
    fate: What happens to a copy, by its public word.
    q: A part of a name, a resource id or a kind of place.
    page: The page of the rows, from 1.
    remarks: What could not be understood, as sentences.
    """

    target: str = ""
    account: str = ""
    fate: str = ""
    q: str = ""
    page: int = 1
    remarks: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def read(cls, query: Mapping[str, str]) -> CopiesFilters:
        """Return what the parameters of an address ask for."""
        remarks: list[str] = []
        fate = one_of(CopyFate, "fate", query, remarks)
        return cls(*_which(query), fate, _text(query, "q"), page_number(query.get("page", "")), tuple(remarks))

    @property
    def narrowing(self) -> dict[str, str]:
        """The parameters that leave rows out."""
        return _given(fate=self.fate, q=self.q)

    def but(self, **changed: str) -> dict[str, str]:
        """Return the parameters beside the target that show the same with some changed, from the first page on."""
        return _given(**(self.narrowing | changed))


def _which(query: Mapping[str, str]) -> tuple[str, str]:
    return _text(query, "target"), plain(query.get("account", ""))


def _text(query: Mapping[str, str], name: str) -> str:
    return plain(query.get(name, ""))[:LONGEST]


def _object_id(query: Mapping[str, str], remarks: list[str]) -> str:
    asked = _text(query, "principal")
    if not asked or is_object_id(asked):
        return asked.lower()
    remarks.append(
        f"“{quotable(asked)[:60]}” is no object id, so nobody was asked about. Microsoft Entra ID shows the object id "
        "of a person, a group or an app: a GUID."
    )
    return ""


def _given(**parameters: str) -> dict[str, str]:
    return {name: value for name, value in parameters.items() if value}
