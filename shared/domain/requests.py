"""What people and pipelines ask for that a secret version remembers: who asked for it, and what it waits for.

Both stand in tags of the version (see `publication`), readable by whoever may list secrets, so a name and a reason
are cut to what fits there. An armed version waits for a deployment: its key is replaced after that, or at the latest
moment that was agreed, whichever is first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import quote, unquote

from shared.domain.times import from_seconds, sane_lead, seconds_text

MOST_ENVIRONMENT = 40
LONGEST_SOAK = timedelta(days=30)
_ENVIRONMENT = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{MOST_ENVIRONMENT - 1}}}")
_NOBODY = "-"
_JOIN, _SHORT, _EARLIER = "+", 8, 4  # an id by its first eight characters, of the last four
_BY, _WHY = 70, 100  # characters in the tag, beside an id of 32 and four short ones
LONGEST_TEXT = 256  # what a tag holds


def environment_name(text: str) -> str:
    """A deployment environment's name. Raises ValueError with the form it has."""
    name = text.strip()
    if not _ENVIRONMENT.fullmatch(name):
        raise ValueError(
            f"{text[:80]!r} is not an environment's name: letters, digits, dots, dashes and underscores, "
            f"{MOST_ENVIRONMENT} at most"
        )
    return name


@dataclass(frozen=True)
class Asked:
    """Who asked for a version, and why. `id` is the idempotency key; all empty where the schedule asked. `earlier` are
    the beginnings of the ids that made the versions before, so that a late repetition of one is known."""

    id: str | None = None
    by: str = ""
    why: str = ""
    earlier: tuple[str, ...] = ()

    def knows(self, id_: str) -> bool:
        """Whether a request of this id has made this version or one of the last before it."""
        return self.id == id_ or id_[:_SHORT] in self.earlier

    def after(self, before: Asked) -> Asked:
        """The same, on the version that follows one with `before`."""
        known = ((before.id[:_SHORT],) if before.id else ()) + before.earlier
        return replace(self, earlier=known[:_EARLIER])

    def text(self) -> str:
        """The tag's value; empty when nobody asked."""
        words = [
            _JOIN.join([self.id or _NOBODY, *self.earlier]),
            _quoted(self.by) or _NOBODY,
            self.why[:_WHY],
        ]
        text = " ".join(words).strip()
        return "" if text == f"{_NOBODY} {_NOBODY}" else text.removesuffix(f" {_NOBODY}")[:LONGEST_TEXT]

    @classmethod
    def read(cls, text: str) -> Asked:
        """The reverse of `text`, of which nothing can be wrong: it decides nothing but whether an id is known."""
        ids, by, why = (*text.split(" ", 2), "", "", "")[:3]
        id_, *earlier = ids.split(_JOIN)
        return cls(
            None if id_ in ("", _NOBODY) else id_,
            "" if by == _NOBODY else unquote(by),
            why,
            tuple(one[:_SHORT] for one in earlier[:_EARLIER]),
        )


def _quoted(by: str) -> str:
    """A name without a space, cut between two of its characters to what the tag has room for."""
    while len(quoted := quote(by, safe="@")) > _BY:
        by = by[:-1]
    return quoted


@dataclass(frozen=True)
class Armed:
    """To be rotated after the next deployment to `environment`, `soak` later; at `latest` it happens anyway.
    `deployed` is when that deployment went live, `id` the request that said so."""

    environment: str
    soak: timedelta = timedelta(0)
    latest: datetime | None = None
    deployed: datetime | None = None
    id: str | None = None

    @property
    def due(self) -> datetime | None:
        """When the rotation should happen, as far as it is known."""
        fired = self.deployed + self.soak if self.deployed else None
        return min((moment for moment in (fired, self.latest) if moment), default=None)

    def waits_for(self, environment: str) -> bool:
        """Whether a deployment to that environment is the one waited for. Names are compared without case."""
        return self.environment.casefold() == environment.casefold()

    def text(self) -> str:
        """The tag's value."""
        words = [self.environment, f"soak={int(self.soak.total_seconds())}"]
        words += [f"latest={seconds_text(self.latest)}"] if self.latest else []
        words += [f"deployed={seconds_text(self.deployed)}"] if self.deployed else []
        words += [f"id={self.id}"] if self.id else []
        return " ".join(words)

    @classmethod
    def read(cls, text: str) -> Armed:
        """The reverse of `text`. Raises ValueError or KeyError for what it cannot read."""
        environment, *more = text.split(" ")
        words = dict(word.split("=", 1) for word in more)
        return cls(
            environment_name(environment),
            sane_lead(int(words["soak"])),
            from_seconds(words["latest"]) if "latest" in words else None,
            from_seconds(words["deployed"]) if "deployed" in words else None,
            words.get("id"),
        )


class Wish(StrEnum):
    """What a person or a pipeline can ask for out of rhythm. Arming asks for a rotation after the next deployment;
    DEPLOYED says that one went live."""

    ROTATE = "rotate"
    LEAK = "leak"
    ARM = "arm"
    DISARM = "disarm"
    DEPLOYED = "deployed"


class LeakedKey(StrEnum):
    LIVE = "live"
    PREVIOUS = "previous"
    BOTH = "both"


@dataclass(frozen=True)
class Request:
    """A person's wish to act out of rhythm. `id` is the idempotency key: the same id never rotates twice.
    `wait` is the least time a leaked key is left after its successor was published; `armed` is the deployment that
    the wish is about; `at` when it was made, for one that may be carried out later."""

    wish: Wish = Wish.ROTATE
    key: LeakedKey = LeakedKey.LIVE
    reason: str = ""
    by: str = ""
    id: str | None = None
    wait: timedelta = timedelta(0)
    armed: Armed | None = None
    at: datetime | None = None

    @property
    def asked(self) -> Asked:
        return Asked(self.id, self.by, self.reason)
