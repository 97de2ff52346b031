"""A place in which a copy of a key lies, and what was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.domain.errors import RotationError
from shared.domain.model import AccountId


class CopyFate(StrEnum):
    """What happens to a copy at the next end of its key. The words are public."""

    BREAKS = "breaks"
    FOLLOWS = "follows"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Copied:
    """One copy of a key, or of the secret's address, in a resource.

    place: The kind of place, as one public word: `foundry-connection`, `apim-named-value`, `app-setting`.
    resource: The resource id of what holds it.
    name: Its name there: of the connection, the setting, the named value.
    fate: What happens to it.
    says: What it is and what happens, as a sentence.
    move: How to move it to a managed identity, as a sentence.
    version: The version of the secret that it pins: the latest one's id, or `another`. Empty if it pins none.
    when: When it breaks, in UTC. None if it does not, or if no end is known.
    commands: The commands that help. Empty if there are none.
    """

    place: str
    resource: str
    name: str
    fate: CopyFate
    says: str
    move: str
    version: str = ""
    when: datetime | None = None
    commands: tuple[str, ...] = ()


@dataclass(frozen=True)
class LookedAt:
    """One kind of place: whether it was looked at.

    place: The kind of place, as the same public word.
    title: What people call it: "Connections of Foundry accounts".
    looked: How many resources of the kind were looked into. None if the kind was not looked at.
    why: Why it was not looked at, or not wholly, and what cannot be seen there, as sentences. Empty if all was seen.
    unjudged: How many things store a value or refer to a secret there without naming an account: nobody can tell whose
        key it is, or whether it is one.
    """

    place: str
    title: str
    looked: int | None = None
    why: str = ""
    unjudged: int = 0


@dataclass(frozen=True)
class Copies:
    """Where copies of one account's keys lie, as far as it was looked.

    account: The account.
    copies: The copies, those that break first.
    places: All kinds of places, looked at or not. Never says that there are no other copies.
    calls: How many calls were made.
    problems: Why something could not be seen.
    """

    account: AccountId
    copies: tuple[Copied, ...]
    places: tuple[LookedAt, ...]
    calls: int = 0
    problems: tuple[RotationError, ...] = ()
