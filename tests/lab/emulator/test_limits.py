"""Azure's rate limits: what is left, who shares a limit with whom, and how a refusal says how long to wait."""

from collections.abc import Awaitable, Callable, Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest

from lab.emulator.clock import Clock
from lab.emulator.directory import EVERYTHING, Identity
from lab.emulator.limits import Limits
from lab.emulator.seed import VAULT
from lab.emulator.serve import Azure
from tests.lab.emulator.clients import Clients

NAME = "account-001"
LEFT = "x-ms-ratelimit-remaining-subscription-"
ONE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/one"
OTHER = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/other"
type Send = Callable[..., Awaitable[tuple[int, Any]]]
type Ask = Callable[..., Awaitable[tuple[int, Any, Any]]]


@pytest.fixture
def limits() -> Limits:
    """Limits that apply, at a moment that the tests move."""
    clock = Clock()
    clock.freeze(1000)
    limits = Limits(clock)
    limits.on = True
    return limits


@pytest.fixture
def ask(azure: Azure, session: aiohttp.ClientSession, clients: Clients) -> Ask:
    """Calls ARM (a path) or the vault (a path below `/secrets`), as the app or another identity."""

    async def send(path: str, method: str = "GET", identity: Identity | None = None) -> tuple[int, Any, Any]:
        vault = path.startswith("/secrets")
        base = azure.settings["ROTATION_VAULT_URL"] if vault else azure.urls["arm"]
        audience = "https://vault.azure.net" if vault else azure.urls["arm"]
        token, _ = azure.world.directory.token(identity or azure.world.app, audience)
        url = f"{base}{path}?api-version={'2026-04-01' if vault else '2025-09-01'}"
        async with session.request(method, url, headers={"Authorization": f"Bearer {token}"}) as answer:
            return answer.status, answer.headers, await answer.json()

    return send


@pytest.fixture
def control(azure: Azure, session: aiohttp.ClientSession) -> Send:
    async def send(path: str, body: object) -> tuple[int, Any]:
        async with session.post(azure.control_url + path, json=body) as answer:
            return answer.status, await answer.json()

    return send


@pytest.fixture
def still(azure: Azure) -> Iterator[Azure]:
    """The world with limits, in which no time passes by itself."""
    azure.world.clock.freeze()
    azure.world.limits.on = True
    return azure


def passed(limits: Limits, count: int, *names: str) -> int:
    """Return how many of so many writes to ARM pass."""
    return [limits.arm(*names, "writes") for _ in range(count)].count(0)


async def test_every_answer_of_arm_says_how_many_calls_the_caller_and_all_have_left(still: Azure, ask: Ask) -> None:
    account = still.world.accounts.named(NAME).id
    for left in (199, 198):
        _, headers, _ = await ask(f"{account}/listKeys", "POST")
        assert (headers[f"{LEFT}writes"], headers[f"{LEFT}global-writes"]) == (str(left), str(2800 + left))
        assert f"{LEFT}reads" not in headers
    _, headers, _ = await ask(account)
    assert (headers[f"{LEFT}reads"], headers[f"{LEFT}global-reads"]) == ("249", "3749")
    still.world.clock.advance(0.1)
    _, headers, _ = await ask(f"{account}/listKeys", "POST")
    assert headers[f"{LEFT}writes"] == "198"


async def test_without_limits_a_call_leaves_all_but_itself(azure: Azure, ask: Ask) -> None:
    for _ in range(3):
        _, headers, _ = await ask(f"{azure.world.accounts.named(NAME).id}/listKeys", "POST")
        assert (headers[f"{LEFT}writes"], headers[f"{LEFT}global-writes"]) == ("199", "2999")


async def test_a_refused_call_of_arm_says_that_nothing_is_left_and_another_identity_is_served(
    still: Azure, ask: Ask
) -> None:
    world, account = still.world, still.world.accounts.named(NAME).id
    other = world.directory.add(Identity("other"), EVERYTHING.name)
    assert passed(world.limits, 200, world.subscription, world.app.object_id) == 200
    status, headers, body = await ask(f"{account}/listKeys", "POST")
    assert (status, headers[f"{LEFT}writes"], headers["Retry-After"]) == (429, "0", "1")
    assert (headers["x-ms-failure-cause"], body["error"]["code"]) == ("gateway", "SubscriptionRequestsThrottled")
    assert (await ask(f"{account}/listKeys", "POST", other))[0] == 200
    assert (await ask(account))[0] == 200, "reads have a bucket of their own"


def test_all_identities_together_have_fifteen_times_the_bucket_of_one(limits: Limits) -> None:
    assert [passed(limits, 201, "s", f"identity-{number}") for number in range(16)] == [*([200] * 15), 0]
    assert passed(limits, 1, "another", "identity-15") == 1


def test_who_asks_too_early_is_told_a_new_wait_and_has_lost_nothing(limits: Limits) -> None:
    assert passed(limits, 200, "s", "one") == 200
    assert [limits.arm("s", "one", "writes") for _ in range(50)] == [1] * 50
    limits._clock.advance(0.1)
    assert passed(limits, 2, "s", "one") == 1


def test_another_program_with_the_same_identity_uses_the_same_bucket_of_arm(limits: Limits) -> None:
    assert passed(limits, 200, "s", "one") == 200
    limits.share_arm("s", "one", "writes", 8)
    limits._clock.advance(10)
    assert passed(limits, 100, "S", "one") == 20
    assert passed(limits, 10, "s", "two") == 10
    limits.share_arm("s", "one", "writes", 0)
    limits._clock.advance(10)
    assert passed(limits, 200, "s", "one") == 100


def test_another_program_uses_the_same_window_of_a_vault_whatever_its_identity(limits: Limits) -> None:
    limits.share_vault(ONE, 24)
    limits._clock.advance(10)
    assert [limits.vault(ONE, creates=True) for _ in range(100)].count(0) == 60
    assert limits.vault(ONE, creates=False) == 0
    assert limits.vault(OTHER, creates=True) == 0


def test_another_program_takes_no_more_than_the_limit_has_and_long_pauses_cost_nothing(limits: Limits) -> None:
    limits.share_vault(ONE, 1000)
    limits._clock.advance(365 * 24 * 3600)
    assert limits.vault(ONE, creates=True) > 0
    limits.share_vault(ONE, 0)
    limits._clock.advance(10)
    assert limits.vault(ONE, creates=True) == 0


def test_all_vaults_of_a_subscription_together_have_five_times_the_limit_of_one(limits: Limits) -> None:
    for number in range(5):
        assert [limits.vault(f"{ONE}-{number}", creates=True) for _ in range(301)].count(0) == 300
    assert limits.vault(OTHER, creates=True) == 10
    assert limits.vault(OTHER.replace("/s/", "/another/"), creates=True) == 0


@pytest.mark.parametrize("on", [True, False])
async def test_a_subscription_can_be_throttled_all_the_time(azure: Azure, ask: Ask, control: Send, on: bool) -> None:
    world = azure.world
    other = world.accounts.add("other", subscription="00000000-0000-4000-8000-00000000000b").id
    await control("/throttling", {"on": on})
    shown = await control("/throttling/always", {"subscription": world.subscription.upper(), "seconds": 3600})
    assert shown == (200, {"always": {world.subscription: 3600}})
    accounts = world.accounts.named(NAME).id.rpartition("/")[0]
    for path, method in ((NAME, "GET"), (f"{NAME}/listKeys", "POST")):
        status, headers, body = await ask(f"{accounts}/{path}", method)
        assert (status, headers["Retry-After"], body["error"]["code"]) == (429, "3600", "SubscriptionRequestsThrottled")
        kind = "reads" if method == "GET" else "writes"
        assert (headers[LEFT + kind], headers[f"{LEFT}global-{kind}"]) == ("0", "0")
        assert "'3600' seconds" in body["error"]["message"]
    assert (await ask(other))[0] == 200
    await control("/throttling/always", {"subscription": world.subscription, "seconds": 0})
    assert (await ask(world.accounts.named(NAME).id))[0] == 200


async def test_a_vault_can_be_throttled_all_the_time_and_name_the_moment_as_a_date(ask: Ask, control: Send) -> None:
    await control("/throttling", {"on": False, "asks": "date"})
    await control("/throttling/always", {"vault": VAULT, "seconds": 3600})
    status, headers, body = await ask("/secrets")
    assert (status, body["error"]["code"]) == (429, "Throttled")
    ahead = parsedate_to_datetime(headers["Retry-After"]) - parsedate_to_datetime(headers["Date"])
    assert 3599 <= ahead.total_seconds() <= 3601


async def test_control_lets_other_programs_use_limits_up(azure: Azure, control: Send) -> None:
    world, subscription = azure.world, azure.world.subscription
    world.clock.freeze()
    await control("/throttling", {"on": True})
    facts = {"subscription": subscription, "kind": "reads", "perSecond": 50}
    assert (await control("/throttling/others", facts))[1] == facts
    assert (await control("/throttling/others", {"vault": VAULT, "perSecond": 20}))[0] == 200
    world.clock.advance(10)
    assert world.limits.left(subscription, world.app.object_id, "reads") == (0, 3750)
    assert [world.limits.vault(world.vaults[VAULT].id, creates=True) for _ in range(200)].count(0) == 100


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/throttling", {"on": True, "asks": "loudly"}),
        ("/throttling/always", {"vault": VAULT, "seconds": -1}),
        ("/throttling/others", {"vault": VAULT, "perSecond": -1}),
        ("/throttling/others", {"vault": VAULT, "perSecond": 1e9}),
        ("/throttling/others", {"subscription": "s", "kind": "deletes", "perSecond": 1}),
    ],
)
async def test_control_refuses_limits_that_cannot_be(azure: Azure, control: Send, path: str, body: object) -> None:
    assert (await control(path, body))[0] == 400
    assert (azure.world.limits.on, azure.world.limits.shut) == (False, {})


async def test_lists_have_pages_of_25_secrets_and_100_accounts_and_each_page_can_take_its_time(
    azure: Azure, clients: Clients
) -> None:
    world = azure.world
    for number in range(51):
        world.vaults[VAULT].set_secret(f"secret-{number:02}", "v")
    for number in range(199):
        world.accounts.add(f"more-{number:03}")
    slow = world.faults.add("kv.listSecrets", "delay", seconds=0.001, times=0)
    kv, arm = await clients.secrets(), await clients.management()
    names = [one.name async for one in kv.list_properties_of_secrets()]
    assert (len(names), names) == (51, sorted(set(names)))
    assert slow.struck == 3
    assert all(one.done - one.time >= 0.001 for one in world.journal.find("kv.listSecrets", effect=True))
    assert len([one async for one in arm.accounts.list()]) == 201
    assert world.journal.count("arm.listAccounts") == 3
