"""A leak by name does not wait for a listing where the last check saw who has the name and the key shows that it is
that account. An old or wrong view brings no other account's key to an end."""

from dataclasses import replace

import pytest

from lab.emulator.accounts import Account
from lab.simulation.dates import hours, minutes
from lab.simulation.runner import Runner
from shared.domain.errors import DisputedName, UnknownTarget
from shared.domain.requests import LeakedKey, LeakRequest
from shared.domain.scopes import EVERYWHERE, Reach
from shared.fleet.rotation import Rotation
from shared.handlers import one_turn
from shared.handlers.one_turn import answer
from shared.turns.acts import ACTS
from shared.web.responses import Reply
from tests.support.rivals import Rivals, mark, rivals, values


class App:
    """Two accounts called `chat`, of which a check has seen the team's. Each report comes to a new process."""

    def __init__(self, two: Rivals) -> None:
        self.two, self.stage = two, two.stage
        self.app: Rotation = two.stage.rotation()

    async def report(self, account: Account, slot: str = "key1", reach: Reach = EVERYWHERE, **words: object) -> Reply:
        """Report a key of an account as leaked, by the name and the key's fingerprint."""
        self.stage.witness.excuse_leaked(*values(self.two.chat), *values(self.two.rival))
        said = words or {"key": None, "fingerprint": mark(account, slot)}
        self.app = self.stage.rotation()
        return await answer("chat", LeakRequest(by="a person", id="r1", **said), reach)  # type: ignore[arg-type]

    def called(self) -> list[str]:
        runner: Runner | None = self.stage.last_runner
        assert runner is not None
        return [call.operation for call in runner.calls]

    def noted(self) -> int:
        return len(self.stage.world.blobs.list("key-rotation-leases", ACTS))


@pytest.fixture
async def app(monkeypatch: pytest.MonkeyPatch) -> App:
    two = rivals(rival_first=True)
    await two.stage.tick()
    await two.stage.tick()
    found = App(two)

    async def rotation() -> Rotation:
        return found.app

    monkeypatch.setattr(one_turn, "rotation", rotation)
    return found


@pytest.mark.parametrize("slot", ["key1", "key2"])
async def test_a_leak_by_name_with_its_fingerprint_is_carried_out_without_a_listing(app: App, slot: str) -> None:
    leaked = app.two.chat.keys[slot].value
    assert (await app.report(app.two.chat, slot)).status == 200
    assert leaked not in values(app.two.chat)
    assert "arm.listAccounts" not in app.called()
    assert app.noted() == 1
    assert app.stage.works(app.stage.versions[-1].value)


async def test_the_fingerprint_leads_to_the_right_account_although_another_one_has_the_name_by_now(app: App) -> None:
    app.two.enrol_the_rival(secret="stranger-chat")
    leaked, strangers = app.two.chat.keys["key1"].value, values(app.two.rival)
    assert (await app.report(app.two.chat)).status == 200
    assert leaked not in values(app.two.chat)
    assert values(app.two.rival) == strangers


async def test_a_view_that_is_outdated_leads_a_leak_to_nobody_elses_key(app: App) -> None:
    """The key is not of the account that had the name: everything is listed, and the name is disputed."""
    app.two.enrol_the_rival(secret="stranger-chat")
    before = values(app.two.chat), values(app.two.rival)
    with pytest.raises(DisputedName):
        await app.report(app.two.rival)
    assert (values(app.two.chat), values(app.two.rival)) == before
    assert app.noted() == 0


async def test_an_account_that_took_the_name_over_is_found_by_a_listing(app: App) -> None:
    app.two.chat.tags = {}
    app.two.enrol_the_rival(secret="stranger-chat")
    leaked, ours = app.two.rival.keys["key1"].value, values(app.two.chat)
    assert (await app.report(app.two.rival)).status == 200
    assert leaked not in values(app.two.rival)
    assert values(app.two.chat) == ours
    assert app.noted() == 1


@pytest.mark.parametrize("why", ["words", "old", "off", "several", "no view"])
async def test_everything_is_listed_unless_a_young_view_and_the_key_itself_say_whose_it_is(app: App, why: str) -> None:
    words: dict[str, object] = {"key": LeakedKey.LIVE} if why == "words" else {}
    if why == "old":
        app.stage.pass_time(hours(1) + minutes(1))
    elif why == "off":
        app.two.chat.tags["key-rotation"] = "off"
    elif why == "several":
        app.two.enrol_the_rival(secret="stranger-chat")
        await app.stage.tick()
    elif why == "no view":
        app.stage.world.blobs.container("key-rotation-leases").blobs.pop("views/fleet")
    ended = {"off": UnknownTarget, "several": DisputedName}.get(why)
    before = values(app.two.chat)
    if ended is None:
        assert (await app.report(app.two.chat, **words)).status == 200
    else:
        with pytest.raises(ended):
            await app.report(app.two.chat)
        assert values(app.two.chat) == before
    assert "arm.listAccounts" in app.called()


async def test_a_caller_who_may_not_act_on_the_account_does_not_have_it_read_by_the_view(app: App) -> None:
    elsewhere = Reach(("/subscriptions/00000000-0000-4000-8000-00000000000e",))
    before = values(app.two.chat)
    with pytest.raises(Exception, match="chat"):
        await app.report(app.two.chat, reach=elsewhere)
    assert values(app.two.chat) == before
    assert "arm.listKeys" not in app.called()


async def test_a_name_of_the_settings_leads_where_they_say(app: App) -> None:
    other = replace(app.stage.target, name="CHAT", account=app.two.rival_id, secret="another-key")
    app.stage.settings = replace(app.stage.settings, targets=(other,))
    with pytest.raises(DisputedName):
        await app.report(app.two.chat)


async def test_a_process_that_ran_the_last_check_does_not_read_the_view_again(app: App) -> None:
    app.stage.witness.excuse_leaked(*values(app.two.chat))
    await app.app.tick(app.stage.now - minutes(10), app.stage.now)
    calls = len(app.called())
    report = LeakRequest(by="a person", id="r1", key=None, fingerprint=mark(app.two.chat, "key1"))
    assert (await answer("chat", report, EVERYWHERE)).status == 200
    assert app.stage.last_runner is not None
    later = app.stage.last_runner.calls[calls:]
    assert not [call for call in later if "views/" in call.target or call.operation == "arm.listAccounts"]
