"""List, regenerate and switch off the keys of an account, through Azure Resource Manager.

`regenerateKey` has no precondition and no version, and Azure's client would repeat it by itself after a 500, 503 or 504
(docs/facts.md, Keys). Repetition is switched off for it. After an unclear answer `listKeys` shows what happened, and
the next turn makes that call.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import HttpResponseError
from azure.mgmt.cognitiveservices.aio import CognitiveServicesManagementClient

from shared.adapters.account_hosts import could_be_an_endpoint
from shared.adapters.connections import Connections
from shared.adapters.pages import read_page, tags_in
from shared.adapters.translate import azure_errors
from shared.domain.account_kinds import in_state, serves_openai
from shared.domain.errors import PersonMustLook, UnexpectedAnswer
from shared.domain.keys import ApiKey, KeySlot
from shared.domain.model import AccountId
from shared.domain.refusal import Call
from shared.domain.text import quotable
from shared.ports import Account, KeyAuthIsOff, Keys, Page
from shared.settings.target_fields import TAG

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

# Requests name keys with a capital letter, answers without (docs/facts.md, Keys).
_NAMES = {KeySlot.KEY1: "Key1", KeySlot.KEY2: "Key2"}
READ_RETRIES = 2
_OUTSIDE = "That is no host of Azure's domains for such accounts, so no key is sent there."
CHANGE_SECONDS = 120  # a change that takes longer goes on without us, and a later turn sees what became of it


class OpenAIAccounts:
    """Accounts through Azure's own management client, one client for each subscription.

    credential: The app's identity.
    resource_manager: The address of Azure Resource Manager.
    connections: The process's sessions.
    """

    def __init__(self, credential: AsyncTokenCredential, resource_manager: str, connections: Connections) -> None:
        self._credential = credential
        self._resource_manager = resource_manager
        self._connections = connections
        self._clients: dict[str, CognitiveServicesManagementClient] = {}

    async def read(self, account: AccountId) -> Account:
        """Return the account.

        If it has no https endpoint, raises what its state says, or UnexpectedAnswer if it is ready. Raises
        PersonMustLook if its endpoint lies outside Azure's domains: no key is sent there.
        """
        with azure_errors(str(account), "read the account", Call.READ_ACCOUNT):
            found = await self._operations(account.subscription).get(account.group, account.name)
        read = _account(found, account)
        if not self.could_be_at(read.endpoint):
            raise PersonMustLook(str(account), f"Azure names the endpoint {quotable(read.endpoint)[:200]}. {_OUTSIDE}")
        return read

    async def tagged(self, subscription: str, after: str | None = None) -> Page[Account]:
        """Return one page of the accounts of a subscription that carry our tag, with any value. Their endpoints are
        empty."""
        found, following = await self._page(subscription, after)
        return Page([listed(one) for one in found if TAG in {name.lower() for name in tags_in(one)}], following)

    async def everyone(self, subscription: str) -> AsyncIterator[Account]:
        """Yield the accounts of a subscription that serve Azure OpenAI, tagged or not. Their endpoints are empty."""
        after: str | None = None
        while True:
            found, after = await self._page(subscription, after)
            for one in found:
                if serves_openai(str(one.get("kind") or "")):
                    yield listed(one)
            if after is None:
                return

    async def _page(self, subscription: str, after: str | None) -> tuple[list[dict[str, Any]], str | None]:
        client = self._client(subscription)
        version = client._config.api_version
        path = f"/subscriptions/{subscription}/providers/Microsoft.CognitiveServices/accounts"
        first = f"{self._resource_manager.rstrip('/')}{path}?api-version={version}"
        with azure_errors(f"subscription {subscription}", "list its accounts", Call.LIST_ACCOUNTS):
            return await read_page(client._send_request, first, after, f"subscription {subscription}")

    def could_be_at(self, endpoint: str) -> bool:
        """Return whether an account can have this endpoint (`could_be_an_endpoint`)."""
        return could_be_an_endpoint(endpoint, self._resource_manager)

    async def list_keys(self, account: AccountId) -> Keys:
        """Return both keys.

        Raises KeyAuthIsOff if keys are switched off: Azure then answers 400 (docs/facts.md, Keys).
        """
        with azure_errors(str(account), "list its keys", Call.LIST_KEYS), _keys_are_off_as_such():
            answer = await self._operations(account.subscription).list_keys(account.group, account.name)
        return _keys(answer, account)

    async def regenerate(self, account: AccountId, slot: KeySlot) -> Keys:
        """Replace one key, whose old value stops working immediately, and return both. The call is never repeated.

        Raises KeyAuthIsOff if Azure refuses that with the status 400 because keys are off.
        """
        with azure_errors(str(account), f"regenerate {slot.words}", Call.REGENERATE_KEY), _keys_are_off_as_such():
            answer = await self._operations(account.subscription).regenerate_key(
                account.group, account.name, key_name=_NAMES[slot], retry_total=0
            )
        return _keys(answer, account)

    async def disable_key_auth(self, account: AccountId) -> None:
        """Switch keys off and wait until Azure Resource Manager says that it is done, for `CHANGE_SECONDS` at most.

        The endpoint refuses keys some minutes after that (docs/facts.md, Keys).
        """
        with azure_errors(str(account), "switch keys off", Call.UPDATE_ACCOUNT):
            await self._switch(account, off=True)

    async def enable_key_auth(self, account: AccountId) -> None:
        """Switch keys on and wait until Azure Resource Manager says that it is done, for `CHANGE_SECONDS` at most.

        The endpoint accepts them some minutes after that. A policy may refuse it, or switch them off again
        (docs/facts.md, Keys).
        """
        with azure_errors(str(account), "switch keys on", Call.UPDATE_ACCOUNT):
            await self._switch(account, off=False)

    async def _switch(self, account: AccountId, *, off: bool) -> None:
        change: Any = {"properties": {"disableLocalAuth": off}}
        async with asyncio.timeout(CHANGE_SECONDS):
            poller = await self._operations(account.subscription).begin_update(account.group, account.name, change)
            await poller.result()

    def _operations(self, subscription: str) -> Any:  # noqa: ANN401 - the generated operations carry no useful types
        return self._client(subscription).accounts

    def _client(self, subscription: str) -> CognitiveServicesManagementClient:
        if subscription not in self._clients:
            self._clients[subscription] = CognitiveServicesManagementClient(
                self._credential,
                subscription,
                base_url=self._resource_manager,
                credential_scopes=[f"{self._resource_manager}/.default"],
                transport=self._connections.transport(),
                retry_total=READ_RETRIES,
                permit_redirects=False,
            )
        return self._clients[subscription]


@contextmanager
def _keys_are_off_as_such() -> Iterator[None]:
    try:
        yield
    except HttpResponseError as error:
        if error.status_code == 400 and "disableLocalAuth" in str(error.message):
            raise KeyAuthIsOff from error
        raise


def listed(found: Mapping[str, Any]) -> Account:
    """Return the account that an entry of a listing shows.

    It has no endpoint: one without an endpoint stops its own turn, not the whole listing (P10). Raises UnexpectedAnswer
    for an invalid id.
    """
    tags = {name.lower(): text for name, text in tags_in(found).items()}
    properties = found.get("properties")
    facts = properties if isinstance(properties, dict) else {}
    try:
        account = AccountId.parse(str(found.get("id")))
    except ValueError as problem:
        what = f"Azure listed an account with an invalid id: {problem}."
        raise UnexpectedAnswer(str(found.get("id")), what) from None
    return Account(
        account,
        "",
        key_auth=facts.get("disableLocalAuth") is not True,
        tags=tags,
        kind=str(found.get("kind") or ""),
        state=str(facts.get("provisioningState") or ""),
        open=_is_open(facts),
        takes_identity=bool(facts.get("customSubDomainName")),
        subdomain=str(facts.get("customSubDomainName") or ""),
    )


def _is_open(facts: Mapping[str, Any]) -> bool:
    """Return whether an account takes calls from any address: no network settings mean that it does (docs/facts.md,
    Keys)."""
    rules = facts.get("networkAcls")
    action = rules.get("defaultAction") if isinstance(rules, dict) else None
    return facts.get("publicNetworkAccess") != "Disabled" and action != "Deny"


def _account(found: Any, account: AccountId) -> Account:  # noqa: ANN401
    properties = getattr(found, "properties", None)
    endpoint = getattr(properties, "endpoint", None)
    if not isinstance(endpoint, str) or not endpoint.startswith("https://"):
        nothing = UnexpectedAnswer(str(account), "Azure described the account without an https endpoint.")
        raise in_state(str(account), _state(found)) or nothing
    return Account(
        account,
        endpoint if endpoint.endswith("/") else f"{endpoint}/",
        key_auth=getattr(properties, "disable_local_auth", None) is not True,
        tags={name.lower(): str(value) for name, value in (found.tags or {}).items()},
        kind=str(getattr(found, "kind", None) or ""),
        state=_state(found),
        takes_identity=bool(getattr(properties, "custom_sub_domain_name", None)),
        subdomain=str(getattr(properties, "custom_sub_domain_name", None) or ""),
    )


def _state(found: Any) -> str:  # noqa: ANN401
    state = getattr(getattr(found, "properties", None), "provisioning_state", None)
    return str(getattr(state, "value", state) or "")


def _keys(answer: Any, account: AccountId) -> Keys:  # noqa: ANN401
    key1, key2 = getattr(answer, "key1", None), getattr(answer, "key2", None)
    if not (isinstance(key1, str) and isinstance(key2, str) and key1 and key2 and key1 != key2):
        raise UnexpectedAnswer(str(account), "the answer does not hold two different keys.")
    return {KeySlot.KEY1: ApiKey(key1), KeySlot.KEY2: ApiKey(key2)}
