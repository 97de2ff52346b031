"""A scene: the function app in the local host, the emulated Azure, and what a person's browser needs to see its pages.

async with a_scene(add_accounts) as scene:
    await scene.tick()
    await visit.go(scene.address())
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientSession

from lab.emulator.accounts import Account
from lab.emulator.blobs import Blob
from lab.emulator.journal import Entry
from lab.emulator.serve import Azure, running
from lab.emulator.world import World
from lab.funchost.host import FunctionHost
from lab.funchost.leases import CONTAINER
from lab.funchost.options import HostOptions
from lab.funchost.platform_auth import Authentication, Claims
from shared.adapters.blob_view import NAME, WEEKS
from shared.domain.model import AccountId
from shared.domain.names import LEASE_CONTAINER
from shared.fleet.view import read_view
from shared.readiness.kinds import Week
from shared.readiness.weeks import packed_weeks, read_weeks, with_week
from shared.turns.message import Message
from shared.web.callers import Role
from tests.infra.choices import EVERYTHING, deployed
from tests.tools.browser.chromium import ROOT

OPERATOR: Claims = (("preferred_username", "ada@example.com"), ("roles", Role.READER), ("roles", Role.OPERATOR))
AUDITOR: Claims = (("preferred_username", "lise@example.com"), ("roles", Role.AUDITOR))
READER: Claims = (("preferred_username", "grace@example.com"), ("roles", Role.READER))
NOBODY: Claims = (("preferred_username", "mallory@example.com"),)
SETTINGS = {
    "FUNCTIONS_WORKER_RUNTIME": "python",
    "ROTATION_SCHEDULE": "0 */10 * * * *",
    "AzureWebJobs.tick.Disabled": "true",  # the scenes fire the timer themselves
}
FOR_ONE_TARGET = ("arm.getAccount", "arm.listKeys", "kv.getSecret", "kv.listVersions", "logs.query")
_TOKEN = "a.token"
BETWEEN_CHECKS = timedelta(minutes=10)
LONGEST_TICK = 120  # seconds


@dataclass
class Scene:
    """The app as it runs in one scene.

    azure: The emulated Azure.
    person: The claims of the person who signs in. None: nobody signs in, and a function key opens the app.
    settings: The app's settings beside those of the emulated Azure.
    """

    azure: Azure
    person: Claims | None = OPERATOR
    settings: dict[str, str] = field(default_factory=dict)
    _host: FunctionHost | None = None
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def host(self) -> FunctionHost:
        """The host that runs now."""
        assert self._host is not None
        return self._host

    @property
    def world(self) -> World:
        """The state of the emulated Azure."""
        return self.azure.world

    async def restart(self, **settings: str) -> None:
        """Start the app, or start it again with these settings changed."""
        await self._stack.aclose()
        self.settings |= settings
        subscriptions = dict.fromkeys(one.subscription for one in self.world.accounts)
        found = {**self.azure.settings, "ROTATION_SUBSCRIPTIONS": ",".join(subscriptions), **SETTINGS, **self.settings}
        options = HostOptions(stop_timeout=10, health_seconds=0, authentication=self._authentication())
        self._host = await self._stack.enter_async_context(FunctionHost(ROOT, settings=found, options=options))

    async def stop(self) -> None:
        """Stop the app."""
        await self._stack.aclose()

    async def tick(self, times: int = 1) -> None:
        """Run so many checks, each ten minutes after the one before, with the turns that follow from it."""
        for _ in range(times):
            if NAME in self._blobs():
                self.last_check_was(BETWEEN_CHECKS)
            self._note_last_run()
            ticked = await self.host.fire_timer("tick")
            assert ticked.succeeded, ticked.error
            await self.host.idle(LONGEST_TICK)

    async def look_at(self, name: str) -> None:
        """Run one turn of an account, as if a check had queued it."""
        account = self.world.accounts.named(name)
        message = Message(name, datetime.now(UTC), AccountId.parse(account.id), account.tags)
        taken = await self.host.invoke("turn", message.text())
        assert taken.succeeded, taken.error

    async def post(self, path: str, body: object, status: int = 200) -> None:
        """Send a request as a program that the same person has signed in."""
        headers = {"Authorization": f"Bearer {_TOKEN}"} if self.person is not None else {}
        async with ClientSession() as session, session.post(self.address(path), json=body, headers=headers) as answer:
            assert answer.status == status, f"{path}: {answer.status}, not {status}\n{await answer.text()}"

    def address(self, path: str = "status", **query: str) -> str:
        """Return the address of a page, as a person has it. Where nobody signs in, it carries the function key."""
        asked = query if self.person is not None else {**query, "code": self.host.keys.default}
        return f"{self.host.url}/api/{path}" + (f"?{urlencode(asked)}" if asked else "")

    def mark(self) -> int:
        """Return the number of the last call to Azure, for `calls`."""
        entries = self.world.journal.entries
        return entries[-1].seq if entries else 0

    def calls(self, since: int) -> list[Entry]:
        """Return the calls that the app made to Azure since then, without those for tokens."""
        return [one for one in self.world.journal.since(since) if one.service not in ("identity", "queue")]

    def calls_for_targets(self, since: int) -> list[str]:
        """Return which calls the app made for single targets since then. Listings are for all of them."""
        return [one.operation for one in self.calls(since) if one.operation in FOR_ONE_TARGET]

    def account(self, name: str) -> Account:
        """Return an account."""
        return self.world.accounts.named(name)

    def published(self, name: str) -> str:
        """Return the key that the vault holds for an account."""
        return str(self.world.vaults["keys"].get_secret(f"{name}-key").value)

    def works(self, name: str, key: str) -> bool:
        """Return whether an account accepts a key."""
        return self.world.accounts.key_accepted(self.account(name), key)

    def changes(self, since: int) -> list[str]:
        """Return which calls have changed a key or a secret since then."""
        changing = ("arm.regenerateKey", "kv.setSecret", "arm.updateAccount")
        return [one.operation for one in self.calls(since) if one.operation in changing and one.effect]

    def view_blob(self) -> Blob:
        """Return the blob in which the last check left what it saw."""
        return self._blobs()[NAME]

    def last_check_was(self, ago: timedelta) -> None:
        """Let the last check lie so far back, as if no other had come since."""
        blob = self.view_blob()
        view = read_view(blob.content, blob.etag)
        assert view.seen_at is not None
        view.seen_at -= ago
        view.next_at = view.next_at and view.next_at - ago
        view.owing = {account: since - ago for account, since in view.owing.items()}
        blob.content = view.packed()

    def keep_weeks(self, weeks: Iterable[Week]) -> None:
        """Let these weeks have been recorded, beside the one that the last check has recorded."""
        blob = self._blobs()[WEEKS]
        known = read_weeks(blob.content) or ()
        for week in weeks:
            known = with_week(known, week)
        blob.content = packed_weeks(known)

    def _blobs(self) -> dict[str, Blob]:
        found = self.world.blobs.containers.get(LEASE_CONTAINER)
        return found.blobs if found else {}

    def _note_last_run(self) -> None:
        """Write what the host would have noted of a timer that last ran one interval ago."""
        now = datetime.now(UTC)
        noted = {"Last": (now - BETWEEN_CHECKS).isoformat(), "Next": now.isoformat(), "LastUpdated": now.isoformat()}
        if CONTAINER not in self.world.blobs.containers:
            self.world.blobs.create_container(CONTAINER)
        name = f"timers/{self.host.host_id}/Host.Functions.tick/status"
        self.world.blobs.put(CONTAINER, name, json.dumps(noted).encode())

    def _authentication(self) -> Authentication | None:
        return None if self.person is None else Authentication(_shipped(), {_TOKEN: self.person}, self.person)


@asynccontextmanager
async def a_scene(
    fill: Callable[[World], object], *, person: Claims | None = OPERATOR, settings: Mapping[str, str] = {}
) -> AsyncIterator[Scene]:
    """Run the app on a world with a vault and a topic, to which `fill` adds accounts, until the block ends.

    person: The claims of the person who signs in. None: nobody does.
    settings: More settings of the app.
    """
    world = World(subscription="0a2b3c4d-0000-4000-8000-000000000000")
    world.add_vault("keys")
    world.add_topic("announcements").subscribe("team")
    async with running(world) as azure:
        fill(world)
        demanded = {"ROTATION_SIGN_IN": "required"} if person is not None else {}
        scene = Scene(azure, person, {**demanded, **settings})
        await scene.restart()
        try:
            yield scene
        finally:
            await scene.stop()


@cache
def _shipped() -> dict[str, Any]:
    """Return App Service authentication as the template configures it."""
    (found,) = [one for one in deployed(EVERYTHING).resources() if one.name.endswith("/authsettingsV2")]
    return dict(found.body["properties"])
