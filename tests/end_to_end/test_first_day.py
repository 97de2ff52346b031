"""A simulated first day, in the order of azure.yaml and infra/main.bicep: the roles arrive late, one after another.

The app starts before it may do anything. Nobody repairs anything: each part goes on by itself as soon as it may, what
the operator reads says what is missing, and no failure is announced meanwhile. The section "What the first hour looks
like" of docs/deploy.md describes the same day.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest

from lab.emulator.serve import Azure, running
from lab.emulator.world import World
from lab.funchost.host import FunctionHost
from lab.funchost.options import HostKeys, HostOptions
from lab.simulation.tripwire import planted_key
from shared import wiring
from shared.doctor.check import ON_ITS_WAY, Check, CheckState
from shared.doctor.examine import examine
from shared.web.callers import Role
from tests.end_to_end.calls import Doors
from tests.end_to_end.conftest import ROOT, SETTINGS, kinds, works
from tests.end_to_end.test_app_roles import Signed, principal
from tests.infra.life import arrived, by_identity, deployed
from tests.runbook.alarms import INFRA, RULES
from tests.runbook.kusto import Row, ask

EVERY_TWO_SECONDS = {"ROTATION_SCHEDULE": "*/2 * * * * *"}
SIGN_IN = {"WEBSITE_AUTH_ENABLED": "True"}
READER = principal(Role.READER)
EVENTS = ("on_vault_event", "on_account_event")
HOST = ("containerLister", "storageBlobDataOwner", "storageBlobDataContributor", "storageQueueDataContributor")
QUIET = "to do: 0, to observe in full: 0, nothing to do: 2; problems: 0."


def a_subscription() -> World:
    """Return what `azd up` has made a moment ago, with a tagged account and one that infra/targets.json names."""
    world = World()
    world.add_vault("keys")
    world.add_topic("announcements")
    world.accounts.add("chat", tags={"key-rotation": "on"}, key1=planted_key(), key2=planted_key())
    world.accounts.add("batch", key1=planted_key(), key2=planted_key())
    deployed(world, late=True)
    return world


@dataclass
class Day:
    """The first day of a deployment.

    azure: The emulated Azure.
    settings: The app's settings, as the template sets them.
    http: The session of the operator and of Event Grid.
    keys: The host's keys; Event Grid knows its own before the app runs.
    host: The local host. It does not run before `deploy`.
    shown: What answers and checks said to the operator.
    """

    azure: Azure
    settings: dict[str, str]
    http: aiohttp.ClientSession
    keys: HostKeys = field(default_factory=HostKeys)
    host: FunctionHost | None = None
    shown: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def deploy(self) -> AsyncIterator[FunctionHost]:
        """Upload the app: the host starts it."""
        options = HostOptions(health_seconds=0.5, stop_timeout=10)
        async with FunctionHost(ROOT, settings=self.settings, keys=self.keys, options=options) as self.host:
            yield self.host

    async def subscribed(self, function: str) -> bool:
        """Return whether Event Grid gets the answer to its handshake, without which it makes no event subscription."""
        url = self.host.url if self.host else "http://127.0.0.1:9"
        query = {"functionName": function, "code": self.keys.eventgrid}
        body, headers = [{"data": {"validationCode": "one"}}], {"aeg-event-type": "SubscriptionValidation"}
        address = f"{url}/runtime/webhooks/EventGrid"
        try:
            async with self.http.post(address, params=query, json=body, headers=headers) as answer:
                return answer.status == 200 and (await answer.json()) == {"validationResponse": "one"}
        except aiohttp.ClientConnectorError:
            return False

    async def doctor(self) -> list[Check]:
        """Return the failed checks of `doctor`."""
        async with wiring.opened(self.settings) as parts:
            checks = await examine(parts.rotation, parts.examiner)
        self.shown += [check.why for check in checks]
        return [check for check in checks if check.state is CheckState.FAILED]

    async def curl(self, path: str) -> tuple[int, str]:
        """Ask as an operator who is signed in. Returns status and body."""
        assert self.host is not None
        answer = await Signed(Doors(self.host, self.http)).ask("GET", path, by=READER)
        self.shown.append(str(answer.data))
        return answer.status, str(answer.data)

    async def next_tick(self) -> str:
        """Return the line of a tick that begins from now on."""
        assert self.host is not None
        log, before = self.host.logs, len(self.host.logs)
        begun = len(self.host.activity.finished_of("tick")) + 2
        await self.host.invocations(begun, "tick")
        lines = [one.message for one in log[before:] if one.message.startswith("tick: to do: ")]
        return lines[-1]


@pytest.fixture
async def day(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Day]:
    async with running(a_subscription()) as azure, aiohttp.ClientSession() as http:
        for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "SSL_CERT_FILE"):
            monkeypatch.setenv(name, azure.settings[name])
        batch = json.dumps([{"account": azure.world.accounts.named("batch").id}])
        settings = {**azure.settings, **SETTINGS, **EVERY_TWO_SECONDS, **SIGN_IN, **by_identity(azure)}
        yield Day(azure, {**settings, "ROTATION_TARGETS": batch}, http)


def names(checks: list[Check]) -> set[str]:
    return {check.name for check in checks}


async def test_everything_goes_on_by_itself_as_its_role_arrives_and_nothing_is_announced_as_failed(day: Day) -> None:
    world = day.azure.world
    assert not any([await day.subscribed(one) for one in EVENTS]), "there are no functions yet"
    async with day.deploy() as host:
        await the_app_answers_before_it_may_do_anything(day, host)
        await ticks_begin_when_the_host_may_use_its_storage(day, host)
        await a_turn_without_its_role_waits(day, host)
        await both_accounts_are_adopted_before_anybody_can_be_told(day, host)
        arrived(world, "eventGridDataSender")
        await host.activity.until(lambda: {tuple(kinds(day.azure, one)) for one in ("chat", "batch")} != {()}, 30)
        await everything_is_healthy(day, host)
        assert all([await day.subscribed(one) for one in EVENTS])
        everything_on_the_page_was_seen([*day.shown, *(one.message for one in host.logs)])
    assert {one["type"] for one in world.topics["announcements"].events}.isdisjoint({"KeyRotation.RotationFailed"})
    assert alerts_of(host) <= {"owed"}, "it says that nobody could be told, which was true"


async def the_app_answers_before_it_may_do_anything(day: Day, host: FunctionHost) -> None:
    """The host lists its containers and is refused; the app is there all the same, and says why it sees nothing."""
    assert await host.checked() == "403 AuthorizationPermissionMismatch"
    assert not host.activity.finished_of("tick")
    assert (await Doors(host, day.http).get("health")).data == {"status": "running"}
    refused = await Doors(host, day.http).get("targets")
    assert (refused.status, refused.data["title"]) == (401, "NotSignedIn"), "a function key is no sign-in"
    status, told = await day.curl("targets")
    assert status == 200
    assert "GrantRole" in told
    assert "wait some minutes if the role was assigned just now" in told
    assert "Action needed" in (await day.curl("status"))[1]
    failed = await day.doctor()
    assert names(failed) == {"enrolment", "get-secret", "read-account", "list-secrets", "lease"}
    assert all(ON_ITS_WAY in check.why for check in failed), failed


async def ticks_begin_when_the_host_may_use_its_storage(day: Day, host: FunctionHost) -> None:
    arrived(day.azure.world, *HOST)
    await host.logged("Healthy again")
    line = await day.next_tick()
    assert line == ("tick: to do: 0, to observe in full: 0, nothing to do: 0, not listed: 1; problems: 2.")
    await host.logged("403 AuthorizationFailed")
    assert "lease" not in names(await day.doctor())


async def a_turn_without_its_role_waits(day: Day, host: FunctionHost) -> None:
    """The vault can be read, and the account of the settings cannot: nothing is published, so nothing has failed."""
    arrived(day.azure.world, "keyPublisher")
    waits = await host.logged("batch: failed (GrantRole)")
    assert (waits.level, waits.message.startswith("turn: ")) == ("WARNING", True)
    failed = await day.doctor()
    assert names(failed) == {"enrolment", "read-account"}
    assert all(ON_ITS_WAY in check.why for check in failed)


async def both_accounts_are_adopted_before_anybody_can_be_told(day: Day, host: FunctionHost) -> None:
    arrived(day.azure.world, "keyRotator")
    await host.logged("Still to be announced")
    secrets = day.azure.world.vaults["keys"].secrets
    await host.activity.until(lambda: {"chat-key", "batch-key"} <= set(secrets), 30)
    assert not day.azure.world.topics["announcements"].events
    assert await day.doctor() == []


async def everything_is_healthy(day: Day, host: FunctionHost) -> None:
    async with asyncio.timeout(30):
        while QUIET not in await day.next_tick():
            pass
    assert works(day.azure, "chat")
    assert works(day.azure, "batch")
    assert kinds(day.azure, "chat")[0] == kinds(day.azure, "batch")[0] == "KeyAdopted"
    ids = [one["id"] for one in day.azure.world.topics["announcements"].events]
    assert len(ids) == len(set(ids))
    assert await day.doctor() == []
    page = (await day.curl("status"))[1].partition("<footer")[0]  # below stands what each word means
    assert "Both targets are healthy." in page
    assert "Action needed" not in page
    for name in ("chat", "batch"):
        assert len(day.azure.world.vaults["keys"].secrets[f"{name}-key"].versions) == 1


def everything_on_the_page_was_seen(seen: list[str]) -> None:
    """Check that the operator saw each text of the table in docs/deploy.md."""
    section = (ROOT / "docs" / "deploy.md").read_text().partition("## What the first hour looks like")[2]
    rows = [row for row in section.partition("\n## ")[0].splitlines() if row.startswith("| `")]
    texts = [text for row in rows for text in re.findall(r"`([^`]+)`", row.split("|")[1])]
    assert len(texts) > len(rows) > 5
    assert [text for text in texts if not any(text in one for one in seen)] == []


def alerts_of(host: FunctionHost) -> set[str]:
    """Return the alerts of infra/alerts.bicep that this log brings about, other than the one for missing ticks."""
    rows: dict[str, list[Row]] = {
        "AppTraces": [{"TimeGenerated": one.time, "Message": one.message} for one in host.logs if one.source == "app"],
        "AppRequests": list(_requests(host)),
        "AppExceptions": [
            {"TimeGenerated": one.ended, "InnermostMessage": f"Exception: {one.error}"}
            for one in host.activity.finished
            if one.error
        ],
    }
    queries = {name: (INFRA / rule["query"]).read_text() for name, rule in RULES.items() if name != "no-tick"}
    return {name for name, query in queries.items() if len(ask(query, rows)) > int(RULES[name]["threshold"])}


def _requests(host: FunctionHost) -> Iterator[Row]:
    for one in host.activity.finished:
        yield {"TimeGenerated": one.ended, "Name": one.function, "Success": one.succeeded}
