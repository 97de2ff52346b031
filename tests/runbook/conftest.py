"""The fixture `site`, and the mark by which a test names its entry of the runbook or its procedure.

@entry("LeaseHeld")
async def test_...(site: Site) -> None: ...
"""

from collections.abc import AsyncIterator, Generator
from contextlib import AsyncExitStack

import pytest
from azure.core.pipeline.transport import AsyncHttpTransport

from lab.emulator.serve import running
from lab.emulator.world import World
from lab.simulation.tripwire import no_key_is_ever_shown, planted_key
from tests.runbook.page import entries
from tests.runbook.site import Site
from tests.support.answering import answering

__all__ = ["answering", "no_key_is_ever_shown"]  # the second is an autouse fixture

FAILED = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "entry(name): the entry of docs/runbook.md that the test carries out")
    config.addinivalue_line("markers", "procedure(name): the procedure of docs/operations.md that the test carries out")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember that a test failed, so that it is not also blamed for the commands that it did not reach."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Azure clients retry without delay."""

    async def at_once(self: AsyncHttpTransport, duration: float) -> None:
        return

    monkeypatch.setattr(AsyncHttpTransport, "sleep", at_once)


@pytest.fixture
def pages() -> dict[str, set[str]]:
    """The names of the entries of each page."""
    return {name: set(entries(name)) for name in ("runbook.md", "operations.md")}


@pytest.fixture
async def site(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    """A site with one account, which is enrolled by a tag and adopted.

    At the end, the test must have run every command that its entry shows.
    """
    mark = request.node.get_closest_marker("entry") or request.node.get_closest_marker("procedure")
    page = "runbook.md" if mark.name == "entry" else "operations.md"
    world = World()
    world.add_vault("keys")
    world.add_topic("announcements").subscribe("team")
    tags = {"key-rotation": "on", "key-rotation-owner": "chat-team"}
    world.accounts.add("chat", tags=tags, key1=planted_key(), key2=planted_key())
    async with running(world) as azure, AsyncExitStack() as stack:
        for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "SSL_CERT_FILE"):
            monkeypatch.setenv(name, azure.settings[name])
        names = {"ROTATION_SECRETS": "{account}-anew, {account}-own, {account}-new, chat-{account}"}
        made = Site(azure, monkeypatch, stack, settings=names, entry=entries(page)[mark.args[0]])
        await made.start()
        await made.tick()
        yield made
        if not request.node.stash.get(FAILED, False):
            made.everything_shown_was_done()
