"""The emulated accounts behind two ports: `Accounts` (Azure Resource Manager) and `Endpoint` (a call with a key)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lab.emulator.accounts import Account as EmulatedAccount
from lab.emulator.errors import AzureError, ConnectionDroppedError
from lab.simulation.azure_errors import translated
from shared.domain.keys import ApiKey, KeySlot
from shared.domain.model import AccountId
from shared.domain.refusal import Call
from shared.ports import Account, Answer, KeyAttempt, KeyAuthIsOff, Keys, Page

if TYPE_CHECKING:
    from lab.simulation.runner import Runner

PAGE = 100  # accounts in one page of a listing


class SimulatedAccounts:
    """Accounts as Azure Resource Manager shows them, and what it can do to their keys."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def read(self, account: AccountId) -> Account:
        """Read one account. Raises a RotationError if it is not there or the call fails."""
        world = self._runner.world
        with translated(str(account), "read the account", Call.READ_ACCOUNT):
            found = await self._runner.call("arm.getAccount", str(account), lambda: world.accounts[str(account)])
        return self._account(found)

    def could_be_at(self, endpoint: str) -> bool:
        """Return whether an account could have this endpoint."""
        return endpoint.startswith("https://")

    async def tagged(self, subscription: str, after: str | None = None) -> Page[Account]:
        """List one page of the accounts of a subscription that carry the tag `key-rotation`, in any case of letters."""
        world, start = self._runner.world, int(after or 0)
        with translated(f"subscription {subscription}", "list its accounts", Call.LIST_ACCOUNTS):
            found = await self._runner.call(
                "arm.listAccounts", subscription, lambda: world.accounts.in_subscription(subscription)
            )
        shown = [one for one in found[start : start + PAGE] if "key-rotation" in {name.lower() for name in one.tags}]
        return Page([self._account(one) for one in shown], str(start + PAGE) if start + PAGE < len(found) else None)

    async def list_keys(self, account: AccountId) -> Keys:
        """Read both keys. Raises KeyAuthIsOff if key authentication is switched off."""
        world, id_ = self._runner.world, str(account)
        with translated(id_, "list its keys", Call.LIST_KEYS):
            try:
                return _keys(await self._runner.call("arm.listKeys", id_, lambda: world.accounts.list_keys(id_)))
            except AzureError as error:
                if error.status == 400 and "disableLocalAuth" in error.message:
                    raise KeyAuthIsOff from error
                raise

    async def regenerate(self, account: AccountId, slot: KeySlot) -> Keys:
        """Replace one key and return both."""
        world, id_ = self._runner.world, str(account)
        with translated(id_, f"regenerate {slot}", Call.REGENERATE_KEY):
            try:
                return _keys(
                    await self._runner.call(
                        "arm.regenerateKey", id_, lambda: world.accounts.regenerate(id_, slot.value)
                    )
                )
            except AzureError as error:
                if error.status == 400 and "disableLocalAuth" in error.message:
                    raise KeyAuthIsOff from error
                raise

    async def disable_key_auth(self, account: AccountId) -> None:
        """Switch key authentication off, so that both keys stop working."""
        world, id_ = self._runner.world, str(account)
        with translated(id_, "switch keys off", Call.UPDATE_ACCOUNT):
            await self._runner.call(
                "arm.updateAccount", id_, lambda: world.accounts.update(id_, {"disable_local_auth": True})
            )

    async def enable_key_auth(self, account: AccountId) -> None:
        """Switch key authentication on."""
        world, id_ = self._runner.world, str(account)
        with translated(id_, "switch keys on", Call.UPDATE_ACCOUNT):
            await self._runner.call(
                "arm.updateAccount", id_, lambda: world.accounts.update(id_, {"disable_local_auth": False})
            )

    def _account(self, found: EmulatedAccount) -> Account:
        tags = {name.lower(): value for name, value in found.tags.items()}
        endpoint = self._runner.world.endpoint(found)
        denied = (found.network_acls or {}).get("defaultAction") == "Deny"
        return Account(
            AccountId.parse(found.id),
            endpoint,
            found.disable_local_auth is not True,
            tags,
            found.kind,
            open=found.public_network_access == "Enabled" and not denied,
            takes_identity=bool(found.subdomain),
        )


def _keys(values: Mapping[Any, str]) -> Keys:
    return {slot: ApiKey(values[slot.value]) for slot in KeySlot}


class SimulatedEndpoint:
    """The data plane of an account, which is called with a key to prove that the key works."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def try_key(self, endpoint: str, key: ApiKey) -> KeyAttempt:
        """Call the endpoint once with this key. Every failure is an answer; nothing but Killed is raised."""
        world = self._runner.world
        account = next((one for one in world.accounts if world.endpoint(one) == endpoint), None)
        try:
            return await self._runner.call(
                "aoai.models", account.id if account else endpoint, lambda: self._answer(account, key)
            )
        except AzureError as error:
            if error.status in (401, 403):
                answer = Answer.REFUSED if error.status == 401 else Answer.NETWORK_REFUSED
                return KeyAttempt(answer, str(error.status))
            return KeyAttempt(Answer.UNCLEAR, str(error.status))
        except ConnectionDroppedError:
            return KeyAttempt(Answer.UNCLEAR, "no answer")

    def _answer(self, account: EmulatedAccount | None, key: ApiKey) -> KeyAttempt:
        world = self._runner.world
        if account is None:
            return KeyAttempt(Answer.REFUSED, "401")
        if account.public_network_access != "Enabled":
            return KeyAttempt(Answer.NETWORK_REFUSED, "403")
        if world.accounts.keys_disabled(account):
            return KeyAttempt(Answer.KEYS_ARE_OFF, "403")
        accepted = world.accounts.key_accepted(account, key.reveal())
        world.accounts.note_use(account, key.reveal(), "aoai.models", 200 if accepted else 401)
        if accepted:
            world.workspace.note(account.id, "Models_List")
        return KeyAttempt(Answer.ACCEPTED, "200") if accepted else KeyAttempt(Answer.REFUSED, "401")
