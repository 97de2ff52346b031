"""What a role lets people do with accounts, in a few words: for "which role for what", and for the role to use instead.

Each doing is judged by one action of Azure. Roles are never known by name here, only by their definitions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from shared.readers.kinds import RoleDefinition
from shared.readers.rights import Right, giving_block
from shared.readers.roads import GET_SECRET, LIST_KEYS, REGENERATE, ROADS


@dataclass(frozen=True)
class Doing:
    """Something that people do.

    says: What it is, in words: "call models".
    right: The right that it takes, as its example: who may do more than this one action is not judged.
    """

    says: str
    right: Right


CALL = Doing(
    "call models", Right("Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action", data=True)
)
DEPLOY = Doing("deploy models", Right("Microsoft.CognitiveServices/accounts/deployments/write"))
TUNE = Doing("fine-tune", Right("Microsoft.CognitiveServices/accounts/OpenAI/fine-tunes/write", data=True))
SEE_KEYS = Doing("see keys", ROADS[LIST_KEYS].rights[0])
REGENERATE_KEYS = Doing("regenerate keys", ROADS[REGENERATE].rights[0])
READ_SECRET = Doing("read the secret", GET_SECRET)
LOOK = Doing("see accounts", Right("Microsoft.CognitiveServices/accounts/read"))
CHANGE = Doing("make and change accounts", Right("Microsoft.CognitiveServices/accounts/write"))
AGENTS = Doing("run agents", Right("Microsoft.CognitiveServices/accounts/AIServices/agents/write", data=True))
SPEECH = Doing("use Speech", Right("Microsoft.CognitiveServices/accounts/SpeechServices/synthesis/read", data=True))
ASSIGN = Doing("assign roles", Right("Microsoft.Authorization/roleAssignments/write"))
GROUPS = Doing("manage resource groups", Right("Microsoft.Resources/subscriptions/resourceGroups/write"))
OF_PAGE = (CALL, DEPLOY, TUNE, SEE_KEYS, REGENERATE_KEYS, READ_SECRET)  # what the page of roles shows
USEFUL = (LOOK, CALL, DEPLOY, TUNE, AGENTS, SPEECH, CHANGE, ASSIGN, GROUPS)  # what a role is kept for
MANAGING = (DEPLOY, CHANGE, ASSIGN, GROUPS)


def does(role: RoleDefinition, doing: Doing) -> bool:
    """Return whether a role lets its holder do something, also if only under a condition."""
    return giving_block(role, doing.right) is not None


@lru_cache(maxsize=4096)
def reads_keys(role: RoleDefinition) -> bool:
    """Return whether a role opens any road to a key, or lets its holder open one."""
    return any(giving_block(role, right) is not None for road in ROADS.values() for right in road.rights)


class Substitutes:
    """The roles that can be used instead of one that reads keys.

    roles: All roles that can be assigned. Only built-in ones that open no road to a key are ever named.
    """

    def __init__(self, roles: Iterable[RoleDefinition]) -> None:
        self._roles = roles
        self._found = dict[Right, RoleDefinition | None]()

    def smallest_for(self, right: Right) -> RoleDefinition | None:
        """Return the role that includes a right and lets its holder do least else. None if there is none."""
        if right not in self._found:
            giving = (one for one in self._roles if not one.is_custom and giving_block(one, right) is not None)
            self._found[right] = min((one for one in giving if not reads_keys(one)), key=_size, default=None)
        return self._found[right]


def _size(role: RoleDefinition) -> tuple[int, int, str]:
    """Return how much a role allows: first what people do with accounts, then how many actions it names."""
    named = sum(len(block.actions) + len(block.data_actions) for block in role.blocks)
    return sum(does(role, one) for one in USEFUL), named, role.name
