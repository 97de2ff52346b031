"""What is found in resources, before it is known whose key it is. No member of it can hold a key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

type HolderEntry = Mapping[str, Any]  # the kept members of an entry, as `shared/adapters/copies_table.py` names them


@dataclass(frozen=True)
class Trace:
    """Something that stores a key, or refers to a secret. One that names neither account nor secret cannot be judged.

    resource: The resource id of what holds it.
    name: Its name there.
    what: What it is, as the start of a sentence: "The connection chat".
    label: The custom subdomain of the account whose key it stores, in lower case. Empty if it names none.
    account: The resource id of that account. Empty if it names none.
    secret: The secret that it refers to (`addresses.secret_of`). Empty if it refers to none.
    version: What the version that it pins is compared by (`addresses.version_mark`). Empty if it pins none.
    active: What the version in use there is compared by. Empty if Azure does not show it.
    trouble: The word with which Azure says that the secret could not be fetched. Empty if it could.
    certain: Whether it stores a key for certain. Otherwise Azure does not show it.
    note: A further sentence about it. Empty if there is none.
    """

    resource: str
    name: str
    what: str
    label: str = ""
    account: str = ""
    secret: str = ""
    version: str = ""
    active: str = ""
    trouble: str = ""
    certain: bool = True
    note: str = ""

    @property
    def can_be_judged(self) -> bool:
        """Whether it says whose key it is about."""
        return bool(self.label or self.account or self.secret)


class HolderList(StrEnum):
    """The lists that are asked for, one call for a page of each."""

    CONNECTIONS = "connections"
    PROJECTS = "projects"
    PROJECT_CONNECTIONS = "project connections"
    HUB_CONNECTIONS = "hub connections"
    NAMED_VALUES = "named values"
    APP_SETTINGS = "app settings"
    CONTAINER_APPS = "container apps"
    CONTAINER_JOBS = "container jobs"
    LOGIC_CONNECTIONS = "logic app connections"
    LINKED_SERVICES = "linked services"
    INDEXES = "indexes"
    SKILLSETS = "skillsets"
    KNOWLEDGE_BASES = "knowledge bases"
    KNOWLEDGE_SOURCES = "knowledge sources"


class AskedAt(StrEnum):
    """For which resource a list is asked."""

    RESOURCE = "resource"
    GROUP = "group"
    SUBSCRIPTION = "subscription"


type ReadTraces = Callable[[str, Sequence[HolderEntry]], Iterator[Trace]]


@dataclass(frozen=True)
class KeyPlace:
    """One kind of place in which copies lie.

    word: Its public word: `foundry-connection`.
    title: What people call it: "Connections of Foundry accounts".
    types: The types of resources that are looked into, in lower case.
    lists: What is asked for, and what reads each answer: a function of the id that was asked for and the entries.
    move: How to move a copy to a managed identity, as a sentence.
    blind: What cannot be seen in this place, as a sentence.
    at: For which resource the lists are asked.
    through: The list of the resources that are asked in place of the one that was found. None for that one itself.
    within: How soon a reference without a version follows a new one, as the end of a sentence.
    refuses: What it means that a resource refuses, as the end of a sentence, where that is usual and no problem.
    refresh: The command that lets it follow at once, with `{manager}`, `{resource}` and `{name}`. Empty if none does.
    """

    word: str
    title: str
    types: tuple[str, ...]
    lists: tuple[tuple[HolderList, ReadTraces], ...]
    move: str
    blind: str = ""
    at: AskedAt = AskedAt.RESOURCE
    through: HolderList | None = None
    within: str = ""
    refuses: str = ""
    refresh: str = ""
