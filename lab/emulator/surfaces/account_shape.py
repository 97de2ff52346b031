"""The JSON of an account in ARM's answers, with every property of an answer recorded in 2025.

disableLocalAuth, networkAcls and customSubDomainName are absent until they are set (docs/facts.md, Keys).
"""

from datetime import UTC, datetime
from typing import Any

from lab.emulator.accounts import Account

_CAPABILITIES = [{"name": "VirtualNetworks"}, {"name": "CustomerManagedKey"}, {"name": "RaiMonitor"}]


def render(account: Account, endpoint: str) -> dict[str, Any]:
    """Return the ARM resource of an account. `endpoint` is the endpoint URL to show."""
    created, modified = _moment(account.created), _moment(account.modified)
    return {
        "id": account.id,
        "name": account.name,
        "type": "Microsoft.CognitiveServices/accounts",
        "etag": account.etag,
        "location": account.location,
        "sku": account.sku,
        "kind": account.kind,
        "tags": account.tags,
        "properties": {**_always_present(account, endpoint), **_present_when_set(account), **account.properties},
        "systemData": {
            "createdBy": "emulator",
            "createdByType": "Application",
            "createdAt": created,
            "lastModifiedBy": "emulator",
            "lastModifiedByType": "Application",
            "lastModifiedAt": modified,
        },
    }


def _always_present(account: Account, endpoint: str) -> dict[str, Any]:
    """Return the properties that every account has."""
    return {
        "endpoint": endpoint,
        "provisioningState": account.state,
        "internalId": account.internal_id,
        "dateCreated": _moment(account.created),
        "apiProperties": {},
        "callRateLimit": {"rules": [_rule("openai", "openai/*"), _rule("default", "*")]},
        "isMigrated": False,
        "allowProjectManagement": False,
        "privateEndpointConnections": [],
        "publicNetworkAccess": account.public_network_access,
        "capabilities": _CAPABILITIES,
        "endpoints": {"OpenAI Language Model Instance API": endpoint, "Token Service API": endpoint},
    }


def _present_when_set(account: Account) -> dict[str, Any]:
    """Return the properties that are absent until they are set."""
    facts = {
        "disableLocalAuth": account.disable_local_auth,
        "networkAcls": account.network_acls,
        "customSubDomainName": account.subdomain,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _rule(key: str, path: str) -> dict[str, Any]:
    patterns = [{"path": path, "method": "*"}]
    return {"key": key, "renewalPeriod": 1, "count": 30, "matchPatterns": patterns}


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
