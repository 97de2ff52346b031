"""Answers of Azure as they are described or reported, and what each must mean: one for every row of the table."""

from __future__ import annotations

from dataclasses import dataclass

from shared.domain.causes import Cause
from shared.domain.refusal import Answered, Call, Who

SCOPE = ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/chat"
RBAC = (
    "Caller is not authorized to perform action on resource.\r\nCaller: appid=a;oid=o\r\n"
    "Action: 'Microsoft.KeyVault/vaults/secrets/setSecret/action'\r\nDenyAssignmentId: {deny}\r\n"
)
NO_POLICY = "The user, group or application 'appid=a;oid=o' does not have secrets get permission on key vault 'keys'."


@dataclass(frozen=True)
class Case:
    """One answer and what it must mean.

    answered: The answer.
    who: Who must act.
    step: A part of the next step, or an empty text if the class of the error has the step.
    cause: The cause for the doctor. None if no command is written out for it.
    """

    answered: Answered
    who: Who
    step: str = ""
    cause: Cause | None = None

    def __str__(self) -> str:
        one = self.answered
        return "-".join(str(part) for part in (one.call.name, one.status, one.code, one.inner) if part)


def _case(call: Call, status: int, code: str, who: Who, step: str = "", **more: object) -> Case:
    inner, says, cause = str(more.get("inner", "")), str(more.get("says", "")), more.get("cause")
    assert cause is None or isinstance(cause, Cause)
    return Case(Answered(call, status, code, inner, says), who, step, cause)


LOCKED = f"The scope '{SCOPE}' cannot perform write operation because following scope(s) are locked: '{SCOPE}'."
DISABLED = "The subscription 's' is disabled and therefore marked as read only."
DENIED = "has permission to perform action; however, the access is denied because of the deny assignment with name 'x'"
_READ, _KEYS, _TURN, _PATCH = Call.READ_ACCOUNT, Call.LIST_KEYS, Call.REGENERATE_KEY, Call.UPDATE_ACCOUNT
_LIST, _GET, _SET, _NOTE, _ALL = (
    Call.LIST_ACCOUNTS, Call.GET_SECRET, Call.SET_SECRET, Call.UPDATE_SECRET, Call.LIST_SECRETS
)  # fmt: skip

MANAGER = [
    _case(_LIST, 401, "InvalidAuthenticationTokenTenant", Who.SETTINGS, "tenant"),
    _case(_READ, 401, "InvalidAuthenticationToken", Who.IDENTITY, "AZURE_CLIENT_ID", cause=Cause.IDENTITY_REFUSED),
    _case(_KEYS, 401, "ExpiredAuthenticationToken", Who.IDENTITY, "identity", cause=Cause.IDENTITY_REFUSED),
    _case(_KEYS, 403, "DenyAssignmentAuthorizationFailed", Who.OWNER, "deny assignment",
          says=DENIED, cause=Cause.DENY_ASSIGNMENT),
    _case(_TURN, 403, "AuthorizationFailed", Who.OWNER, "deny assignment", says=DENIED, cause=Cause.DENY_ASSIGNMENT),
    _case(_TURN, 403, "AuthorizationFailed", Who.ROLES, says="does not have authorization to perform action"),
    _case(_PATCH, 403, "RequestDisallowedByPolicy", Who.OWNER, "Azure Policy", cause=Cause.AZURE_POLICY),
    _case(_KEYS, 409, "ScopeLocked", Who.OWNER, "lock", says=LOCKED, cause=Cause.LOCKED),
    _case(_TURN, 409, "ReadOnlyDisabledSubscription", Who.OWNER, "enable", says=DISABLED,
          cause=Cause.SUBSCRIPTION_DISABLED),
    _case(_KEYS, 403, "ReadOnlyDisabledSubscription", Who.OWNER, "enable", says=DISABLED,
          cause=Cause.SUBSCRIPTION_DISABLED),
    _case(_KEYS, 409, "MissingSubscriptionRegistration", Who.OWNER, "az provider register"),
    _case(_LIST, 404, "SubscriptionNotFound", Who.SETTINGS, "check the names"),
    _case(_READ, 404, "ResourceGroupNotFound", Who.SETTINGS, "check the names"),
    _case(_KEYS, 404, "ResourceNotFound", Who.SETTINGS, "check the names"),
    _case(_KEYS, 404, "NotFound", Who.SETTINGS, "check the names"),
    _case(_READ, 400, "InvalidApiVersionParameter", Who.SETTINGS, "AZURE_RESOURCE_MANAGER_ENDPOINT"),
    _case(_READ, 400, "NoRegisteredProviderFound", Who.SETTINGS, "upgrade"),
    _case(_TURN, 400, "AccountProvisioningStateInvalid", Who.OWNER, "last change", says=f"{ID} in state Failed"),
    _case(_KEYS, 400, "AccountProvisioningStateInvalid", Who.OWNER, "recover", says=f"Account {ID} in state Deleting"),
    _case(_KEYS, 400, "AccountProvisioningStateInvalid", Who.NOBODY, "nothing", says=f"Account {ID} in state Accepted"),
    _case(_TURN, 409, "RequestConflict", Who.NOBODY),
    _case(_PATCH, 409, "AnotherOperationInProgress", Who.NOBODY),
    _case(_KEYS, 409, "ResourceGroupBeingDeleted", Who.OWNER, "take its tags"),
]  # fmt: skip
VAULT = [
    _case(_GET, 401, "Unauthorized", Who.SETTINGS, "tenant", says="AKV10032: Invalid issuer. Expected one of"),
    _case(_GET, 401, "Unauthorized", Who.IDENTITY, "identity", cause=Cause.IDENTITY_REFUSED),
    _case(_SET, 403, "Forbidden", Who.SETTINGS, "reach the vault", inner="ForbiddenByFirewall",
          cause=Cause.NETWORK_CLOSED),
    _case(_GET, 403, "Forbidden", Who.SETTINGS, "private endpoint", inner="ForbiddenByConnection",
          cause=Cause.PRIVATE_ONLY),
    _case(_SET, 403, "Forbidden", Who.OWNER, "deny assignment", inner="ForbiddenByRbac",
          says=RBAC.format(deny="'00000000-0000-0000-0000-000000000d01'"), cause=Cause.DENY_ASSIGNMENT),
    _case(_SET, 403, "Forbidden", Who.ROLES, inner="ForbiddenByRbac", says=RBAC.format(deny="null")),
    _case(_ALL, 403, "Forbidden", Who.SETTINGS, "az keyvault set-policy", inner="AccessDenied", says=NO_POLICY,
          cause=Cause.ACCESS_POLICY),
    _case(_NOTE, 403, "Forbidden", Who.SETTINGS, "az keyvault set-policy", inner="ForbiddenByPolicy", says=NO_POLICY,
          cause=Cause.ACCESS_POLICY),
    _case(_SET, 403, "Forbidden", Who.OWNER, "Azure Policy", inner="ForbiddenByPolicy", cause=Cause.AZURE_POLICY),
    _case(_SET, 403, "ForbiddenByPolicy", Who.OWNER, "Azure Policy", cause=Cause.AZURE_POLICY),
    _case(_SET, 403, "RequestDisallowedByPolicy", Who.OWNER, "Azure Policy", cause=Cause.AZURE_POLICY),
    _case(_GET, 403, "Forbidden", Who.SETTINGS, "reach the vault",
          says="Client address is not authorized and caller is not a trusted service.", cause=Cause.NETWORK_CLOSED),
    _case(_NOTE, 403, "Forbidden", Who.JUDGE, inner="SecretDisabled"),
    _case(_ALL, 404, "VaultNotFound", Who.SETTINGS, "check the names"),
    _case(_SET, 409, "Conflict", Who.JUDGE, "recover", inner="ObjectIsDeletedButRecoverable"),
    _case(_SET, 409, "Conflict", Who.JUDGE, "recover", inner="ObjectIsBeingDeleted"),
    _case(_SET, 409, "Conflict", Who.NOBODY, inner="ObjectIsBeingRecovered"),
    _case(_SET, 409, "Conflict", Who.NOBODY),
    _case(_SET, 400, "BadParameter", Who.SETTINGS, "check the names"),
]  # fmt: skip
_SEND, _BLOB, _QUERY, _TRY = Call.PUBLISH_EVENTS, Call.STORAGE, Call.QUERY_LOGS, Call.PROVE_KEY
EVENTS = [
    _case(_SEND, 401, "Unauthorized", Who.ROLES, says="does not have permission to send data to /topics/x"),
    _case(_SEND, 401, "Unauthorized", Who.IDENTITY, "identity", cause=Cause.IDENTITY_REFUSED),
    _case(_SEND, 403, "Forbidden", Who.SETTINGS, "reach the topic", cause=Cause.NETWORK_CLOSED,
          says="Publishing to x by client 10.0.0.4 is rejected due to IpAddress filtering rules."),
    _case(_SEND, 403, "Forbidden", Who.SETTINGS, "reach the topic", cause=Cause.PRIVATE_ONLY,
          says="Publishing to x is allowed by a private endpoint only."),
    _case(_SEND, 404, "NotFound", Who.SETTINGS, "EVENT_GRID_TOPIC_ENDPOINT"),
    _case(_SEND, 400, "BadRequest", Who.SETTINGS, "CloudEvents", says="configured for the 'EventGridEvent' schema"),
    _case(_SEND, 413, "RequestEntityTooLarge", Who.SETTINGS, "report this"),
]  # fmt: skip
STORAGE = [
    _case(_BLOB, 403, "AuthorizationPermissionMismatch", Who.ROLES),
    _case(_BLOB, 403, "AuthorizationFailure", Who.SETTINGS, "reach the host's storage", cause=Cause.NETWORK_CLOSED),
    _case(_BLOB, 403, "KeyBasedAuthenticationNotPermitted", Who.SETTINGS, "AzureWebJobsStorage__accountName",
          cause=Cause.SHARED_KEY_OFF),
    _case(_BLOB, 403, "AuthenticationFailed", Who.SETTINGS, "connection string"),
    _case(_BLOB, 403, "AccountIsDisabled", Who.OWNER, "enable", cause=Cause.SUBSCRIPTION_DISABLED),
    _case(_BLOB, 401, "InvalidAuthenticationInfo", Who.IDENTITY, "identity", cause=Cause.IDENTITY_REFUSED),
    _case(_BLOB, 404, "ResourceNotFound", Who.SETTINGS, "check the names"),
    _case(_BLOB, 409, "ContainerBeingDeleted", Who.NOBODY),
]  # fmt: skip
OTHERS = [
    _case(_QUERY, 401, "AuthenticationFailed", Who.IDENTITY, "identity", cause=Cause.IDENTITY_REFUSED),
    _case(_QUERY, 403, "InvalidAuthenticationToken", Who.IDENTITY, "identity", cause=Cause.IDENTITY_REFUSED),
    _case(_QUERY, 403, "InvalidAuthenticationTokenAudience", Who.SETTINGS, "AZURE_RESOURCE_MANAGER_ENDPOINT"),
    _case(_QUERY, 403, "InsufficientAccessError", Who.ROLES),
    _case(_QUERY, 404, "PathNotFoundError", Who.SETTINGS, "ROTATION_LOG_WORKSPACE_ID"),
    _case(_QUERY, 400, "BadArgumentError", Who.SETTINGS, "ROTATION_LOG_WORKSPACE_ID"),
    _case(Call.TOKEN, 0, "", Who.IDENTITY, "AZURE_CLIENT_ID", cause=Cause.IDENTITY_REFUSED),
    _case(_TRY, 401, "401", Who.NOBODY),
    _case(_TRY, 403, "AuthenticationTypeDisabled", Who.OWNER, "switch keys on"),
    _case(_TRY, 403, "403", Who.SETTINGS, "proof", says="Public access is disabled. Please configure private endpoint.",
          cause=Cause.PRIVATE_ONLY),
    _case(_TRY, 403, "403", Who.OWNER, "custom subdomain", cause=Cause.REGIONAL_HOST,
          says="A Virtual Network is configured for this resource. Please use the correct endpoint."),
    _case(_TRY, 403, "403", Who.SETTINGS, "proof", says="Access denied due to Virtual Network/Firewall rules.",
          cause=Cause.NETWORK_CLOSED),
]  # fmt: skip
CASES = [*MANAGER, *VAULT, *EVENTS, *STORAGE, *OTHERS]
