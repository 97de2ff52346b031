"""Key Vault secrets: names with versions, kept after deletion until they are recovered or purged.

Each set creates a version, even with the same value. The latest version is the newest one, whether it is enabled or
not. Expiry dates are only information: an expired secret can be read. Names are compared without regard to case. The
rules are those of docs/facts.md, Vault. Roles, limits and HTTP are left to `surfaces.key_vault`.
"""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from lab.emulator.clock import Clock
from lab.emulator.errors import AzureError

# docs/facts.md, Vault. Microsoft's pages give 256 or 512 characters for a tag; the smaller limit is the safe one.
VALUE_BYTES = 25 * 1024
TAGS = 15
TAG_CHARACTERS = 256
_NAME = re.compile(r"[0-9a-zA-Z-]{1,127}")


@dataclass
class SecretVersion:
    """One version of a secret. Times are whole seconds since 1970, as the service gives them.

    name: The secret name.
    version: The version id.
    value: The secret value.
    created: When the version was created.
    updated: When its attributes or tags last changed.
    content_type: The content type, or None.
    tags: The tags.
    enabled: Whether the version can be read.
    expires: The expiry date, or None. It does not stop a read.
    not_before: The activation date, or None. It does not stop a read.
    """

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
    """A secret name and its versions.

    name: The name as it was first set.
    versions: The versions, oldest first.
    past: For each change while reads are late, when it was made and what the latest version was before it.
    deleted: When the secret was deleted, in seconds since 1970. None if it was not.
    """

    name: str
    versions: list[SecretVersion] = field(default_factory=list)
    past: list[tuple[float, SecretVersion | None]] = field(default_factory=list)
    deleted: float | None = None

    @property
    def latest(self) -> SecretVersion:
        """The newest version."""
        return self.versions[-1]

    def remember(self, now: float) -> None:
        """Keep what the latest version is before a change."""
        self.past.append((now, replace(self.latest) if self.versions else None))

    def shown(self, moment: float) -> SecretVersion | None:
        """Return the latest version as it was at that moment. None if there was none."""
        later = (before for made, before in self.past if made > moment)
        return next(later, self.latest)


class Vault:
    """One vault and its secrets.

    name: The vault name.
    clock: The world's clock.
    subscription: The subscription id.
    resource_group: The resource group. Default `emulated`.
    location: The Azure region. Default `westeurope`.
    purge_protected: Whether purging deleted secrets is refused. Default True.
    retention_days: How long deleted secrets are said to be kept. Default 90 days; the emulator never removes one
        itself.
    port: The port to serve the vault on. Default 0: any free port.
    firewall_closed: Whether the vault refuses every caller whose address is not in `admitted`. Default False.
    admitted: The IP addresses that the closed firewall admits. Default none.
    read_lag: How long a read or a listing of the latest version shows what was there before a change, in seconds. No
        delay is documented. Default 0.
    private_only: Whether only a private endpoint leads to the vault. It has none, so every caller is refused.
    policies: The access policies: for each object id, what it may do with secrets, such as `get`. None: the vault goes
        by roles, as by default; with policies, roles count for nothing.
    compound: The access policies that hold only while one application acts for the principal: what they allow, by
        object id and client id. No caller of this emulator acts for another, so they are only shown.
    for_deployments: Whether a deployment of a template may read secrets. It is only shown.
    tags: The tags of the vault.
    url: The vault URL, set when the vault is served.
    secrets: The secrets by lower case name.
    deleted: The deleted secrets by lower case name.
    """

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
        self.admitted: set[str] = set()
        self.read_lag = 0.0
        self.private_only = False
        self.policies: dict[str, set[str]] | None = None
        self.compound: dict[tuple[str, str], set[str]] = {}
        self.for_deployments = False
        self.tags: dict[str, str] = {}
        self.url = f"https://{name}.vault.azure.net"
        self.secrets: dict[str, Secret] = {}
        self.deleted: dict[str, Secret] = {}

    @property
    def id(self) -> str:
        """The ARM resource id."""
        group = f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"
        return f"{group}/providers/Microsoft.KeyVault/vaults/{self.name}"

    @property
    def recovery_level(self) -> str:
        """The `recoveryLevel` attribute of every secret in the vault."""
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
        """Create a new version of a secret and return it.

        `expires` and `not_before` are seconds since 1970 or aware datetimes. Raises AzureError 400 if name, value,
        content type or tags exceed Key Vault's limits, and 409 if a deleted secret has the name (docs/facts.md,
        Vault).
        """
        _check_name(name)
        _check(value=value, content_type=content_type, tags=tags)
        if name.lower() in self.deleted:
            raise _deleted_but_recoverable(name)
        secret = self.secrets.setdefault(name.lower(), Secret(name))
        if self.read_lag:
            secret.remember(self._clock.now())
        now = int(self._clock.now())
        version = SecretVersion(secret.name, uuid.uuid4().hex, value, now, now, content_type, dict(tags or {}), enabled)
        version.expires, version.not_before = _seconds(expires), _seconds(not_before)
        secret.versions.append(version)
        return version

    def get_secret(self, name: str, version: str = "") -> SecretVersion:
        """Return a version by its id, or the latest.

        Raises AzureError 404 if it does not exist and 403 SecretDisabled if it is disabled; no older version takes its
        place (docs/facts.md, Vault).
        """
        found = self.version(name, version) if version else self._shown(name)
        if not found.enabled:
            message = "Operation get is not allowed on a disabled secret."
            raise AzureError(403, "Forbidden", message, inner="SecretDisabled")
        return found

    def version(self, name: str, version: str = "") -> SecretVersion:
        """Return a version by its id, or the latest, whether it is enabled or not.

        Raises AzureError 404 if the secret or the version does not exist.
        """
        versions = self._secret(name).versions
        if not version:
            return versions[-1]
        for one in versions:
            if one.version == version:
                return one
        raise _secret_not_found(f"{name}/{version}")

    def update_secret(self, name: str, version: str = "", **changes: Any) -> SecretVersion:  # noqa: ANN401
        """Change a version in place and return it.

        `changes` are fields of `SecretVersion`; new tags replace all old ones. Raises AzureError 404 if the version
        does not exist and 400 if content type or tags exceed the limits.
        """
        found = self.version(name, version)
        if self.read_lag:
            self._secret(name).remember(self._clock.now())
        _check(content_type=changes.get("content_type"), tags=changes.get("tags"))
        for key in ("expires", "not_before"):
            if key in changes:
                changes[key] = _seconds(changes[key])
        for key, new in changes.items():
            setattr(found, key, dict(new) if key == "tags" else new)
        found.updated = int(self._clock.now())
        return found

    def list_secrets(self) -> list[SecretVersion]:
        """Return the latest version of every secret as a read shows it, by name."""
        moment = self._clock.now() - self.read_lag
        shown = (self.secrets[name].shown(moment) for name in sorted(self.secrets))
        return [version for version in shown if version is not None]

    def list_versions(self, name: str) -> list[SecretVersion]:
        """Return all versions of a secret by version id; none if the secret does not exist."""
        secret = self.secrets.get(name.lower())
        return sorted(secret.versions, key=lambda one: one.version) if secret else []

    def delete_secret(self, name: str) -> Secret:
        """Delete a secret with all versions, recoverably, and return it. Raises AzureError 404 if it does not exist."""
        secret = self._secret(name)
        secret.deleted = self._clock.now()
        self.deleted[name.lower()] = self.secrets.pop(name.lower())
        return secret

    def get_deleted(self, name: str) -> Secret:
        """Return a deleted secret. Raises AzureError 404 if there is none of that name."""
        secret = self.deleted.get(name.lower())
        if secret is None:
            raise AzureError(404, "SecretNotFound", f"Deleted Secret not found: {name}")
        return secret

    def recover_deleted(self, name: str) -> Secret:
        """Recover a deleted secret with all its versions and return it.

        Raises AzureError 404 if there is no deleted secret of that name.
        """
        secret = self.get_deleted(name)
        secret.deleted = None
        self.secrets[name.lower()] = self.deleted.pop(name.lower())
        return secret

    def purge_deleted(self, name: str) -> None:
        """Remove a deleted secret for good.

        Raises AzureError 404 if there is none of that name and 403 if the vault has purge protection.
        """
        self.get_deleted(name)
        if self.purge_protected:
            raise AzureError(403, "Forbidden", 'Operation "purge" is not allowed because purge protection is enabled.')
        del self.deleted[name.lower()]

    def _shown(self, name: str) -> SecretVersion:
        """Return the latest version as a read shows it, which can be late."""
        shown = self._secret(name).shown(self._clock.now() - self.read_lag)
        if shown is None:
            raise _secret_not_found(name)
        return shown

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
