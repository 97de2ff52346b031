"""The table of Azure's refusals: for each call, the codes that it is answered with, and what to do about each.

The first row that fits an answer counts, so a row with a part of the message comes before the one without. `source`
says where an answer is known from (docs/facts.md, Refusals): none was seen on a live Azure by this project.
"""

from __future__ import annotations

from shared.domain.causes import Cause
from shared.domain.refusal import Answered, Call, Refusal, Who, find

_READS = frozenset({Call.LIST_ACCOUNTS, Call.READ_ACCOUNT})
_ACTS = frozenset({Call.LIST_KEYS, Call.REGENERATE_KEY, Call.UPDATE_ACCOUNT})  # a read-only lock refuses these
_MANAGER = _READS | _ACTS | {Call.LIST_LISTENERS, Call.READ_RESOURCES}
_VAULT = frozenset({Call.GET_SECRET, Call.SET_SECRET, Call.UPDATE_SECRET, Call.LIST_SECRETS})
_WRITES = frozenset({Call.SET_SECRET, Call.UPDATE_SECRET})
_EVENTS, _STORAGE = frozenset({Call.PUBLISH_EVENTS}), frozenset({Call.STORAGE})
_LOGS, _TOKEN, _PROOF = frozenset({Call.QUERY_LOGS}), frozenset({Call.TOKEN}), frozenset({Call.PROVE_KEY})

_LOCK = "have its owner take the read-only lock away (`az lock list` shows it), or make its level CanNotDelete"
_ENABLE = "have the subscription's owner enable it again (billing or its owner disabled it)"
_DENIED = "have the owner of the deny assignment exclude this app's identity; no role helps against one"
_POLICY = "find the Azure Policy that refuses it; exempt the resource, or change the setting or the policy"
_NAMES = "check the names and addresses in the settings and tags for it"
_TENANT = "name only what is in the tenant of the app's identity, or let AZURE_CLIENT_ID name one of that tenant"
_IDENTITY = (
    "check that the app has its managed identity, that AZURE_CLIENT_ID names it, and that it has its role here "
    "(a new one needs some minutes to act)"
)
_REGISTER = "have the subscription's owner register the provider: az provider register -n Microsoft.CognitiveServices"
_VERSION = "check AZURE_RESOURCE_MANAGER_ENDPOINT; if it is right, upgrade this app"
_NETWORK = "let the function's network reach the vault"
_PRIVATE = "let the function's network reach the vault by a private endpoint and its private DNS zone"
_SET_POLICY = (
    "let the vault use Azure RBAC, as docs/deploy.md does, or give this app's identity an access policy: "
    "az keyvault set-policy --name <vault> --object-id <object id> --secret-permissions get list set"
)
_TOPIC = "let the function's network reach the topic: its firewall, or a private endpoint"
_STORAGE_NETWORK = "let the function's network reach the host's storage account: its firewall, or a private endpoint"
_NO_KEYS = "open the host's storage by identity: set AzureWebJobsStorage__accountName in place of AzureWebJobsStorage"
_CONNECTION = "renew the connection string in AzureWebJobsStorage, or open the storage by identity"
_KEYS_ON = "switch keys on again, or take the account's target away"
_JOIN = "let the function's network reach the account's endpoint, or set proof to prefer for this target"
_SUBDOMAIN = "give the account a custom subdomain, which changes its endpoint for good"
_MADE = "nothing; Azure finishes it by itself, and the next tick goes on"
_BROKEN = "have the account's owner repeat or undo its last change, so that its state is Succeeded again"
_GONE = "nothing can be done for it; take its tags and its target away, or recover the account"

_SPEC, _DOCS = "spec, cognitiveservices 2025-09-01", "docs, azure-docs"
_RECORDED, _REPORT = "recorded, SDK and CLI tests", "report"
_VAULT_DOCS = "docs, key-vault/general/rest-error-codes and common-error-codes"
_STORAGE_DOCS = "docs, rest/api/storageservices/blob-service-error-codes"
_LOGS_DOCS = "docs, azure-monitor-docs logs/api/errors"

TABLE: tuple[Refusal, ...] = (
    # Azure Resource Manager: who may act at all.
    Refusal(_MANAGER, 401, "InvalidAuthenticationTokenTenant", "The subscription belongs to another tenant",
            Who.SETTINGS, _TENANT, source=_REPORT),
    Refusal(_MANAGER, 401, "InvalidAuthenticationToken", "Azure did not accept the token", Who.IDENTITY, _IDENTITY,
            cause=Cause.IDENTITY_REFUSED, source=_RECORDED),
    Refusal(_MANAGER, 401, "", "Azure did not accept the identity", Who.IDENTITY, _IDENTITY,
            cause=Cause.IDENTITY_REFUSED, source=_RECORDED),
    Refusal(_MANAGER, 403, "DenyAssignmentAuthorizationFailed", "A deny assignment refuses what a role allows",
            Who.OWNER, _DENIED, cause=Cause.DENY_ASSIGNMENT, source=f"{_REPORT}, Azure/migAz 266"),
    Refusal(_MANAGER, 403, "AuthorizationFailed", "A deny assignment refuses what a role allows", Who.OWNER, _DENIED,
            says="deny assignment", cause=Cause.DENY_ASSIGNMENT, source=_REPORT),
    Refusal(_MANAGER, 403, "AuthorizationFailed", "The identity lacks a role", Who.ROLES, source=_REPORT),
    Refusal(_MANAGER, 403, "RequestDisallowedByPolicy", "Azure Policy refuses it", Who.OWNER, _POLICY,
            cause=Cause.AZURE_POLICY, source=f"{_DOCS} azure-resource-manager/troubleshooting"),
    # Azure Resource Manager: locks, subscriptions, registrations, names.
    Refusal(_ACTS, 409, "ScopeLocked", "A read-only lock refuses every change, and the listing of keys", Who.OWNER,
            _LOCK, cause=Cause.LOCKED, source=f"{_DOCS} azure-resource-manager/management/lock-resources"),
    Refusal(_MANAGER, 409, "ReadOnlyDisabledSubscription", "The subscription is disabled and read-only", Who.OWNER,
            _ENABLE, cause=Cause.SUBSCRIPTION_DISABLED, source=f"{_DOCS} cost-management-billing"),
    Refusal(_MANAGER, 403, "ReadOnlyDisabledSubscription", "The subscription is disabled and read-only", Who.OWNER,
            _ENABLE, cause=Cause.SUBSCRIPTION_DISABLED, source=_REPORT),
    Refusal(_MANAGER, 409, "MissingSubscriptionRegistration", "The subscription does not know such accounts",
            Who.OWNER, _REGISTER, source=f"{_DOCS} azure-resource-manager/troubleshooting"),
    Refusal(_MANAGER, 404, "SubscriptionNotFound", "The subscription is not there, or not visible to the identity",
            Who.SETTINGS, _NAMES, source=_REPORT),
    Refusal(_MANAGER, 404, "ResourceGroupNotFound", "The resource group is not there", Who.SETTINGS, _NAMES,
            source=_RECORDED),
    Refusal(_MANAGER, 404, "ResourceNotFound", "The account is not there", Who.SETTINGS, _NAMES, source=_RECORDED),
    Refusal(_MANAGER, 404, "", "It is not there", Who.SETTINGS, _NAMES, source=_RECORDED),
    Refusal(_MANAGER, 400, "InvalidApiVersionParameter", "This cloud does not offer what the app asks for",
            Who.SETTINGS, _VERSION, source=_RECORDED),
    Refusal(_MANAGER, 400, "NoRegisteredProviderFound", "This cloud or region does not offer what the app asks for",
            Who.SETTINGS, _VERSION, source=_REPORT),
    # Azure Resource Manager: the account's own state (docs/facts.md, Refusals).
    Refusal(_MANAGER, 0, "AccountProvisioningStateInvalid", "The account's last change has failed", Who.OWNER, _BROKEN,
            says="in state Failed", source=_SPEC),
    Refusal(_MANAGER, 0, "AccountProvisioningStateInvalid", "The account is being deleted", Who.OWNER, _GONE,
            says="in state Deleting", source=_SPEC),
    Refusal(_MANAGER, 0, "AccountProvisioningStateInvalid", "The account is being made, changed or moved", Who.NOBODY,
            _MADE, source=f"{_REPORT}, hashicorp/terraform-provider-azurerm 31712"),
    Refusal(_MANAGER, 409, "RequestConflict", "Another change of the account is under way", Who.NOBODY,
            source=f"{_REPORT}, Azure/azure-rest-api-specs"),
    Refusal(_MANAGER, 409, "AnotherOperationInProgress", "Another change of the account is under way", Who.NOBODY,
            source=_REPORT),
    Refusal(_MANAGER, 409, "ResourceGroupBeingDeleted", "The resource group is being deleted", Who.OWNER, _GONE,
            source=_REPORT),
    # Key Vault.
    Refusal(_VAULT, 401, "", "The vault belongs to another tenant", Who.SETTINGS, _TENANT, says="Invalid issuer",
            source=_VAULT_DOCS),
    Refusal(_VAULT, 401, "", "Key Vault did not accept the identity", Who.IDENTITY, _IDENTITY,
            cause=Cause.IDENTITY_REFUSED, source=_VAULT_DOCS),
    Refusal(_VAULT, 403, "", "The vault's firewall refuses this network", Who.SETTINGS, _NETWORK,
            inner="ForbiddenByFirewall", cause=Cause.NETWORK_CLOSED, source=_VAULT_DOCS),
    Refusal(_VAULT, 403, "", "Only a private endpoint leads to the vault", Who.SETTINGS, _PRIVATE,
            inner="ForbiddenByConnection", cause=Cause.PRIVATE_ONLY, source=_REPORT),
    Refusal(_VAULT, 403, "", "A deny assignment refuses what a role allows", Who.OWNER, _DENIED,
            inner="ForbiddenByRbac", says="DenyAssignmentId: '", cause=Cause.DENY_ASSIGNMENT, source=_REPORT),
    Refusal(_VAULT, 403, "", "The identity lacks a role", Who.ROLES, inner="ForbiddenByRbac", source=_REPORT),
    Refusal(_VAULT, 403, "", "The vault goes by access policies, where roles count for nothing", Who.SETTINGS,
            _SET_POLICY, inner="AccessDenied", cause=Cause.ACCESS_POLICY, source=_VAULT_DOCS),
    Refusal(_VAULT, 403, "", "The vault goes by access policies, where roles count for nothing", Who.SETTINGS,
            _SET_POLICY, says="permission on key vault", cause=Cause.ACCESS_POLICY, source=_REPORT),
    Refusal(_VAULT, 403, "", "Azure Policy refuses it", Who.OWNER, _POLICY, inner="ForbiddenByPolicy",
            cause=Cause.AZURE_POLICY, source=_REPORT),
    Refusal(_VAULT, 403, "ForbiddenByPolicy", "Azure Policy refuses it", Who.OWNER, _POLICY,
            cause=Cause.AZURE_POLICY, source=_REPORT),
    Refusal(_VAULT, 403, "RequestDisallowedByPolicy", "Azure Policy refuses it", Who.OWNER, _POLICY,
            cause=Cause.AZURE_POLICY, source=f"{_DOCS} key-vault/general/azure-policy"),
    Refusal(_VAULT, 403, "", "The vault's firewall refuses this network", Who.SETTINGS, _NETWORK,
            says="Client address is not authorized", cause=Cause.NETWORK_CLOSED, source=_VAULT_DOCS),
    Refusal(_VAULT, 403, "", "The version is disabled", Who.JUDGE, inner="SecretDisabled",
            source="code, azure-sdk-for-js"),
    Refusal(_VAULT, 404, "", "It is not there", Who.SETTINGS, _NAMES, source=_RECORDED),
    Refusal(_WRITES, 409, "", "The secret is deleted, and its name is kept until it is purged", Who.JUDGE,
            "recover the secret, or purge it to start again", inner="ObjectIsDeletedButRecoverable", source=_REPORT),
    Refusal(_WRITES, 409, "", "The secret is being deleted", Who.JUDGE,
            "recover the secret, or purge it to start again", inner="ObjectIsBeingDeleted", source=_REPORT),
    Refusal(_VAULT, 409, "", "The secret is being recovered", Who.NOBODY, inner="ObjectIsBeingRecovered",
            source=_REPORT),
    Refusal(_VAULT, 409, "Conflict", "Another call on the same secret is under way", Who.NOBODY, source=_VAULT_DOCS),
    Refusal(_VAULT, 400, "BadParameter", "Key Vault takes no such name, tag or date", Who.SETTINGS, _NAMES,
            source=_RECORDED),
    # Event Grid.
    Refusal(_EVENTS, 401, "", "The identity lacks the role EventGrid Data Sender on the topic", Who.ROLES,
            says="permission to send", source=_REPORT),
    Refusal(_EVENTS, 401, "", "Event Grid did not accept the identity", Who.IDENTITY, _IDENTITY,
            cause=Cause.IDENTITY_REFUSED, source=_DOCS),
    Refusal(_EVENTS, 403, "", "The topic's firewall refuses this network", Who.SETTINGS, _TOPIC,
            says="IpAddress filtering", cause=Cause.NETWORK_CLOSED, source=f"{_DOCS} event-grid troubleshooting"),
    Refusal(_EVENTS, 403, "", "Only a private endpoint leads to the topic", Who.SETTINGS, _TOPIC,
            says="private endpoint", cause=Cause.PRIVATE_ONLY, source=f"{_DOCS} event-grid troubleshooting"),
    Refusal(_EVENTS, 404, "", "The topic is not there", Who.SETTINGS,
            "check EVENT_GRID_TOPIC_ENDPOINT; make the topic again if it was deleted", source=_DOCS),
    Refusal(_EVENTS, 400, "", "The topic takes events of another form", Who.SETTINGS,
            "name a topic that was made with the CloudEvents schema", says="schema", source=_DOCS),
    Refusal(_EVENTS, 413, "", "The events are larger than Event Grid takes", Who.SETTINGS,
            "report this, with the number of the target's consumers", source=f"{_DOCS} event-grid limits"),
    # The storage account of the function host.
    Refusal(_STORAGE, 403, "AuthorizationPermissionMismatch", "The identity lacks a role", Who.ROLES,
            source=_STORAGE_DOCS),
    Refusal(_STORAGE, 403, "AuthorizationFailure", "The storage account's network rules refuse this network",
            Who.SETTINGS, _STORAGE_NETWORK, cause=Cause.NETWORK_CLOSED, source=_STORAGE_DOCS),
    Refusal(_STORAGE, 403, "KeyBasedAuthenticationNotPermitted", "The storage account takes no account keys",
            Who.SETTINGS, _NO_KEYS, cause=Cause.SHARED_KEY_OFF, source=_STORAGE_DOCS),
    Refusal(_STORAGE, 403, "AuthenticationFailed", "The storage account's key in the settings is not valid any more",
            Who.SETTINGS, _CONNECTION, source=_STORAGE_DOCS),
    Refusal(_STORAGE, 403, "AccountIsDisabled", "The storage account is disabled", Who.OWNER, _ENABLE,
            cause=Cause.SUBSCRIPTION_DISABLED, source=_STORAGE_DOCS),
    Refusal(_STORAGE, 401, "", "Storage did not accept the identity", Who.IDENTITY, _IDENTITY,
            cause=Cause.IDENTITY_REFUSED, source=_STORAGE_DOCS),
    Refusal(_STORAGE, 404, "", "It is not there", Who.SETTINGS, _NAMES, source=_STORAGE_DOCS),
    Refusal(_STORAGE, 409, "ContainerBeingDeleted", "The container of the leases is being deleted", Who.NOBODY,
            source=_STORAGE_DOCS),
    # Log Analytics.
    Refusal(_LOGS, 401, "", "Log Analytics did not accept the identity", Who.IDENTITY, _IDENTITY,
            cause=Cause.IDENTITY_REFUSED, source=_LOGS_DOCS),
    Refusal(_LOGS, 403, "InvalidAuthenticationToken", "Azure did not accept the token", Who.IDENTITY, _IDENTITY,
            cause=Cause.IDENTITY_REFUSED, source=_LOGS_DOCS),
    Refusal(_LOGS, 403, "InvalidAuthenticationTokenAudience", "The token is for another cloud", Who.SETTINGS, _VERSION,
            source=_LOGS_DOCS),
    Refusal(_LOGS, 403, "InsufficientAccessError", "The identity lacks a role, or has it for less than an hour",
            Who.ROLES, source=_LOGS_DOCS),
    Refusal(_LOGS, 404, "", "The workspace is not there", Who.SETTINGS, "check ROTATION_LOG_WORKSPACE_ID",
            source=_LOGS_DOCS),
    Refusal(_LOGS, 400, "BadArgumentError", "Log Analytics does not understand the query", Who.SETTINGS,
            "check that ROTATION_LOG_WORKSPACE_ID names a workspace with the accounts' logs; if so, report this",
            source=_LOGS_DOCS),
    # Tokens, where no request reached a service.
    Refusal(_TOKEN, 0, "", "", Who.IDENTITY, _IDENTITY, cause=Cause.IDENTITY_REFUSED,
            source="tried, azure-identity 1.27"),
    # The account's endpoint, where a key is proven.
    Refusal(_PROOF, 401, "", "The key is not, or not yet, or not any more this account's", Who.NOBODY,
            source=f"{_REPORT}, microsoft/semantic-kernel 10337"),
    Refusal(_PROOF, 403, "AuthenticationTypeDisabled", "Keys are switched off on the account", Who.OWNER, _KEYS_ON,
            source=f"{_REPORT}, microsoft/sample-app-aoai-chatGPT 1000"),
    Refusal(_PROOF, 403, "", "Only a private endpoint leads to the account", Who.SETTINGS, _JOIN,
            says="Public access is disabled", cause=Cause.PRIVATE_ONLY,
            source=f"{_REPORT}, TabularEditor/TabularEditor3 1557"),
    Refusal(_PROOF, 403, "", "The account has network rules, and its regional host does not serve those",
            Who.OWNER, _SUBDOMAIN, says="Please use the correct endpoint",
            cause=Cause.REGIONAL_HOST, source=f"{_REPORT}, continuedev/continue 12547"),
    Refusal(_PROOF, 403, "", "The account's firewall refuses this network", Who.SETTINGS, _JOIN,
            says="Virtual Network/Firewall rules", cause=Cause.NETWORK_CLOSED,
            source=f"{_REPORT}, Azure-Samples/azure-sql-db-chatbot 3"),
)  # fmt: skip


def explain(answered: Answered) -> Refusal:
    """Return what an answer of Azure means and what to do about it."""
    return find(TABLE, answered)
