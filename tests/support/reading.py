"""The app's parts that only read, over an emulated Azure in which the app has the role that widens its sight."""

from __future__ import annotations

from lab.emulator.accounts import Account
from lab.emulator.shipped import shipped_roles
from lab.emulator.world import World
from shared.adapters.azure_reads import AzureReads
from shared.domain.model import AccountId
from tests.support.real_parts import Parts

READER = "readinessReader"
ELSEWHERE = "00000000-0000-4000-8000-00000000000e"


def reads_over(parts: Parts) -> AzureReads:
    """Return the adapter over the parts' own credential and sessions."""
    return AzureReads(
        parts.accounts._credential, parts.azure.settings["AZURE_RESOURCE_MANAGER_ENDPOINT"], parts.connections
    )


def may_see(world: World, scope: str = "/") -> None:
    """Let the app see what readiness sees, on a scope."""
    world.directory.assign("app", shipped_roles()[READER].name, scope)


def id_of(account: Account) -> AccountId:
    return AccountId.parse(account.id)
