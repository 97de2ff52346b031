"""What callers may send about many targets at once: which ones, and what is to be done to each.

A trial and a hold are left out: each is a decision about one target, whose reason is shown there until it ends.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from shared.domain.requests import LeakedKey, LeakRequest, RequestKind, RotateRequest
from shared.fleet.many import Selection
from shared.web.bodies import Body, described_field, scoped, why
from shared.web.body_fields import END, Names, NamesOnly, ReasonText

type ManyText = Annotated[str, Meta(min_length=1, max_length=256)]
type RotationId = Annotated[
    str,
    Meta(
        pattern="^[0-9a-f]{32}" + END,
        description="What is left of an earlier request for many, by its id: 32 of the digits 0-9 and a-f.",
    ),
]
type ManyKind = Literal["rotate", "leak"]


class Select(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Which targets are meant: those that fit everything that is given, or all of them."""

    owner: Annotated[ManyText, Meta(description="Targets of this owner.")] | None = None
    subscription: Annotated[ManyText, Meta(description="Targets of a subscription, by its id.")] | None = None
    group: Annotated[ManyText, Meta(description="Targets of resource groups of this name.")] | None = None
    names: Names | None = None
    rest_of: RotationId | None = None
    all: Annotated[bool, Meta(description="All targets. Nothing else may be given then.")] = False

    def __post_init__(self) -> None:
        """Check that the selection says what it means. Raises ValueError."""
        given = any((self.owner, self.subscription, self.group, self.names, self.rest_of))
        if self.all == given:
            raise ValueError("Give `all`, or one or more of `owner`, `subscription`, `group`, `names`, `rest_of`")

    @property
    def selection(self) -> Selection:
        """The selection, as the fleet reads it."""
        return Selection(self.owner, self.subscription, self.group, tuple(self.names or ()), self.rest_of)


class RotateMany(Body, frozen=True, kw_only=True):
    """Rotate several targets, or end their leaked keys, each in a turn of its own."""

    targets: (
        Annotated[
            Names | Literal["all"],
            Meta(
                description="Names of targets (at most 63 letters, digits and dashes, a letter or digit first), or "
                "`all`, which needs the reader's role as well, because the answer names the targets. They are queued "
                "at once."
            ),
        ]
        | None
    ) = None
    select: (
        Annotated[
            Select,
            Meta(
                description="In place of `targets`: a selection, which is paced, can be followed and stopped, and goes "
                "on after an interruption. Other selections than by name need the reader's role as well."
            ),
        ]
        | None
    ) = None
    kind: Annotated[ManyKind, Meta(description="What is done to each selected target. Default: `rotate`.")] = "rotate"
    key: (
        Annotated[
            LeakedKey,
            Meta(description="For a leak: which key of each target. `both`: also if you do not know which."),
        ]
        | None
    ) = None
    reason: ReasonText = ""
    dry_run: NamesOnly = False
    confirm: (
        Annotated[
            str,
            Meta(
                max_length=40,
                description="How many targets are selected, such as `37 targets`, as a dry run says. Needed for a "
                "selection of more than one target.",
            ),
        ]
        | None
    ) = None

    def __post_init__(self) -> None:
        """Check that the fields fit each other. Raises ValueError."""
        if (self.targets is None) == (self.select is None):
            raise ValueError("Object missing required field `targets`, or `select`; not both")
        if self.select is None and (self.kind != "rotate" or self.confirm is not None):
            raise ValueError("`kind` and `confirm` need `select`")
        if (self.kind == "leak") != (self.key is not None):
            raise ValueError("`key` says which keys leaked: a leak needs it, and a rotation has none")

    @classmethod
    def _hint(cls, problem: str) -> str:
        """Return the description of the field that a message names, also of one within the selection."""
        within = problem.replace("`$.select.", "`$.")
        return described_field(cls if within == problem else Select, within)

    def request(self, id_: str, by: str) -> RotateRequest:
        """Return the request for each of `targets`."""
        return RotateRequest(reason=why(self.reason), by=by, id=scoped(id_, RequestKind.ROTATE))

    def request_for_each(self, by: str) -> RotateRequest | LeakRequest:
        """Return what is asked for each selected target. It has no id yet."""
        if self.key is not None:
            return LeakRequest(key=self.key, reason=why(self.reason), by=by)
        return RotateRequest(reason=why(self.reason), by=by)

    @property
    def mark(self) -> str:
        """A hash of what is asked for, by which a repetition with another body is noticed."""
        asked = (self.select, self.kind, self.key, why(self.reason))
        return hashlib.sha256(msgspec.json.encode(asked)).hexdigest()


_NONE, _ROTATE = {"type": "null"}, {"const": "rotate"}
# What no type can say: which fields go with which.
BODIES = [
    {
        "required": ["targets"],
        "properties": {
            "targets": {"type": ["array", "string"]},
            **dict.fromkeys(("select", "key", "confirm"), _NONE),
            "kind": _ROTATE,
        },
    },
    {
        "required": ["select"],
        "properties": {"select": {"type": "object"}, "targets": _NONE, "key": _NONE, "kind": _ROTATE},
    },
    {
        "required": ["select", "kind", "key"],
        "properties": {
            "select": {"type": "object"},
            "targets": _NONE,
            "kind": {"const": "leak"},
            "key": {"type": "string"},
        },
    },
]
_CRITERIA = ("owner", "subscription", "group", "names", "rest_of")
SELECTIONS = [
    {"required": ["all"], "properties": {"all": {"const": True}, **dict.fromkeys(_CRITERIA, _NONE)}},
    *(
        {"required": [name], "properties": {name: {"type": ["string", "array"]}, "all": {"const": False}}}
        for name in _CRITERIA
    ),
]
