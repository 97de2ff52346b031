"""What Azure's roles are made of: permission blocks, conditions, eligible assignments, deny assignments.

`directory` has roles and who holds them (docs/facts.md, Reads).
"""

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal, Self

from lab.emulator.errors import NotImitatedError

EVERYONE = "00000000-0000-0000-0000-000000000000"
_NAMED = re.compile(r"ActionMatches\{'([^']+)'\}", re.IGNORECASE)


@dataclass(frozen=True)
class Block:
    """One permission block. Its `not_...` patterns take away from this block alone: another one can give it back.

    actions: Patterns of the control plane actions that it allows. They may contain `*`; case does not matter.
    not_actions: Patterns of the control plane actions that it does not allow.
    data_actions: Patterns of the data plane actions that it allows.
    not_data_actions: Patterns of the data plane actions that it does not allow.
    condition: The condition on the block. Empty if it has none.
    """

    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()
    condition: str = ""

    @classmethod
    def of(cls, part: Mapping[str, Any]) -> Self:
        """Return the block that an entry of `permissions` in a role definition of Azure describes."""
        return cls(
            tuple(part.get("actions") or ()),
            tuple(part.get("notActions") or ()),
            tuple(part.get("dataActions") or ()),
            tuple(part.get("notDataActions") or ()),
            str(part.get("condition") or ""),
        )

    def allows(self, action: str, *, data: bool) -> bool:
        """Return whether the block allows an action, whatever its condition; `data` selects the data plane actions."""
        granted, withheld = (self.data_actions, self.not_data_actions) if data else (self.actions, self.not_actions)
        return covers(granted, action) and not covers(withheld, action)


@dataclass(frozen=True)
class Eligible:
    """An eligible assignment (Privileged Identity Management): it allows nothing before its holder makes it active.

    holder: The name of the identity that holds it.
    role: The name of the role.
    scope: The resource id on which it is assigned.
    condition: The condition on it. Empty if it has none.
    """

    holder: str
    role: str
    scope: str
    condition: str = ""


@dataclass(frozen=True)
class Denial:
    """A deny assignment.

    name: What people call it.
    scope: The resource id on which it is assigned.
    blocks: What it denies.
    principals: The names of the identities and groups that it names. EVERYONE among them stands for all.
    excluded: The names of those that it does not act on.
    for_children: Whether it acts below its scope, too.
    effect: An `audit` one denies nothing.
    by_azure: Whether Azure made it, so that nobody can change it.
    """

    name: str
    scope: str
    blocks: tuple[Block, ...]
    principals: tuple[str, ...] = (EVERYONE,)
    excluded: tuple[str, ...] = ()
    for_children: bool = True
    effect: Literal["enforced", "audit"] = "enforced"
    by_azure: bool = False

    @property
    def id(self) -> str:
        """The resource id: always the same for the same name and scope."""
        name = uuid.uuid5(uuid.NAMESPACE_URL, f"{self.name} {self.scope}".lower())
        return f"{self.scope.rstrip('/')}/providers/Microsoft.Authorization/denyAssignments/{name}"

    def names(self, who: Iterable[str]) -> bool:
        """Return whether it acts on a caller, given the names of the identity and of all groups that it belongs to."""
        mine = set(who)
        return bool({EVERYONE, *mine} & set(self.principals)) and not mine & set(self.excluded)

    def denies(self, action: str, *, data: bool) -> bool:
        """Return whether it denies an action to those that it acts on."""
        return self.effect == "enforced" and any(one.allows(action, data=data) for one in self.blocks)


def condition_met(condition: str, action: str) -> bool:
    """Return whether a right with this condition allows an action.

    A condition says which actions it limits, by `ActionMatches`, and leaves all others alone. Without a condition the
    answer is yes. Raises NotImitatedError for an action that the condition limits.
    """
    limited = _NAMED.findall(condition)
    if condition and (not limited or covers(limited, action)):
        raise NotImitatedError(f"the condition {condition!r}")
    return True


def covers(patterns: Iterable[str], action: str) -> bool:
    """Return whether one of the patterns matches an action. `*` stands for any run of characters, also over `/`."""
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)


def contains(scope: str, resource: str) -> bool:
    """Return whether a resource id is a scope or lies below it, by the ids alone."""
    outer, inner = scope.lower().rstrip("/"), resource.lower().rstrip("/")
    return inner == outer or inner.startswith(outer + "/")
