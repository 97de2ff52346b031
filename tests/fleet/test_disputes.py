"""A name or a tag is never a right: what two accounts claim goes to neither by the order in which Azure lists them."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from lab.simulation.builders import SUBSCRIPTION, reports_leak, wants_rotation
from lab.simulation.dates import at, days
from shared.domain.errors import (
    DisputedName,
    DisputedSecret,
    FixConfiguration,
    PersonMustLook,
    TryLater,
    UnknownTarget,
)
from shared.domain.keys import Fingerprint
from shared.domain.model import AccountId
from shared.domain.requests import LeakedKey, LeakRequest
from shared.fleet.listing import Fleet
from shared.turns.report import Result
from tests.settings.test_target_fields import account, enrolled, settings
from tests.support.rivals import Rivals, mark, rivals, values

both_orders = pytest.mark.parametrize("rival_first", [False, True], ids=["listed second", "listed first"])
type Setting = Callable[[bool], Rivals]
LEAK = LeakRequest(key=LeakedKey.LIVE, by="a person", id="r1")


def fleet(two: Rivals) -> Fleet:
    return two.stage.rotation().fleet


async def why_not(two: Rivals, which: str | AccountId, *, leak: bool = False) -> FixConfiguration:
    with pytest.raises(FixConfiguration) as caught:
        await fleet(two).find_one(which, LEAK if leak else None)
    return caught.value


async def published_first(*, rival_first: bool, name: str = "chat", **tags: str) -> Rivals:
    """Return two accounts, of which the team's was published before the other one was enrolled."""
    two = rivals(rival_first=rival_first, name=name)
    await two.stage.tick()
    assert two.stage.versions
    two.enrol_the_rival(**tags)
    return two


# A name.


@both_orders
@pytest.mark.parametrize("leak", [False, True])
async def test_a_name_that_two_accounts_have_leads_to_neither(rival_first: bool, leak: bool) -> None:
    """S1: a stranger's account of the same name, with a secret of its own."""
    two = await published_first(rival_first=rival_first, secret="stranger-chat")
    refused = await why_not(two, "chat", leak=leak)
    assert type(refused) is DisputedName
    assert set(refused.accounts) == {two.chat.id, two.rival.id}
    assert two.rival.id not in refused.what


@both_orders
async def test_both_accounts_of_a_disputed_name_go_on_with_the_schedule_and_by_resource_id(rival_first: bool) -> None:
    two = await published_first(rival_first=rival_first, secret="stranger-chat")
    await two.stage.tick()
    assert {name for name, secret in two.stage.vault.secrets.items() if secret.versions} == {
        "chat-key",
        "stranger-chat",
    }
    for id_ in (two.chat_id, two.rival_id):
        assert (await fleet(two).find_one(id_)).target.account == id_


@both_orders
async def test_a_leak_by_resource_id_ends_the_key_of_that_account_and_of_no_other(rival_first: bool) -> None:
    two = await published_first(rival_first=rival_first, secret="stranger-chat")
    await two.stage.tick()
    leaked, strangers = two.stage.value(two.stage.live), values(two.rival)
    target = (await fleet(two).find_one(two.chat_id, LEAK)).target
    outcome = await two.stage.turn(reports_leak(), target=target)
    assert outcome is not None
    assert (outcome.result, outcome.account, outcome.secret) == (Result.DONE, two.chat.id, target.secret_url)
    assert leaked not in values(two.chat)
    assert values(two.rival) == strangers


@both_orders
async def test_a_disputed_name_is_one_problem_of_the_list_with_both_accounts(rival_first: bool) -> None:
    two = await published_first(rival_first=rival_first, secret="stranger-chat")
    found, problems = await fleet(two).enrolled()
    assert len(found) == 2
    [problem] = problems
    assert (type(problem), problem.thing) == (DisputedName, "chat")
    assert two.chat.id in problem.what
    assert two.rival.id in problem.what
    assert not problem.hides_targets


@pytest.mark.parametrize("tags", [{"period": "soon"}, {"secret": "a_b"}])
@both_orders
async def test_an_account_that_could_not_be_enrolled_has_a_name_all_the_same(
    rival_first: bool, tags: dict[str, str]
) -> None:
    """Otherwise a wrong tag on the account that leaked would lead its leak to the other one."""
    two = await published_first(rival_first=rival_first, **tags)
    assert type(await why_not(two, "chat", leak=True)) is DisputedName


@pytest.mark.parametrize("order", [1, -1])
def test_names_that_differ_in_case_only_are_the_same(order: int) -> None:
    one, other = (
        (account(), {"key-rotation": "on"}),
        (
            AccountId(SUBSCRIPTION, "elsewhere", "CHAT"),
            {"key-rotation": "on", "key-rotation-secret": "another-key"},
        ),
    )
    found = enrolled(settings(), *(one, other)[::order])
    for name in ("chat", "CHAT"):
        assert found.dispute([name]) is not None


@pytest.mark.parametrize("order", [1, -1])
def test_an_explicit_target_always_wins_its_name_and_the_tagged_account_goes_on(order: int) -> None:
    tagged = [AccountId(SUBSCRIPTION, group, "chat") for group in ("one", "two")]
    tags = [{"key-rotation": "on", "key-rotation-secret": f"{one.group}-chat-key"} for one in tagged]
    reading = replace(settings({"account": str(account()), "name": "chat"}), secrets=("{group}-{account}-key",))
    found = enrolled(reading, *list(zip(tagged, tags, strict=True))[::order])
    assert found.by_name()["chat"].target.account == account()
    assert found.dispute(["chat"]) is None
    assert {one.target.account for one in found.found} == {account(), *tagged}
    assert {error.thing for error in found.problems} == set(map(str, tagged))


@both_orders
async def test_an_account_that_is_listed_twice_is_no_rival_of_itself(rival_first: bool) -> None:
    found = enrolled(settings(), *[(account(), {"key-rotation": "on"})] * 2)
    assert len(found.found) == 1
    assert not found.problems


# A leak by name, while a part of the fleet cannot be seen.


async def test_a_leak_by_name_waits_while_another_account_may_have_the_name() -> None:
    two = await published_first(rival_first=True, name="search")
    elsewhere = "00000000-0000-4000-8000-00000000000e"
    two.stage.settings = replace(two.stage.settings, subscriptions=(SUBSCRIPTION, elsewhere))
    two.stage.world.faults.add("arm.listAccounts", "status", target=elsewhere, status=503, times=0)
    with pytest.raises(TryLater, match="by its resource id"):
        await fleet(two).find_one("chat", LEAK)
    named = replace(LEAK, fingerprint=mark(two.chat, "key1"))
    assert (await fleet(two).find_one("chat", named)).target.account == two.chat_id
    assert (await fleet(two).find_one("chat", wants_rotation())).target.account == two.chat_id
    assert (await fleet(two).find_one(two.chat_id, LEAK)).target.account == two.chat_id


# A secret.


@both_orders
@pytest.mark.parametrize("name", ["chat", "key"])
async def test_a_published_secret_stays_with_its_account_and_the_newcomer_is_refused(
    rival_first: bool, name: str
) -> None:
    """S3: one tag on a foreign account."""
    two = await published_first(rival_first=rival_first, name=name, secret="chat-key")
    found = await two.stage.run_timer()
    assert [one.enrolled.target.account for one in found.listed] == [two.chat_id]
    [refused] = [error for error in found.problems if isinstance(error, DisputedSecret)]
    assert refused.thing == two.rival.id
    assert two.chat.id in refused.what
    assert refused.next_step.startswith("tag this account key-rotation-secret with a name")
    assert not refused.hides_targets


@both_orders
async def test_nothing_stops_for_the_account_that_published_first(rival_first: bool) -> None:
    two = await published_first(rival_first=rival_first, name="key", secret="chat-key")
    strangers = values(two.rival)
    two.stage.regenerate_by_hand("key1")
    await two.stage.rest()
    assert two.stage.works(two.stage.versions[-1].value)  # P1
    healed = len(two.stage.versions)
    await two.stage.until(at(day=40), every=days(1))
    assert len(two.stage.versions) == healed + 1
    leaked = two.stage.value(two.stage.live)
    target = (await fleet(two).find_one("chat", LEAK)).target
    await two.stage.turn(reports_leak(), target=target)
    assert not two.stage.works(leaked)
    assert values(two.rival) == strangers


@both_orders
async def test_the_newcomer_is_refused_by_name_and_by_id_with_both_accounts_and_without_them_in_the_sentence(
    rival_first: bool,
) -> None:
    two = await published_first(rival_first=rival_first, name="key", secret="chat-key")
    for which in ("key", two.rival_id):
        refused = await why_not(two, which)
        assert type(refused) is DisputedSecret
        assert set(refused.accounts) == {two.chat.id, two.rival.id}
        assert two.chat.id not in refused.what


@both_orders
async def test_a_secret_that_holds_nothing_of_either_goes_to_neither_until_one_changes(rival_first: bool) -> None:
    two = rivals(rival_first=rival_first, name="key")
    two.enrol_the_rival(secret="chat-key")
    outcomes = await two.stage.tick()
    assert not outcomes
    assert not two.stage.versions
    for id_ in (two.chat_id, two.rival_id):
        assert set((await why_not(two, id_)).accounts) == {two.chat.id, two.rival.id}
    two.rival.tags["key-rotation-secret"] = "key-key"
    await two.stage.tick()
    assert two.stage.works(two.stage.versions[-1].value)


@pytest.mark.parametrize("order", [1, -1])
def test_an_explicit_target_always_wins_its_secret(order: int) -> None:
    tagged = [AccountId(SUBSCRIPTION, "others", name) for name in ("key", "at-key")]
    tags = {"key-rotation": "on", "key-rotation-secret": "CHAT-key"}
    allowing = replace(settings({"account": str(account())}), secrets=("chat-{account}", "ch{account}"))
    found = enrolled(allowing, *[(one, tags) for one in tagged][::order])
    assert [one.target.account for one in found.found] == [account()]
    assert {type(error) for error in found.problems} == {DisputedSecret}


async def test_a_forged_address_without_this_apps_marks_wins_no_secret() -> None:
    two = rivals(rival_first=True, name="key")
    two.stage.vault.set_secret("chat-key", values(two.chat)[0], tags={"ProviderAddress": two.rival.id})
    two.enrol_the_rival(secret="chat-key")
    assert not (await two.stage.run_timer()).listed


@both_orders
async def test_an_event_about_an_account_does_not_publish_where_another_one_has_the_secret(rival_first: bool) -> None:
    two = rivals(rival_first=rival_first, name="key")
    two.enrol_the_rival(secret="chat-key")
    with pytest.raises(DisputedSecret):
        await fleet(two).find_account(two.rival_id)


async def test_an_account_whose_secret_is_its_own_is_found_by_its_id_without_a_listing() -> None:
    two = await published_first(rival_first=True, secret="stranger-chat")
    rotation = two.stage.rotation()
    await rotation.fleet.find_account(two.chat_id)
    assert two.stage.last_runner is not None
    assert [call.operation for call in two.stage.last_runner.calls] == [
        "arm.getAccount",
        "kv.getSecret",
        "arm.listKeys",
    ]


# A leaked key ends, whatever is disputed.


async def test_a_published_key_never_ends_without_a_successor_because_its_secret_was_in_doubt_for_a_moment() -> None:
    """As if the secret could not be read when its claimants were looked at, and can be read in the turn."""
    two = await published_first(rival_first=True, name="key", secret="chat-key")
    target = (await fleet(two).find_one(two.chat_id)).target
    leak = replace(LEAK, key=None, fingerprint=mark(two.chat, two.stage.live))
    outcome = await two.stage.turn(leak, target=replace(target, publishes=False))
    assert outcome is not None
    assert type(outcome.error) is PersonMustLook
    assert two.stage.works(two.stage.versions[-1].value)
    assert (await two.stage.turn(leak, target=target)).result is Result.DONE  # type: ignore[union-attr]


@both_orders
@pytest.mark.parametrize("published", [False, True], ids=["nothing published", "the other one published"])
@pytest.mark.parametrize("slot", ["key1", "key2"])
async def test_a_leaked_key_of_an_account_without_a_secret_of_its_own_ends_and_nothing_is_published(
    rival_first: bool, published: bool, slot: str
) -> None:
    two = rivals(rival_first=rival_first, name="key")
    if published:
        await two.stage.tick()
    two.enrol_the_rival(secret="chat-key")
    leak = replace(LEAK, key=None, fingerprint=mark(two.rival, slot))
    versions, before = len(two.stage.versions), {name: key.value for name, key in two.rival.keys.items()}
    target = (await fleet(two).find_one(two.rival_id, leak)).target
    outcome = await two.stage.turn(leak, target=target)
    assert outcome is not None
    assert outcome.result is Result.DONE
    assert [(one.slot, one.fingerprint) for one in outcome.endings] == [(slot, leak.fingerprint)]
    after = {name: key.value for name, key in two.rival.keys.items()}
    assert {name for name in after if after[name] != before[name]} == {slot}
    assert len(two.stage.versions) == versions


@both_orders
@pytest.mark.parametrize("slot", ["key1", "key2"])
async def test_forged_marks_in_a_contested_secret_do_not_keep_a_leaked_key_alive(rival_first: bool, slot: str) -> None:
    """The request leads to the account by its id, so no listing shows who else claims the secret."""
    two = await published_first(rival_first=rival_first, name="key", secret="chat-key")
    live = two.stage.versions[-1]
    two.stage.vault.update_secret("chat-key", tags=live.tags | {"ProviderAddress": two.rival.id})
    leak = replace(LEAK, key=None, fingerprint=mark(two.rival, slot))
    target = (await fleet(two).find_one(two.rival_id, leak)).target
    assert not target.alone
    assert (await two.stage.turn(leak, target=target)).result is Result.DONE  # type: ignore[union-attr]
    assert leak.fingerprint not in (mark(two.rival, "key1"), mark(two.rival, "key2"))
    assert len(two.stage.versions) == 1


@both_orders
async def test_a_leaked_key_ends_although_a_forger_wrote_over_its_publication_and_the_secret_is_contested(
    rival_first: bool,
) -> None:
    two = await published_first(rival_first=rival_first, name="key", secret="chat-key")
    two.stage.witness.excuse_regenerated_by_hand("a value of the forger")
    forged = two.stage.versions[-1].tags | {"key-rotation-live": Fingerprint.of("a value of the forger")}
    two.stage.vault.set_secret("chat-key", "a value of the forger", tags=forged)
    leak = replace(LEAK, key=None, fingerprint=mark(two.chat, "key1"))
    target = (await fleet(two).find_one(two.chat_id, leak)).target
    assert not target.alone
    assert (await two.stage.turn(leak, target=target)).result is Result.DONE  # type: ignore[union-attr]
    assert leak.fingerprint not in (mark(two.chat, "key1"), mark(two.chat, "key2"))


@pytest.mark.parametrize("tags", [{}, {"ProviderAddress": "the account"}, {"ProviderAddress": "nonsense"}])
async def test_a_leaked_key_ends_although_somebodys_value_is_in_the_secret(tags: dict[str, str]) -> None:
    two = rivals(rival_first=False)
    named = {name: two.chat.id if text == "the account" else text for name, text in tags.items()}
    two.stage.vault.set_secret("chat-key", "a password of another service", tags=named)
    two.stage.witness.excuse_regenerated_by_hand("a password of another service")
    leak = replace(LEAK, key=None, fingerprint=mark(two.chat, "key2"))
    outcome = await two.stage.turn(leak, target=(await fleet(two).find_one(two.chat_id, leak)).target)
    assert outcome is not None
    assert outcome.result is Result.DONE
    assert leak.fingerprint not in (mark(two.chat, "key1"), mark(two.chat, "key2"))
    assert [one.value for one in two.stage.versions] == ["a password of another service"]


@both_orders
async def test_without_a_fingerprint_such_a_leak_stays_on_record_and_the_answer_names_the_fingerprints(
    rival_first: bool,
) -> None:
    two = await published_first(rival_first=rival_first, name="key", secret="chat-key")
    before = values(two.rival)
    target = (await fleet(two).find_one(two.rival_id, LEAK)).target
    outcome = await two.stage.turn(LEAK, target=target)
    assert outcome is not None
    assert outcome.reason == "PersonMustLook"
    assert f"key 1 has {mark(two.rival, 'key1')}, key 2 has {mark(two.rival, 'key2')}" in outcome.why
    assert values(two.rival) == before
    [leak], _ = await two.stage.rotation().leaks.pending()
    assert leak.account == two.rival_id


async def test_an_account_that_is_not_enrolled_is_unknown_by_its_id() -> None:
    two = rivals(rival_first=True)
    elsewhere = replace(two.rival_id, subscription="00000000-0000-4000-8000-00000000000e")
    for id_ in (two.rival_id, replace(two.rival_id, name="nobody"), elsewhere):
        with pytest.raises(UnknownTarget):
            await fleet(two).find_one(id_)
