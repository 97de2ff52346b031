"""A request for many that names its targets acts on what a request for one would: a contested name is nobody's."""

import json
from dataclasses import replace

import pytest

from lab.simulation.dates import minutes
from shared.handlers import http, one_turn, timer_and_queue
from tests.support.many_site import ManySite, a_many_site
from tests.support.rivals import Rivals, rivals, values

BOTH_KEYS = {"select": {"names": ["chat"]}, "kind": "leak", "key": "both"}


async def contested(monkeypatch: pytest.MonkeyPatch, **tags: str) -> tuple[ManySite, Rivals]:
    """Return a site where two accounts are called chat. The first tick shows one, the second one both."""
    two = rivals(rival_first=False)
    site = ManySite(two.stage)
    for module in (http, one_turn, timer_and_queue):
        monkeypatch.setattr(module, "rotation", site.rotation)
    for account in (two.chat, two.rival):
        two.stage.witness.excuse_leaked(*values(account))
    await site.until_done(1)
    two.enrol_the_rival(**tags)
    await site.until_done(1)
    return site, two


@pytest.mark.parametrize("secret", ["stranger-chat", "not-allowed"], ids=["enrolled", "refused"])
@pytest.mark.parametrize("later", [0, 90], ids=["as the view shows", "listed anew"])
async def test_a_name_that_two_accounts_have_acts_on_neither(
    monkeypatch: pytest.MonkeyPatch, secret: str, later: float
) -> None:
    site, two = await contested(monkeypatch, secret=secret)
    site.stage.pass_time(minutes(later))
    before = [*values(two.chat), *values(two.rival)]
    for more in ({}, {"confirm": "2 targets"}):
        reply = await site.post(BOTH_KEYS | more)
        assert reply is not None
        assert (reply.status, json.loads(reply.body)["title"]) == (409, "DisputedName")
    await site.until_done(1)
    assert [*values(two.chat), *values(two.rival)] == before
    assert site.notes() == []


async def test_a_target_of_the_settings_has_its_name_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    site, two = await contested(monkeypatch, secret="stranger-chat")
    site.stage.settings = replace(site.stage.settings, targets=(two.stage.target,))
    await site.until_done(1)
    strangers, leaked = values(two.rival), values(two.chat)
    reply = await site.post(BOTH_KEYS)
    assert reply is not None
    assert (reply.status, json.loads(reply.body)["accounts"]) == (202, [two.chat.id])
    await site.until_done(2)
    assert not {*values(two.chat)} & {*leaked}
    assert values(two.rival) == strangers


async def test_a_name_in_other_letters_means_the_only_account_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    site = a_many_site(monkeypatch, 2)
    await site.tick()
    reply = await site.post({"select": {"names": ["CHAT-2", "chat-2"]}, "dry_run": True})
    assert reply is not None
    assert json.loads(reply.body)["targets"] == ["chat-2"]
