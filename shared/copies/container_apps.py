"""Secrets of Container Apps and their jobs that refer to a vault. Values of secrets and variables are not looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from shared.copies.addresses import secret_of
from shared.copies.traces import AskedAt, HolderEntry, HolderList, KeyPlace, Trace

_NAMED_LIKE_A_KEY = re.compile(r"(openai|cognitive|ai_?services?|foundry)\w*key|^api[_-]?key$", re.IGNORECASE)


def read_containers(_: str, entries: Sequence[HolderEntry]) -> Iterator[Trace]:
    """Yield the secrets of apps or jobs, and variables with a value of their own that are named like a key."""
    for entry in entries:
        properties, resource = entry.get("properties") or {}, str(entry.get("id") or "")
        for secret in (properties.get("configuration") or {}).get("secrets") or ():
            yield _secret(resource, secret)
        template = properties.get("template") or {}
        for container in (*(template.get("containers") or ()), *(template.get("initContainers") or ())):
            for variable in container.get("env") or ():
                name = str(variable.get("name") or "")
                if not variable.get("secretRef") and _NAMED_LIKE_A_KEY.search(name):
                    yield Trace(resource, name, f"The variable {name}")


def _secret(resource: str, secret: HolderEntry) -> Trace:
    name, address = str(secret.get("name") or ""), secret.get("keyVaultUrl") or ()
    if not address:
        return Trace(resource, name, f"The secret {name}")
    host, named, version = address
    return Trace(resource, name, f"The secret {name}", secret=secret_of(host, named), version=version)


CONTAINER_APPS = KeyPlace(
    "container-app-secret",
    "Secrets of Container Apps and their jobs",
    ("microsoft.app/containerapps", "microsoft.app/jobs"),
    ((HolderList.CONTAINER_APPS, read_containers), (HolderList.CONTAINER_JOBS, read_containers)),
    "Let the app sign in with its managed identity (DefaultAzureCredential), give that identity the role Cognitive "
    "Services OpenAI User on the account, and delete the secret",
    "Secrets and variables that hold a value of their own are seen by name only.",
    at=AskedAt.SUBSCRIPTION,
    within="within 30 minutes; a restart of the revision does not fetch it",
)
