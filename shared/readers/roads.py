"""The closed table of roads: every way known by which a right leads to a key of an account (docs/facts.md, Rights).

A road that leads to another key than the account's, such as the admin keys of a Search service, is not in it. Nor is
`accounts/write`: it changes an account, and its answer shows no key.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.readers.kinds import VaultRules
from shared.readers.rights import Right


class ActsOn(StrEnum):
    """What a right must act on to lead to a key."""

    ACCOUNT = "account"
    VAULT = "vault"
    SECRET = "secret"  # noqa: S105 - a word
    SOMEWHERE = "somewhere in the subscription"


@dataclass(frozen=True)
class Road:
    """One way to a key.

    word: Its public word.
    says: What whoever goes it does, to follow a name: "lists both keys of the account".
    shows: What it shows in the end.
    acts_on: What the right must act on. For `SOMEWHERE`: the account's resource group or a scope above it, where
        resources that hold a copy of the key may lie.
    rights: The actions. Any one of them is enough. Empty for access policies, which name no action.
    gives_itself: Whether it shows no key yet, and lets its holder take a right that does.
    by_roles: Whether it is open only if role assignments decide in the vault, or only if access policies do. None: the
        vault does not matter.
    for_deployments: Whether it is open only if deployments may read the vault, or only if not. None: that does not
        matter.
    """

    word: str
    says: str
    shows: str
    acts_on: ActsOn
    rights: tuple[Right, ...] = ()
    gives_itself: bool = False
    by_roles: bool | None = None
    for_deployments: bool | None = None

    @property
    def needs_vault(self) -> bool:
        """Whether nothing can be said of it unless it is known how the vault decides."""
        return self.acts_on in (ActsOn.VAULT, ActsOn.SECRET)

    def is_open(self, vault: VaultRules | None) -> bool:
        """Return whether the road is open. One that leads through a vault of which nothing is known is not."""
        if vault is None:
            return not self.needs_vault
        if self.by_roles not in (None, vault.by_roles):
            return False
        return self.for_deployments in (None, vault.for_deployments)


def _actions(*names: str) -> tuple[Right, ...]:
    return tuple(Right(f"Microsoft.{name}") for name in names)


_BOTH, _SECRET, _COPY = "both keys", "the published key", "a copy of a key, if one lies there"
_LATER = "nothing yet"
LIST_KEYS, REGENERATE = "list-keys", "regenerate-key"
BY_POLICY = "secret-by-policy"
GET_SECRET = Right("Microsoft.KeyVault/vaults/secrets/getSecret/action", data=True)
_TABLE = (
    Road(
        LIST_KEYS,
        "lists both keys of the account",
        _BOTH,
        ActsOn.ACCOUNT,
        _actions("CognitiveServices/accounts/listKeys/action"),
    ),
    Road(
        REGENERATE,
        "regenerates a key of the account, and is shown both",
        _BOTH,
        ActsOn.ACCOUNT,
        _actions("CognitiveServices/accounts/regenerateKey/action"),
    ),
    Road(
        "secret-by-role",
        "reads the secret in the vault, or a backup of it that it restores elsewhere, because a role allows it",
        _SECRET,
        ActsOn.SECRET,
        (GET_SECRET, Right("Microsoft.KeyVault/vaults/secrets/backup/action", data=True)),
        by_roles=True,
    ),
    Road(
        BY_POLICY,
        "reads the secret in the vault, or a backup of it that it restores elsewhere, because an access policy allows "
        "it",
        _SECRET,
        ActsOn.VAULT,
        by_roles=False,
    ),
    Road(
        "secret-by-deployment",
        "lets a deployment of a template read the secret in the vault",
        _SECRET,
        ActsOn.VAULT,
        _actions("KeyVault/vaults/deploy/action"),
        for_deployments=True,
    ),
    Road(
        "foundry-connections",
        "reads the keys that connections of Foundry accounts and projects hold, somewhere in the subscription",
        _COPY,
        ActsOn.SOMEWHERE,
        (
            *_actions(
                "CognitiveServices/accounts/connections/listsecrets/action",
                "CognitiveServices/accounts/projects/connections/listsecrets/action",
            ),
            Right("Microsoft.CognitiveServices/accounts/AIServices/connections/listSecrets/action", data=True),
        ),
    ),
    Road(
        "hub-connections",
        "reads the keys that connections of hubs and workspaces hold, somewhere in the subscription",
        _COPY,
        ActsOn.SOMEWHERE,
        _actions("MachineLearningServices/workspaces/connections/listsecrets/action"),
    ),
    Road(
        "apim-named-values",
        "reads named values of API Management, somewhere in the subscription",
        _COPY,
        ActsOn.SOMEWHERE,
        _actions(
            "ApiManagement/service/namedValues/listValue/action",
            "ApiManagement/service/workspaces/namedValues/listValue/action",
        ),
    ),
    Road(
        "app-settings",
        "reads all settings of apps, or takes the credentials that show them, somewhere in the subscription",
        _COPY,
        ActsOn.SOMEWHERE,
        _actions(
            "Web/sites/config/list/action",
            "Web/sites/slots/config/list/action",
            "Web/sites/config/snapshots/listsecrets/action",
            "Web/sites/slots/config/snapshots/listsecrets/action",
            "Web/sites/publishxml/action",
            "Web/sites/slots/publishxml/action",
        ),
    ),
    Road(
        "container-app-secrets",
        "reads the secrets of Container Apps and their jobs, somewhere in the subscription",
        _COPY,
        ActsOn.SOMEWHERE,
        _actions("App/containerApps/listSecrets/action", "App/jobs/listSecrets/action"),
    ),
    Road(
        "apim-backends",
        "sees backends and policies of API Management, and a key in clear if one is in them, somewhere in the "
        "subscription",
        _COPY,
        ActsOn.SOMEWHERE,
        _actions(
            "ApiManagement/service/backends/read",
            "ApiManagement/service/workspaces/backends/read",
            "ApiManagement/service/policies/read",
            "ApiManagement/service/policyFragments/read",
            "ApiManagement/service/products/policies/read",
            "ApiManagement/service/apis/policies/read",
            "ApiManagement/service/apis/operations/policies/read",
            "ApiManagement/service/apis/resolvers/policies/read",
            "ApiManagement/service/workspaces/policies/read",
            "ApiManagement/service/workspaces/policyFragments/read",
            "ApiManagement/service/workspaces/products/policies/read",
            "ApiManagement/service/workspaces/apis/policies/read",
            "ApiManagement/service/workspaces/apis/operations/policies/read",
        ),
    ),
    Road(
        "assign-role-on-account",
        "can assign itself a role on the account that lists keys",
        _LATER,
        ActsOn.ACCOUNT,
        _actions("Authorization/roleAssignments/write"),
        gives_itself=True,
    ),
    Road(
        "assign-role-on-secret",
        "can assign itself a role on the vault that reads the secret",
        _LATER,
        ActsOn.SECRET,
        _actions("Authorization/roleAssignments/write"),
        gives_itself=True,
        by_roles=True,
    ),
    Road(
        "change-role",
        "can add to a custom role that it holds what lists keys",
        _LATER,
        ActsOn.ACCOUNT,
        _actions("Authorization/roleDefinitions/write"),
        gives_itself=True,
    ),
    Road(
        "write-access-policy",
        "can add itself to the access policies of the vault",
        _LATER,
        ActsOn.VAULT,
        _actions("KeyVault/vaults/accessPolicies/write", "KeyVault/vaults/write"),
        gives_itself=True,
        by_roles=False,
    ),
    Road(
        "open-vault-to-deployments",
        "can let deployments read the vault, and reads the secret by one if it may also deploy with the vault",
        _LATER,
        ActsOn.VAULT,
        _actions("KeyVault/vaults/write"),
        gives_itself=True,
        by_roles=True,
        for_deployments=False,
    ),
)
ROADS: dict[str, Road] = {one.word: one for one in _TABLE}  # by their words, the shortest first
