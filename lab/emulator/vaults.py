"""Key Vault secrets: names with versions, kept after deletion until they are purged.

Every set makes a version, the same value again included. The latest version is the one made last, disabled or
not. Expiry dates are information only. Names are compared without regard to case.
"""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lab.emulator.clock import Clock
from lab.emulator.errors import AzureError

VALUE_BYTES = 25 * 1024
TAGS = 15
TAG_CHARACTERS = 256
_NAME = re.compile(r"[0-9a-zA-Z-]{1,127}")


@dataclass
class SecretVersion:
    """One version; times are whole seconds, as the service gives them."""

    name: str
    version: str
    value: str
    created: int
    updated: int
    content_type: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    enabled: bool = True
    expires: int | None = None
    not_before: int | None = None


@dataclass
class Secret:
    """A name and its versions, oldest first."""

    name: str
    versions: list[SecretVersion] = field(default_factory=list)
    deleted: float | None = None

    @property
    def latest(self) -> SecretVersion:
        return self.versions[-1]


class Vault:
    """One vault. `port` is where it is to be served, 0 for anywhere; `url` is set when it is."""

    def __init__(
        self,
        name: str,
        clock: Clock,
        *,
        subscription: str,
        resource_group: str = "emulated",
        location: str = "westeurope",
        purge_protected: bool = True,
        retention_days: int = 90,
        port: int = 0,
    ) -> None:
        self.name = name
        self._clock = clock
        self.subscription = subscription
        self.resource_group = resource_group
        self.location = location
        self.purge_protected = purge_protected
        self.retention_days = retention_days
        self.port = port
        self.firewall_closed = False
        self.url = f"https://{name}.vault.azure.net"
        self.secrets: dict[str, Secret] = {}
        self.deleted: dict[str, Secret] = {}

    @property
    def id(self) -> str:
        group = f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"
        return f"{group}/providers/Microsoft.KeyVault/vaults/{self.name}"

    @property
    def recovery_level(self) -> str:
        return "Recoverable" if self.purge_protected else "Recoverable+Purgeable"

    def set_secret(
        self,
        name: str,
        value: str,
        *,
        content_type: str | None = None,
        tags: Mapping[str, str] | None = None,
        enabled: bool = True,
        expires: float | datetime | None = None,
        not_before: float | datetime | None = None,
    ) -> SecretVersion:
        _check_name(name)
        _check(value=value, content_type=content_type, tags=tags)
        if name.lower() in self.deleted:
            raise _deleted_but_recoverable(name)
        secret = self.secrets.setdefault(name.lower(), Secret(name))
        now = int(self._clock.now())
        version = SecretVersion(secret.name, uuid.uuid4().hex, value, now, now, content_type, dict(tags or {}), enabled)
        version.expires, version.not_before = _seconds(expires), _seconds(not_before)
        secret.versions.append(version)
        return version

    def get_secret(self, name: str, version: str = "") -> SecretVersion:
        found = self.version(name, version)
        if not found.enabled:
            message = "Operation get is not allowed on a disabled secret."
            raise AzureError(403, "Forbidden", message, inner="SecretDisabled")
        return found

    def version(self, name: str, version: str = "") -> SecretVersion:
        """A version by its id, or the latest, whether it is enabled or not."""
        versions = self._secret(name).versions
        if not version:
            return versions[-1]
        for one in versions:
            if one.version == version:
                return one
        raise _secret_not_found(f"{name}/{version}")

    def update_secret(self, name: str, version: str = "", **changes: Any) -> SecretVersion:  # noqa: ANN401
        """Change attributes, content type or tags of a version in place; tags are replaced as a whole."""
        found = self.version(name, version)
        _check(content_type=changes.get("content_type"), tags=changes.get("tags"))
        for key in ("expires", "not_before"):
            if key in changes:
                changes[key] = _seconds(changes[key])
        for key, new in changes.items():
            setattr(found, key, dict(new) if key == "tags" else new)
        found.updated = int(self._clock.now())
        return found

    def list_secrets(self) -> list[SecretVersion]:
        return [self.secrets[name].latest for name in sorted(self.secrets)]

    def list_versions(self, name: str) -> list[SecretVersion]:
        secret = self.secrets.get(name.lower())
        return sorted(secret.versions, key=lambda one: one.version) if secret else []

    def delete_secret(self, name: str) -> Secret:
        secret = self._secret(name)
        secret.deleted = self._clock.now()
        self.deleted[name.lower()] = self.secrets.pop(name.lower())
        return secret

    def get_deleted(self, name: str) -> Secret:
        secret = self.deleted.get(name.lower())
        if secret is None:
            raise AzureError(404, "SecretNotFound", f"Deleted Secret not found: {name}")
        return secret

    def recover_deleted(self, name: str) -> Secret:
        secret = self.get_deleted(name)
        secret.deleted = None
        self.secrets[name.lower()] = self.deleted.pop(name.lower())
        return secret

    def purge_deleted(self, name: str) -> None:
        self.get_deleted(name)
        if self.purge_protected:
            raise AzureError(403, "Forbidden", 'Operation "purge" is not allowed because purge protection is enabled.')
        del self.deleted[name.lower()]

    def _secret(self, name: str) -> Secret:
        secret = self.secrets.get(name.lower())
        if secret is None:
            raise _secret_not_found(name)
        return secret


def _seconds(moment: float | datetime | None) -> int | None:
    if isinstance(moment, datetime):
        moment = moment.timestamp()
    return None if moment is None else int(moment)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise _bad_parameter(f"The request URI contains an invalid name: {name}")


def _check(*, value: str | None = None, content_type: str | None = None, tags: Mapping[str, str] | None = None) -> None:
    if value is not None and len(value.encode()) > VALUE_BYTES:
        raise _bad_parameter(f"Secret value exceeds the maximum allowed length of {VALUE_BYTES} bytes.")
    if content_type is not None and len(content_type) > 255:
        raise _bad_parameter("Content type exceeds the maximum allowed length of 255 characters.")
    if tags is None:
        return
    if len(tags) > TAGS:
        raise _bad_parameter(f"The number of tags exceeds the maximum of {TAGS}.")
    if any(len(text) > TAG_CHARACTERS for pair in tags.items() for text in pair):
        raise _bad_parameter(f"A tag name or value exceeds the maximum of {TAG_CHARACTERS} characters.")


def _bad_parameter(message: str) -> AzureError:
    return AzureError(400, "BadParameter", message)


def _secret_not_found(name: str) -> AzureError:
    return AzureError(404, "SecretNotFound", f"Secret not found: {name}")


def _deleted_but_recoverable(name: str) -> AzureError:
    return AzureError(
        409,
        "Conflict",
        f"Secret {name} is currently in a deleted but recoverable state, and its name cannot be reused; "
        "in this state, the secret can only be recovered or purged.",
        inner="ObjectIsDeletedButRecoverable",
    )
