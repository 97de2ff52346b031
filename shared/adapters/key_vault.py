"""Read the latest version of a secret, and publish a key with its tags in one write.

Every write makes a version, and Key Vault takes no precondition (docs/facts.md, Vault). A repeated write leaves two
equal versions, which is harmless. Tags are updated on exactly the version that was read: if another turn published
meanwhile, the update lands on a version that is no longer the latest.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.keyvault.secrets import SecretProperties
from azure.keyvault.secrets.aio import SecretClient

from shared.adapters.connections import Connections, is_loopback
from shared.adapters.pages import read_page, tags_in
from shared.adapters.translate import azure_errors, key_vault_error_code
from shared.domain.errors import UnexpectedAnswer
from shared.domain.keys import ApiKey, KeySlot
from shared.domain.model import Target
from shared.domain.publication import (
    Marks,
    Publication,
    SecretState,
    named_account,
    published_with,
    tags_of,
)
from shared.domain.refusal import Call
from shared.domain.scheduled import scheduled_at
from shared.domain.seals import with_value
from shared.ports import Page

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

CONTENT_TYPE = "Azure OpenAI API key"
READ_RETRIES = 2
_NAMED_BY = "the vault's address in ROTATION_VAULT_URL, ROTATION_TARGETS or the account's tag key-rotation-vault"
_vault_errors = partial(azure_errors, named_by=_NAMED_BY)


class KeyVault:
    """Secrets through Azure's own client, one client for each vault.

    credential: The app's identity.
    connections: The process's sessions.
    """

    def __init__(self, credential: AsyncTokenCredential, connections: Connections) -> None:
        self._credential = credential
        self._connections = connections
        self._clients: dict[str, SecretClient] = {}

    async def latest(self, target: Target) -> Publication | None:
        """Return the latest version of the target's secret. None if there is no such secret.

        Key Vault refuses to read a disabled version and does not find a deleted secret (docs/facts.md, Vault). Both
        are returned without a value. Raises UnexpectedAnswer if the answer has no value or no version.
        """
        client = self._client(target.vault_url)
        with _vault_errors(target.secret_url, "read the secret", Call.GET_SECRET):
            try:
                secret = await client.get_secret(target.secret)
            except ResourceNotFoundError:
                return await self._deleted(client, target)
            except HttpResponseError as error:
                if error.status_code == 403 and key_vault_error_code(error) == "SecretDisabled":
                    return await self._disabled(client, target)
                raise
        if not isinstance(secret.value, str) or not secret.value or not secret.properties.version:
            raise UnexpectedAnswer(target.secret_url, "Key Vault answered without a value or a version.")
        key, read = ApiKey(secret.value), _publication(secret.properties, SecretState.ACTIVE)
        return with_value(read, key, target.secret_url)

    async def _deleted(self, client: SecretClient, target: Target) -> Publication | None:
        try:
            deleted = await client.get_deleted_secret(target.secret)
        except ResourceNotFoundError:
            return None
        return _publication(deleted.properties, SecretState.DELETED)

    async def _disabled(self, client: SecretClient, target: Target) -> Publication | None:
        """The disabled version, without its value.

        Versions are listed in no order. The latest is the youngest; of two that were made in the same second it is the
        disabled one, because Key Vault's refusal was about that one.
        """
        versions = [version async for version in client.list_properties_of_secret_versions(target.secret)]
        latest = max(versions, key=lambda one: (_time(one.created_on), not one.enabled), default=None)
        return _publication(latest, SecretState.DISABLED) if latest else None

    async def earlier(self, target: Target) -> list[Publication]:
        """Return all versions of the secret, the youngest first, without values. Each page of 25 costs a call."""
        client = self._client(target.vault_url)
        with _vault_errors(target.secret_url, "list the secret's versions", Call.LIST_SECRETS):
            found = [version async for version in client.list_properties_of_secret_versions(target.secret)]
        versions = [_publication(one, SecretState.ACTIVE if one.enabled else SecretState.DISABLED) for one in found]
        return sorted(versions, key=lambda one: one.created, reverse=True)

    async def account_of(self, vault_url: str, secret: str) -> str | None:
        """Return the account that the tags of a secret name. None if there is no such secret or no such tag."""
        versions = self._client(vault_url).list_properties_of_secret_versions(secret)
        with _vault_errors(f"{vault_url}/secrets/{secret}", "list the secret's versions", Call.LIST_SECRETS):
            try:
                found = [_publication(one, SecretState.ACTIVE) async for one in versions]
            except ResourceNotFoundError:
                return None
        return named_account(found)

    async def publish(self, target: Target, key: ApiKey, slot: KeySlot, marks: Marks, others: Mapping[str, str]) -> str:
        """Write a new version: the key, all its tags, and the due date as its expiry. Return the version's id.

        others: Tags that other people or tools put on the secret. They are kept.
        The call is never repeated by itself, because each repetition would make another version.
        """
        with _vault_errors(target.secret_url, "publish the key", Call.SET_SECRET):
            written = await self._client(target.vault_url).set_secret(
                target.secret,
                key.reveal(),
                tags=tags_of(marks, slot, str(target.account), target.cadence.period, others),
                content_type=CONTENT_TYPE,
                expires_on=scheduled_at(marks, target),
                retry_total=0,
            )
        return written.properties.version or ""

    async def note(self, target: Target, publication: Publication, slot: KeySlot, marks: Marks) -> None:
        """Write these marks on the tags of exactly this version."""
        validity = publication.validity_with(marks, target.cadence.period)
        tags = tags_of(marks, slot, str(target.account), validity, publication.others)
        with _vault_errors(target.secret_url, "note on the secret what was announced", Call.UPDATE_SECRET):
            client = self._client(target.vault_url)
            due = scheduled_at(marks, target, publication.named_due)
            await client.update_secret_properties(
                target.secret, publication.version, tags=tags, content_type=CONTENT_TYPE, expires_on=due
            )

    async def withdraw(self, target: Target, publication: Publication) -> None:
        """Disable this version, so that Key Vault no longer gives out its value."""
        with _vault_errors(target.secret_url, "disable the published version", Call.UPDATE_SECRET):
            client = self._client(target.vault_url)
            await client.update_secret_properties(target.secret, publication.version, enabled=False)

    async def listing(self, vault_url: str, after: str | None = None) -> Page[tuple[str, Publication]]:
        """Return one page of the secrets, 25 at most: the name and the latest version of each, without values."""
        client, first = self._client(vault_url), f"{vault_url.rstrip('/')}/secrets"
        with _vault_errors(vault_url, "list its secrets", Call.LIST_SECRETS):
            found, following = await read_page(client.send_request, first, after, vault_url)
            return Page([_listed(one) for one in found], following)

    def _client(self, vault_url: str) -> SecretClient:
        if vault_url not in self._clients:
            self._clients[vault_url] = SecretClient(
                vault_url,
                self._credential,
                transport=self._connections.transport(),
                # An address on this machine is in no domain that an authentication challenge can name.
                verify_challenge_resource=not is_loopback(vault_url),
                retry_total=READ_RETRIES,
                permit_redirects=False,
            )
        return self._clients[vault_url]


def _publication(properties: SecretProperties, state: SecretState) -> Publication:
    return published_with(
        {str(name): str(text) for name, text in (properties.tags or {}).items()},
        version=properties.version or "",
        state=state,
        created=_time(properties.created_on),
        expires=properties.expires_on,
        labelled=properties.content_type == CONTENT_TYPE,
        updated=_time(properties.updated_on) if properties.updated_on else None,
    )


def _listed(found: Mapping[str, Any]) -> tuple[str, Publication]:
    """Return the name of a secret and its latest version, as a page shows them. Its id does not name the version."""
    facts = found.get("attributes") or {}
    expires, updated = facts.get("exp"), facts.get("updated")
    publication = published_with(
        tags_in(found),
        version="",
        state=SecretState.ACTIVE if facts.get("enabled") else SecretState.DISABLED,
        created=_moment(facts.get("created")),
        expires=_moment(expires) if expires else None,
        labelled=found.get("contentType") == CONTENT_TYPE,
        updated=_moment(updated) if updated else None,
    )
    return str(found["id"]).rpartition("/secrets/")[2].partition("/")[0], publication


def _moment(seconds: float | None) -> datetime:
    return datetime.fromtimestamp(seconds or 0, UTC)


def _time(moment: datetime | None) -> datetime:
    return moment.astimezone(UTC) if moment else datetime.fromtimestamp(0, UTC)
