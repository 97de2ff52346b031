"""The refusals of the ARM gateway, in the words that are recorded or reported (specs/observed, "arm")."""

from collections.abc import Iterable, Mapping

from lab.emulator.directory import Identity
from lab.emulator.errors import AzureError
from lab.emulator.limits import Kind


def invalid_token() -> AzureError:
    """Return the 401 for a request without a valid token."""
    message = "The access token is invalid."
    challenge = (
        f'Bearer authorization_uri="https://login.windows.net/", error="invalid_token", error_description="{message}"'
    )
    headers = {"WWW-Authenticate": challenge}
    return AzureError(401, "InvalidAuthenticationToken", message, gateway=True, headers=headers)


def invalid_content() -> AzureError:
    """Return the 400 for a body that is not a JSON object, or not one of the operation's."""
    message = "The request content was invalid and could not be deserialized."
    return AzureError(400, "InvalidRequestContent", message, gateway=True)


def not_authorized(caller: Identity, action: str, scope: str) -> AzureError:
    """Return the 403 for an action that no role of the caller allows."""
    return AzureError(
        403,
        "AuthorizationFailed",
        f"The client '{caller.client_id}' with object id '{caller.object_id}' does not have authorization to "
        f"perform action '{action}' over scope '{scope}' or the scope is invalid. If access was recently "
        "granted, please refresh your credentials.",
        gateway=True,
    )


def throttled(subscription: str, caller: Identity, kind: Kind, wait: int, headers: Mapping[str, str]) -> AzureError:
    """Return the 429 for more calls than the bucket holds. `wait` is in seconds, `headers` ask to wait so long."""
    message = (
        f"Number of '{kind.removesuffix('s')}' requests for subscription '{subscription}' "
        f"actor '{caller.object_id}' exceeded. Please try again after '{wait}' seconds."
    )
    return AzureError(429, "SubscriptionRequestsThrottled", message, gateway=True, headers=headers)


def check_version(version: str, supported: Iterable[str]) -> None:
    """Raise AzureError 400 if an api-version is missing or is not one that is imitated."""
    if not version:
        message = "The api-version query parameter (?api-version=) is required for all requests."
        raise AzureError(400, "MissingApiVersionParameter", message, gateway=True)
    if version not in supported:
        message = f"The api-version '{version}' is invalid. The supported versions are '{', '.join(supported)}'."
        raise AzureError(400, "InvalidApiVersionParameter", message, gateway=True)
