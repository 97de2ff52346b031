"""The emulated key vault behind the port `Vault`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lab.emulator.errors import AzureError
from lab.emulator.vaults import SecretVersion, Vault
from lab.simulation.azure_errors import translated
from shared.adapters.key_vault import CONTENT_TYPE
from shared.domain.keys import ApiKey, KeySlot
from shared.domain.model import Target
from shared.domain.publication import Marks, Publication, SecretState, named_account, others_in, read_tags, tags_of
from shared.domain.refusal import Call
from shared.domain.scheduled import scheduled_at
from shared.domain.seals import with_value
from shared.ports import Page

if TYPE_CHECKING:
    from lab.simulation.runner import Runner

PAGE = 25  # secrets in one page of a listing, as in Key Vault


class SimulatedVault:
    """The secrets of every vault of the world, by the vault URL of the target."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def latest(self, target: Target) -> Publication | None:
        """Read the latest version, also if it is disabled or the secret is deleted. None if there is no secret."""
        vault = self._vault(target.vault_url)
        with translated(target.secret_url, "read the secret", Call.GET_SECRET):
            try:
                found = await self._runner.call(
                    "kv.getSecret", target.secret_url, lambda: vault.get_secret(target.secret)
                )
            except AzureError as error:
                if error.status == 404:
                    return await self._deleted(target)
                if error.inner == "SecretDisabled":
                    return await self._disabled(target)
                raise
        return with_value(_publication(found, SecretState.ACTIVE), ApiKey(found.value), target.secret_url)

    async def _deleted(self, target: Target) -> Publication | None:
        vault = self._vault(target.vault_url)
        try:
            gone = await self._runner.call("kv.getDeleted", target.secret_url, lambda: vault.get_deleted(target.secret))
        except AzureError as error:
            if error.status == 404:
                return None
            raise
        return _publication(gone.latest, SecretState.DELETED)

    async def _disabled(self, target: Target) -> Publication | None:
        vault = self._vault(target.vault_url)
        found = await self._runner.call(
            "kv.listVersions", target.secret_url, lambda: vault.list_versions(target.secret)
        )
        latest = max(found, key=lambda one: (one.created, not one.enabled), default=None)
        return _publication(latest, SecretState.DISABLED) if latest else None

    async def earlier(self, target: Target) -> list[Publication]:
        """List all versions of the secret, the youngest first, without values."""
        vault = self._vault(target.vault_url)
        with translated(target.secret_url, "list the secret's versions", Call.LIST_SECRETS):
            found = await self._runner.call(
                "kv.listVersions", target.secret_url, lambda: vault.list_versions(target.secret)
            )
        versions = [_publication(one, SecretState.ACTIVE if one.enabled else SecretState.DISABLED) for one in found]
        return sorted(versions, key=lambda one: one.created, reverse=True)

    async def account_of(self, vault_url: str, secret: str) -> str | None:
        """Return the account that the tags of the secret's youngest version with such a tag name."""
        vault, url = self._vault(vault_url), f"{vault_url}/secrets/{secret}"
        with translated(url, "list the secret's versions", Call.LIST_SECRETS):
            found = await self._runner.call("kv.listVersions", url, lambda: vault.list_versions(secret))
        return named_account([_publication(one, SecretState.ACTIVE) for one in found])

    async def publish(self, target: Target, key: ApiKey, slot: KeySlot, marks: Marks, others: Mapping[str, str]) -> str:
        """Write a new version: the key, its tags and its expiry date in one call. Return its id."""
        vault, period = self._vault(target.vault_url), target.cadence.period
        with translated(target.secret_url, "publish the key", Call.SET_SECRET):
            written = await self._runner.call(
                "kv.setSecret",
                target.secret_url,
                lambda: vault.set_secret(
                    target.secret,
                    key.reveal(),
                    content_type=CONTENT_TYPE,
                    tags=tags_of(marks, slot, str(target.account), period, others),
                    expires=scheduled_at(marks, target),
                ),
            )
        return written.version

    async def note(self, target: Target, publication: Publication, slot: KeySlot, marks: Marks) -> None:
        """Replace the tags of this version."""
        validity = publication.validity_with(marks, target.cadence.period)
        tags = tags_of(marks, slot, str(target.account), validity, publication.others)
        with translated(target.secret_url, "note on the secret what was announced", Call.UPDATE_SECRET):
            await self._update(
                target, publication, tags=tags, expires=scheduled_at(marks, target, publication.named_due)
            )

    async def withdraw(self, target: Target, publication: Publication) -> None:
        """Disable this version."""
        with translated(target.secret_url, "disable the published version", Call.UPDATE_SECRET):
            await self._update(target, publication, enabled=False)

    async def listing(self, vault_url: str, after: str | None = None) -> Page[tuple[str, Publication]]:
        """List one page of the secrets, each with its name and its latest version, without values."""
        vault, start = self._vault(vault_url), int(after or 0)
        with translated(vault_url, "list its secrets", Call.LIST_SECRETS):
            found = await self._runner.call("kv.listSecrets", vault_url, vault.list_secrets)
        shown = found[start : start + PAGE]
        states = {True: SecretState.ACTIVE, False: SecretState.DISABLED}
        entries = [(one.name, _publication(one, states[bool(one.enabled)])) for one in shown]
        return Page(entries, str(start + PAGE) if start + PAGE < len(found) else None)

    async def _update(self, target: Target, publication: Publication, **changes: Any) -> None:
        vault = self._vault(target.vault_url)
        await self._runner.call(
            "kv.updateSecret",
            target.secret_url,
            lambda: vault.update_secret(target.secret, publication.version, **changes),
        )

    def _vault(self, url: str) -> Vault:
        return next(vault for vault in self._runner.world.vaults.values() if vault.url == url)


def _publication(found: SecretVersion, state: SecretState) -> Publication:
    slot, provider, validity, marks = read_tags(found.tags)
    return Publication(
        version=found.version,
        state=state,
        created=datetime.fromtimestamp(found.created, UTC),
        expires=datetime.fromtimestamp(found.expires, UTC) if found.expires else None,
        slot=slot,
        provider=provider,
        validity=validity,
        marks=marks,
        others=others_in(found.tags),
        labelled=found.content_type == CONTENT_TYPE,
        updated=datetime.fromtimestamp(found.updated, UTC),
    )
