"""What a client asks before anything else: the addresses of the cloud, and the subscriptions that it may use."""

from typing import Any


def endpoints(manager: str, tenant: str) -> dict[str, Any]:
    """Return the addresses of this cloud, in the shape of api-version 2022-09-01. `manager` is ARM's own URL."""
    return {
        "name": "EmulatedCloud",
        "resourceManager": manager,
        "authentication": {
            "loginEndpoint": "https://login.windows.net/",
            "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
            "tenant": tenant,
            "identityProvider": "AAD",
        },
        "suffixes": {"keyVaultDns": "vault.azure.net", "storage": "core.windows.net"},
    }


def subscription(subscription_id: str, tenant: str) -> dict[str, Any]:
    """Return a subscription as ARM shows it, in the shape of api-version 2022-12-01."""
    return {
        "id": f"/subscriptions/{subscription_id}",
        "subscriptionId": subscription_id,
        "displayName": "Emulated subscription",
        "state": "Enabled",
        "tenantId": tenant,
        "authorizationSource": "RoleBased",
    }
