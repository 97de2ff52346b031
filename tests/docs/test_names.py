"""The page about names of people is true: somebody acts under a name that is easy to find, and everything is searched.

What the page's first table says of a place is what is found there, and no name is anywhere else.
"""

import json
import re
import zlib
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from lab.emulator.serve import running
from lab.emulator.world import World
from shared.domain.names import LEASE_CONTAINER
from shared.handlers import http
from shared.web.callers import Role
from shared.web.responses import Reply
from shared.web.routes import ROUTES
from shared.web.sign_in import ENFORCED
from tests.docs.test_docs import ROOT
from tests.runbook.app import App
from tests.support.signed_in import signed_in

PAGE = (ROOT / "docs" / "names.md").read_text()
NAME, REASON, OBJECT, PROGRAM = "plantedada", "plantedreason", "plantedobject", "plantedprogram"
PLANTED = {NAME: "name", REASON: "reason", OBJECT: "ids", PROGRAM: "ids"}
OWNER = "plantedowner"
FOLDERS = {
    "leaks/": "leaks on record (`leaks/`)",
    "notes/secrets/": "copies of marks (`notes/secrets/`)",
    "notes/owners": "a note of the app (`notes/owners`)",
    "views/readiness": "the survey of readiness (`views/readiness`)",
    "views/": "the view (`views/fleet`)",
    "rotations/": "requests for many (`rotations/`)",
}
ROLES = (Role.OPERATOR, Role.READER)
CALLER = signed_in(*ROLES, name=f"{NAME}@contoso.com", object_id=OBJECT, program=PROGRAM)
MONTH = {"days": 35, "every": timedelta(days=1)}
PASSING = {"metadata of the lease", "leaks on record (`leaks/`)", "messages in the queue"}


def said() -> dict[str, set[str]]:
    """Return what the page's first table says: the place, and what is written there."""
    table = PAGE.partition("| --- | --- | --- | --- |\n")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return {place: set(what.split(", ")) for place, what, *_ in rows}


@dataclass
class Search:
    """An app whose every trace is searched.

    app: The app.
    replies: The answers so far.
    found: What was found so far, by place.
    owned: Where the owner was found so far.
    """

    app: App
    replies: list[Reply] = field(default_factory=list)
    found: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    owned: set[str] = field(default_factory=set)

    def note(self) -> None:
        """Search all places now."""
        self.owned |= {place for place, text in self._places().items() if OWNER in text}
        for place, what in self.now().items():
            self.found[place] |= what

    def now(self) -> dict[str, set[str]]:
        """Return what is written where at this moment."""
        held = {place: {PLANTED[word] for word in PLANTED if word in text} for place, text in self._places().items()}
        return {place: what for place, what in held.items() if what}

    def _places(self) -> dict[str, str]:
        world, lines = self.app.world, self.app.telemetry.text.splitlines()
        acts = [line for line in lines if line.startswith("act: ")]
        vaults = [vault for vault in world.vaults.values()]
        return {
            "log lines `act: `": "\n".join(acts),
            "other log lines, of requests and their turns": "\n".join(line for line in lines if line not in acts),
            "answers over HTTP": "\n".join(str(one.body) for one in self.replies),
            "tags of the secret's version": repr([_tags(vault) for vault in vaults]),
            "events": json.dumps([topic.events for topic in world.topics.values()]),
            "messages in the queue": "\n".join(self.app.queue),
            **self._blobs(),
        }

    def _blobs(self) -> dict[str, str]:
        texts: defaultdict[str, str] = defaultdict(str)
        for container in self.app.world.blobs.containers.values():
            for blob in container.blobs.values():
                text = f"{container.name}/{blob.name} {_unpacked(blob.content).decode(errors='replace')}"
                texts[_blob_place(container.name, blob.name)] += text
                texts["metadata of the lease"] += repr(blob.metadata)
        return texts

    async def ask(self, route: str, name: str = "", body: object = None, method: str = "POST") -> Reply:
        """Call a route as the planted person, and search everything."""
        sent = json.dumps(body).encode() if body is not None else b""
        headers = CALLER | ({"content-type": "application/json"} if sent else {})
        call = f"call-{len(self.replies)}"
        reply = await http.serve(ROUTES[route], http.Incoming(method, name, sent, headers, call))
        self.app.queue += [message.text() for message in reply.queued]
        self.replies.append(reply)
        self.note()
        return reply


def _unpacked(content: bytes) -> bytes:
    """Return what a blob says. The view is compressed."""
    try:
        return zlib.decompress(content)
    except zlib.error:
        return content


def _blob_place(container: str, name: str) -> str:
    if container == LEASE_CONTAINER:
        for folder, place in FOLDERS.items():
            if name.startswith(folder):
                return place
    return f"blob {container}/{name}"


def _tags(vault: Any) -> list[Any]:
    return [version.tags for secret in vault.secrets.values() for version in secret.versions]


@pytest.fixture
async def search(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Search]:
    caplog.set_level("INFO")
    world = World()
    world.add_vault("keys")
    world.add_topic("announcements").subscribe("team")
    world.accounts.add("chat", tags={"key-rotation": "on", "key-rotation-owner": OWNER})
    async with running(world) as azure, AsyncExitStack() as stack:
        for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "SSL_CERT_FILE"):
            monkeypatch.setenv(name, azure.settings[name])
        monkeypatch.setenv(ENFORCED, "true")
        app = App(azure, monkeypatch, stack)
        await app.start(ROTATION_LOG_WORKSPACE_ID=world.workspace.id)
        await app.tick()
        await app.live_for(**MONTH)
        made = Search(app)
        regenerate = world.accounts.regenerate

        def watched(account: str, slot: Any) -> Any:
            made.note()  # in the middle of a turn
            return regenerate(account, slot)

        monkeypatch.setattr(world.accounts, "regenerate", watched)
        yield made


async def test_the_page_says_where_names_are_written_and_they_are_nowhere_else(search: Search) -> None:
    app, chat = search.app, {"reason": REASON}
    assert (await search.ask("rotate", "chat", chat)).status == 200
    await app.tick()
    for route, names in (("target", True), ("targets", True), ("deadlines", False), ("deadlines_ics", False)):
        reply = await search.ask(route, "chat", method="GET")
        assert (NAME in str(reply.body)) is names, route
    vault = app.world.vaults["keys"]
    vault.update_secret("chat-key", vault.get_secret("chat-key").version, tags={})
    await app.live_for(**MONTH)  # the tags are put back, from then on with a copy
    assert (await search.ask("rotate", "chat", chat)).status == 200
    await search.ask("rotate_many", body={"targets": ["chat"], **chat})
    await app.work()
    begun = await search.ask("rotate_many", body={"select": {"all": True}, **chat})
    await search.ask("rotation", json.loads(begun.body)["id"], method="DELETE")
    app.world.faults.add("arm.regenerateKey", "status", status=500, times=3)
    assert (await search.ask("leak", "chat", {"key": "live", **chat})).status == 202
    await app.work()
    search.note()
    assert dict(search.found) == said()


async def test_the_page_says_where_owners_are_named(search: Search) -> None:
    search.app.world.clock.advance(timedelta(days=31).total_seconds())
    await search.app.timer()
    search.note()
    for route in ("targets", "status", "deadlines", "deadlines_ics"):
        await search.ask(route, method="GET")
        assert OWNER in str(search.replies[-1].body), route
    for account in search.app.world.accounts:
        search.app.world.accounts.update(account.id, {"tags": {}})
    await search.app.look()
    search.note()
    assert search.owned == set(re.findall(r"^- (.*?):", PAGE, re.MULTILINE))


async def test_what_a_turn_needs_is_gone_when_its_work_is_done(search: Search) -> None:
    search.app.world.faults.add("arm.regenerateKey", "status", status=500, times=3)
    await search.ask("leak", "chat", {"key": "live", "reason": REASON})
    assert search.found.keys() >= PASSING - {"metadata of the lease"}
    await search.app.work()
    await search.app.live_for(hours=2, every=timedelta(minutes=30))
    assert search.found["metadata of the lease"] == {"name"}
    assert search.now().keys() & PASSING == set()


def test_the_search_finds_a_place_that_the_page_does_not_have() -> None:
    assert _blob_place("azure-webjobs-hosts", "x") not in said()
    assert _blob_place(LEASE_CONTAINER, "brake/x") not in said()


@pytest.mark.parametrize("page", ["README.md", "SECURITY.md", "docs/operations.md"])
def test_pages_lead_to_it(page: str) -> None:
    assert re.search(r"\]\((docs/)?names\.md", (ROOT / page).read_text())
