"""A world with rights to look at: an account, a vault, people, groups and roles; and the adapter that sees them."""

from __future__ import annotations

from lab.emulator.directory import Identity, Role
from lab.emulator.roles import Block
from lab.emulator.shipped import shipped_roles
from lab.emulator.world import World
from shared.adapters.rights import AzureRights
from tests.support.reading import reads_over
from tests.support.real_parts import Parts

READERS = "readersReader"
LIST_KEYS = "Microsoft.CognitiveServices/accounts/listKeys/action"
OWNER = Role("Owner", ("*",), definition="8e3af657-a8ff-443c-a75c-2fe8c4bcb635")
CONTRIBUTOR = Role(
    "Contributor", ("*",), ("Microsoft.Authorization/*/Write",), definition="b24988ac-6180-42a0-ab88-20f7382dd24c"
)
TWO_BLOCKS = Role(
    "Two blocks",
    ("Microsoft.CognitiveServices/*",),
    (LIST_KEYS,),
    more=(Block((LIST_KEYS,), condition="@Request[x:y] StringEquals 'z'"),),
)


def may_see_readers(world: World, scope: str = "/") -> None:
    """Let the app see who can read keys, on a scope."""
    world.directory.assign("app", shipped_roles()[READERS].name, scope)


def add(world: World, name: str, kind: str = "User", members: tuple[str, ...] = (), mail: str = "") -> Identity:
    """Add a person, a group or an application, and the roles of this module if they are not there yet."""
    world.directory.define(*(one for one in (OWNER, CONTRIBUTOR, TWO_BLOCKS) if one.name not in world.roles))
    return world.directory.add(Identity(name, kind=kind, members=members, mail=mail))


def rights_over(parts: Parts) -> AzureRights:
    """Return the adapter over the parts' own credential and sessions."""
    return AzureRights(reads_over(parts))
