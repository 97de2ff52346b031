"""Resources that are shown and nothing more: those with a managed identity, and the diagnostic settings of accounts.

Azure Resource Graph shows the first kind, Azure Resource Manager the second (`surfaces.resource_graph` and
`surfaces.log_settings`).
"""

import uuid
from dataclasses import dataclass, field

from lab.emulator.directory import Identity

USER_ASSIGNED = "Microsoft.ManagedIdentity/userAssignedIdentities"


@dataclass(frozen=True)
class ShownResource:
    """A resource with a managed identity, or a user-assigned identity itself.

    name: Its name.
    type: Its type, such as `Microsoft.Web/sites`.
    subscription: The subscription's id.
    group: The resource group.
    kind: Its kind, such as `functionapp,linux`. Empty if it has none.
    own: The identity that Azure made for it; for a user-assigned identity, itself. None without one.
    assigned: The user-assigned identities that it uses.
    """

    name: str
    type: str
    subscription: str
    group: str = "apps"
    kind: str = ""
    own: Identity | None = None
    assigned: tuple["ShownResource", ...] = ()

    @property
    def id(self) -> str:
        """The resource id. A type with several parts takes as many parts of the name."""
        provider, *types = self.type.split("/")
        pairs = "/".join(f"{kind}/{name}" for kind, name in zip(types, self.name.split("/"), strict=True))
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.group}/providers/{provider}/{pairs}"


@dataclass(frozen=True)
class DiagnosticSetting:
    """One diagnostic setting of an account.

    name: Its name.
    workspace: The resource id of the workspace it sends to. Empty if it sends elsewhere.
    categories: The log categories that it sends.
    groups: The groups of categories that it sends, such as `allLogs`.
    off: The categories that it names and does not send.
    """

    name: str
    workspace: str = ""
    categories: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    off: tuple[str, ...] = ()


@dataclass
class Resources:
    """What a world shows beside its accounts, vaults and topics.

    shown: The resources with identities.
    unindexed: The ids in lower case of what Azure Resource Graph does not show yet, because its rows come late.
    settings: The diagnostic settings, by the id in lower case of the resource that they belong to. Azure allows five.
    """

    shown: list[ShownResource] = field(default_factory=list)
    unindexed: set[str] = field(default_factory=set)
    settings: dict[str, list[DiagnosticSetting]] = field(default_factory=dict)

    def add(self, resource: ShownResource) -> ShownResource:
        """Add a resource and return it."""
        self.shown.append(resource)
        return resource

    def send_logs(self, resource: str, setting: DiagnosticSetting) -> None:
        """Add a diagnostic setting to a resource, by its id. Raises ValueError for a sixth one."""
        held = self.settings.setdefault(resource.lower(), [])
        if len(held) == 5:
            raise ValueError(f"{resource} has five diagnostic settings already")
        held.append(setting)


def assignment_id(principal: str, role: str, scope: str) -> str:
    """Return the id of a role assignment: always the same for the same principal, role and scope."""
    name = uuid.uuid5(uuid.NAMESPACE_URL, f"{principal} {role} {scope}".lower())
    return f"{scope.rstrip('/')}/providers/Microsoft.Authorization/roleAssignments/{name}"
