"""Causes of errors, where one class of error has several and each needs another fix."""

from __future__ import annotations

from enum import Enum, auto


class Cause(Enum):
    """Why an error happened, if its class alone does not tell what to do about it.

    NETWORK_CLOSED: A firewall refused the call because of the network that it came from.
    PRIVATE_ONLY: Only a private endpoint leads there, and the call came another way.
    REGIONAL_HOST: The account has network rules, which its regional host does not serve; it needs a custom subdomain.
    IDENTITY_REFUSED: There was no token, or Azure did not accept it; no role assignment helps.
    UNKNOWN_HOST: The host name has no address in DNS.
    LOCKED: A read-only lock of Azure Resource Manager lies on the resource, its group or its subscription.
    SUBSCRIPTION_DISABLED: The subscription is disabled, which makes it read-only.
    DENY_ASSIGNMENT: A deny assignment refuses what a role allows.
    AZURE_POLICY: An assignment of Azure Policy refuses the change.
    ACCESS_POLICY: The vault goes by access policies, and the caller has none; a role changes nothing there.
    SHARED_KEY_OFF: The storage account takes no account keys.
    """

    NETWORK_CLOSED = auto()
    PRIVATE_ONLY = auto()
    REGIONAL_HOST = auto()
    IDENTITY_REFUSED = auto()
    UNKNOWN_HOST = auto()
    LOCKED = auto()
    SUBSCRIPTION_DISABLED = auto()
    DENY_ASSIGNMENT = auto()
    AZURE_POLICY = auto()
    ACCESS_POLICY = auto()
    SHARED_KEY_OFF = auto()
