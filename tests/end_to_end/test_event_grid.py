"""Events that Azure sends: each leads to a check of a target and to nothing else, in both schemas, however often."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from lab.emulator.serve import Azure
from lab.funchost.host import FunctionHost
from tests.end_to_end.calls import credential, events, regenerations
from tests.end_to_end.conftest import a_host, kinds, published, works

type Body = dict[str, Any] | list[Any]
VAULT_KINDS = ["Microsoft.KeyVault.SecretNearExpiry", "Microsoft.KeyVault.SecretExpired"]
DONE = "Microsoft.Resources.ResourceActionSuccess"
REGENERATE = "Microsoft.CognitiveServices/accounts/regenerateKey/action"


def in_event_grid_schema(kind: str, source: str, subject: str, data: object, when: datetime | None = None) -> Body:
    moment = (when or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S.%f7Z")  # Azure writes seven digits
    event = {"id": "e-1", "topic": source, "subject": subject, "eventType": kind, "eventTime": moment, "data": data}
    return [{**event, "dataVersion": "1", "metadataVersion": "1"}]


def as_cloud_event(kind: str, source: str, subject: str, data: object, when: datetime | None = None) -> Body:
    moment = (when or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S.%f7Z")
    facts = {"id": "e-1", "source": source, "subject": subject, "type": kind, "time": moment, "specversion": "1.0"}
    return {**facts, "data": data}


SCHEMAS = [in_event_grid_schema, as_cloud_event]
schemas = pytest.mark.parametrize("schema", SCHEMAS, ids=lambda one: one.__name__)


def secret_facts(azure: Azure, name: str = "chat-key", **changes: Any) -> dict[str, Any]:
    """Return an event of Key Vault about a secret. The vault's name is the first part of its address."""
    url = azure.settings["ROTATION_VAULT_URL"]
    vault = (urlsplit(url).hostname or "").partition(".")[0]
    facts = {"Id": f"{url}/secrets/{name}/0f3c", "VaultName": vault, "ObjectType": "Secret", "ObjectName": name}
    return {**facts, "Version": "0f3c", "NBF": None, "EXP": int(time.time()), **changes}


def vault_event(schema: Callable[..., Body], kind: str, data: object, **more: Any) -> Body:
    return schema(kind, "/subscriptions/s/providers/Microsoft.KeyVault/vaults/keys", "chat-key", data, **more)


def action_facts(azure: Azure, name: str = "chat", **changes: Any) -> dict[str, Any]:
    """Return an event of Azure Resource Manager about an action on an account."""
    uri = azure.world.accounts.named(name).id.replace("resourceGroups", "resourcegroups")
    return {
        "authorization": {"scope": uri, "action": REGENERATE},
        "claims": {"appid": "c44b4083-3bb0-49c1-b47d-974e53cbdf3c", "ver": "1.0"},
        "correlationId": "59f25df4-cae2-40b4-9dee-af2b43f5aee0",
        "httpRequest": {"method": "POST", "url": f"https://management.azure.com{uri}/regenerateKey"},
        "resourceProvider": "Microsoft.CognitiveServices",
        "resourceUri": uri,
        "operationName": REGENERATE,
        "status": "Succeeded",
        **changes,
    }


def account_event(schema: Callable[..., Body], data: object, subject: str = "", **more: Any) -> Body:
    return schema(DONE, "/subscriptions/s", subject, data, **more)


class Sender:
    """Delivers events to the app as Event Grid does."""

    def __init__(self, host: FunctionHost, http: aiohttp.ClientSession) -> None:
        self.host, self.http = host, http

    async def deliver(self, function: str, body: Body) -> int:
        query = {"functionName": function, "code": self.host.keys.eventgrid}
        url, headers = f"{self.host.url}/runtime/webhooks/eventgrid", {"aeg-event-type": "Notification"}
        async with self.http.post(url, params=query, json=body, headers=headers) as answer:
            return answer.status

    async def settled(self, function: str, body: Body) -> int:
        """Return the status of the delivery, after everything that follows from it is done."""
        status = await self.deliver(function, body)
        await self.host.idle()
        return status

    @property
    def turns(self) -> int:
        return len(self.host.activity.finished_of("turn"))


@pytest.fixture
def grid(host: FunctionHost, http) -> Sender:
    return Sender(host, http)


def regenerated_by_hand(azure: Azure) -> None:
    """A target with nothing due, whose live key a person regenerates."""
    chat = azure.world.accounts.named("chat")
    published(azure, chat, days_ago=10)
    azure.world.accounts.regenerate(chat.id, "key1")
    assert not works(azure, "chat")


@schemas
@pytest.mark.parametrize("kind", VAULT_KINDS)
async def test_an_event_about_an_expiring_secret_rotates_a_due_target(grid, azure, kind, schema) -> None:
    published(azure, azure.world.accounts.named("chat"), days_ago=31)
    published(azure, azure.world.accounts.named("search"), days_ago=31)
    assert await grid.settled("on_vault_event", vault_event(schema, kind, secret_facts(azure))) == 202
    assert (credential(azure, "chat"), works(azure, "chat")) == ("key2", True)
    assert (grid.turns, regenerations(azure, "search")) == (1, 0)


async def test_an_event_about_an_expiring_secret_does_not_rotate_a_target_that_is_not_due(grid, azure) -> None:
    published(azure, azure.world.accounts.named("chat"), days_ago=10)
    event = vault_event(in_event_grid_schema, VAULT_KINDS[0], secret_facts(azure))
    assert await grid.settled("on_vault_event", event) == 202
    assert (grid.turns, regenerations(azure), len(azure.world.vaults["keys"].list_versions("chat-key"))) == (1, 0, 1)


@schemas
async def test_an_event_heals_a_live_key_regenerated_by_hand_without_a_tick(grid, azure, schema) -> None:
    regenerated_by_hand(azure)
    began = time.monotonic()
    assert await grid.settled("on_account_event", account_event(schema, action_facts(azure))) == 202
    print(f"healed {time.monotonic() - began:.2f} seconds after the event")  # noqa: T201 - measured, not asserted
    assert works(azure, "chat")
    assert "DriftHealed" in kinds(azure, "chat")
    assert not grid.host.activity.finished_of("tick")
    assert not regenerations(azure)


async def test_an_account_that_only_the_subject_names_is_found(grid, azure) -> None:
    regenerated_by_hand(azure)
    facts = action_facts(azure, resourceUri=None)
    event = account_event(in_event_grid_schema, facts, azure.world.accounts.named("chat").id)
    assert await grid.settled("on_account_event", event) == 202
    assert works(azure, "chat")


async def test_an_event_delivered_five_times_heals_once(grid, azure) -> None:
    regenerated_by_hand(azure)
    once = account_event(in_event_grid_schema, action_facts(azure))
    assert await grid.settled("on_account_event", once * 3) == 202
    for _ in range(2):
        assert await grid.settled("on_account_event", once) == 202
    assert works(azure, "chat")
    assert len(azure.world.vaults["keys"].list_versions("chat-key")) == 2
    assert len(events(azure, "chat", "DriftHealed")) == 1
    assert not regenerations(azure)


@schemas
async def test_an_event_delivered_a_day_late_does_no_harm(grid, azure, schema) -> None:
    regenerated_by_hand(azure)
    late = account_event(schema, action_facts(azure), when=datetime.now(UTC) - timedelta(days=1))
    for _ in range(2):
        assert await grid.settled("on_account_event", late) == 202
    assert works(azure, "chat")
    assert len(azure.world.vaults["keys"].list_versions("chat-key")) == 2


FOREIGN = {
    "another vault": lambda azure: secret_facts(azure, VaultName="somebody-elses"),
    "another secret": lambda azure: secret_facts(azure, "legacy-key"),
    "no name": lambda azure: secret_facts(azure, ObjectName=""),
    "a number": lambda azure: secret_facts(azure, ObjectName=7),
    "no data": lambda _: None,
    "a text": lambda _: "chat-key",
    "a list": lambda azure: [secret_facts(azure)],
    "half a surrogate": lambda azure: secret_facts(azure, ObjectName="\ud800"),
    "very long": lambda azure: secret_facts(azure, ObjectName="x" * 100_000),
}


@schemas
@pytest.mark.parametrize("facts", FOREIGN.values(), ids=FOREIGN)
async def test_an_event_about_a_foreign_secret_is_ignored(grid, azure, facts, schema) -> None:
    published(azure, azure.world.accounts.named("chat"), days_ago=31)
    assert await grid.settled("on_vault_event", vault_event(schema, VAULT_KINDS[1], facts(azure))) == 202
    assert (grid.turns, regenerations(azure)) == (0, 0)


def account_of(azure: Azure, subscription: str | None = None) -> str:
    return azure.world.accounts.named("chat").id.replace(
        azure.world.subscription, subscription or azure.world.subscription
    )


OTHERS = {
    "an account that is not enrolled": lambda azure: action_facts(azure, "legacy"),
    "another subscription": lambda azure: action_facts(
        azure, resourceUri=account_of(azure, "99999999-0000-4000-8000-000000000009")
    ),
    "an account that is gone": lambda azure: action_facts(azure, resourceUri=f"{account_of(azure)}-gone"),
    "another operation": lambda azure: action_facts(
        azure, operationName="Microsoft.CognitiveServices/accounts/listKeys/action"
    ),
    "an operation that is no text": lambda azure: action_facts(azure, operationName=["regenerateKey"]),
    "another kind of resource": lambda azure: action_facts(
        azure, resourceUri="/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/chat"
    ),
    "no account": lambda azure: action_facts(azure, resourceUri=None),
    "no data": lambda _: None,
    "a text": lambda _: REGENERATE,
    "a list": lambda azure: [action_facts(azure)],
    "very long": lambda azure: action_facts(azure, resourceUri="/subscriptions/" * 10_000),
}


@schemas
@pytest.mark.parametrize("facts", OTHERS.values(), ids=OTHERS)
async def test_an_event_about_a_foreign_key_is_ignored(grid, azure, facts, schema) -> None:
    regenerated_by_hand(azure)
    assert await grid.settled("on_account_event", account_event(schema, facts(azure))) == 202
    assert grid.turns == 0
    assert not works(azure, "chat")


@schemas
async def test_an_event_about_a_call_of_the_app_itself_is_ignored(grid, azure, schema) -> None:
    regenerated_by_hand(azure)
    facts = action_facts(azure, claims={"appid": azure.settings["AZURE_CLIENT_ID"].upper()})
    assert await grid.settled("on_account_event", account_event(schema, facts)) == 202
    assert await grid.host.logged("reports this app's own call")
    assert grid.turns == 0


async def test_an_event_is_retried_while_another_turn_holds_the_target(grid, azure) -> None:
    published(azure, azure.world.accounts.named("chat"), days_ago=10)
    event = account_event(in_event_grid_schema, action_facts(azure))
    about_the_secret = vault_event(in_event_grid_schema, VAULT_KINDS[0], secret_facts(azure))
    await grid.settled("on_vault_event", about_the_secret)
    azure.world.accounts.regenerate(azure.world.accounts.named("chat").id, "key1")
    blobs, clock = azure.world.blobs.containers["key-rotation-leases"].blobs, azure.world.clock
    lease = next(blob for name, blob in blobs.items() if name.startswith("chat-")).lease
    held = lease.acquire(clock.now(), -1, None)
    await grid.settled("on_account_event", event)
    clock.advance(31)
    await grid.host.idle()
    assert [one.succeeded for one in grid.host.activity.finished_of("turn")] == [True, False, False]
    assert not works(azure, "chat")
    lease.release(held)
    clock.advance(31)
    await grid.host.idle()
    assert works(azure, "chat")
    assert not grid.host.activity.finished_of("tick")


@pytest.mark.parametrize("how", ["refuses", "is gone"])
async def test_an_event_is_refused_for_redelivery_while_azure_is_down(grid, azure, how) -> None:
    regenerated_by_hand(azure)
    effect = {"effect": "status", "status": 403, "code": "AuthorizationFailed"}
    outage = azure.world.faults.add("arm.*", **(effect if how == "refuses" else {"effect": "drop_before"}), times=0)
    by_account = account_event(in_event_grid_schema, action_facts(azure))
    by_secret = vault_event(in_event_grid_schema, VAULT_KINDS[1], secret_facts(azure))
    assert await grid.settled("on_account_event", by_account) == 500
    assert await grid.settled("on_vault_event", by_secret) == 500
    assert grid.turns == 0
    azure.world.faults.remove(outage.id)
    assert await grid.settled("on_account_event", by_account) == 202
    assert works(azure, "chat")


async def test_an_account_with_an_invalid_tag_does_not_refuse_events_about_others(grid, azure) -> None:
    """A person must correct the tag; delivering the event again for a day does not help."""
    search = azure.world.accounts.named("search")
    azure.world.accounts.update(search.id, {"tags": {**search.tags, "key-rotation-period": "monthly"}})
    foreign = vault_event(in_event_grid_schema, VAULT_KINDS[1], secret_facts(azure, "legacy-key"))
    assert await grid.settled("on_vault_event", foreign) == 202
    by_account = account_event(in_event_grid_schema, action_facts(azure, "search"))
    assert await grid.settled("on_account_event", by_account) == 202
    assert grid.turns == 0


async def test_invalid_settings_refuse_an_event_so_that_it_is_not_lost(azure, http) -> None:
    async with a_host(azure, ROTATION_PERIOD="monthly") as host:
        body = account_event(in_event_grid_schema, action_facts(azure))
        assert await Sender(host, http).deliver("on_account_event", body) == 500
