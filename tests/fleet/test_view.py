"""The view holds what listings showed, and gives it back as it was."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from lab.simulation.dates import START, hours, minutes
from lab.simulation.stage import a_stage
from shared.domain.errors import FixConfiguration, GrantRole
from shared.domain.model import AccountId
from shared.domain.publication import Publication, as_read
from shared.fleet.view import View, load_view, read_view, save_view
from shared.ports import Account
from tests.support.strategies import publications

SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"
VAULT = "https://keys.vault.azure.net"
CHAT = AccountId(SUBSCRIPTION, "models", "chat")


def account(name: str = "chat", **tags: str) -> Account:
    return Account(AccountId(SUBSCRIPTION, "models", name), "", key_auth=True, tags={"key-rotation": "on", **tags})


def a_view(*accounts: Account, secrets: dict[str, Publication] | None = None) -> View:
    view = View(seen_at=START)
    known, vault = view.subscription(SUBSCRIPTION), view.vault(VAULT)
    known.begin(START)
    known.take({str(one.id): one for one in accounts}, None, START)
    vault.begin(START)
    vault.take(secrets or {}, None, START)
    return view


def stored(view: View) -> View:
    return read_view(view.packed(), "tag")


def as_listed(one: Publication) -> Publication:
    """Return a publication as a listing shows it and a view keeps it."""
    validity = timedelta(days=max(1, round(one.validity / timedelta(days=1)))) if one.validity else None
    marks = as_read(one.marks) if one.marks else None
    return replace(one, value=None, endpoint=None, sealed=False, others={}, validity=validity, marks=marks)


@given(publications())
def test_a_secret_is_read_as_it_was_listed(one: Publication) -> None:
    shown = stored(a_view(secrets={"Chat-Key": one})).vault(VAULT).entry("chat-key")
    assert shown is not None
    assert shown.entry == as_listed(one)
    assert shown.shown_at == START


def test_an_account_that_is_closed_to_the_internet_is_read_as_closed() -> None:
    closed = replace(account(), open=False, kind="AIServices")
    assert list(stored(a_view(closed)).accounts()) == [closed]


def test_an_account_is_read_with_its_tags_that_are_ours() -> None:
    view = stored(a_view(account(**{"key-rotation-owner": "chat-team", "cost-center": "42"})))
    [found] = view.accounts()
    assert found == account(**{"key-rotation-owner": "chat-team"})


def test_all_accounts_that_claim_a_name_are_found_in_any_case_and_those_that_are_off_are_not() -> None:
    other = replace(account("CHAT"), id=AccountId(SUBSCRIPTION, "other", "CHAT"))
    off = replace(account(), id=AccountId(SUBSCRIPTION, "off", "chat"), tags={"key-rotation": "off"})
    found = stored(a_view(account(), other, off, account("search"))).named("Chat")
    assert found == [CHAT, other.id]


def test_when_the_next_tick_comes_is_read_as_it_was_kept() -> None:
    assert stored(replace(a_view(), next_at=START + minutes(60))).next_at == START + minutes(60)
    assert stored(a_view()).next_at is None


def test_problems_are_read_as_people_are_shown_them() -> None:
    view = a_view()
    view.problems = [FixConfiguration("chat", "its tag is wrong."), GrantRole("search", "it may not list keys.")]
    assert [str(one) for one in stored(view).problems] == [str(one) for one in view.problems]
    assert [one.code for one in stored(view).problems] == ["FixConfiguration", "GrantRole"]


@given(st.binary(max_size=60))
def test_anything_else_counts_as_no_view_at_all(data: bytes) -> None:
    view = read_view(data, "tag")
    assert (view.seen_at, view.subscriptions, view.tag) == (None, {}, "tag")


def test_a_view_is_shown_for_an_hour() -> None:
    view = a_view()
    assert view.is_current(START + hours(1))
    assert not view.is_current(START + hours(1) + minutes(1))
    assert not view.is_current(START - minutes(1))
    assert not View().is_current(datetime(2026, 1, 1, tzinfo=UTC))


def test_it_is_whole_since_the_oldest_listing_that_came_to_its_end() -> None:
    view = a_view()
    assert view.whole_at() == START
    later = view.vault("https://more.vault.azure.net")
    assert view.whole_at() is None
    later.begin(START + hours(1))
    later.take({}, None, START + hours(1))
    assert view.whole_at() == START


async def test_a_view_that_another_process_wrote_meanwhile_is_not_written_over() -> None:
    views = a_stage().runner().outside.views
    ours, theirs = await load_view(views), await load_view(views)
    theirs.seen_at, ours.seen_at = START, START - hours(1)
    await save_view(views, theirs)
    await save_view(views, ours)
    assert (await load_view(views)).seen_at == START


def test_what_no_setting_names_any_more_is_forgotten() -> None:
    view = a_view(account())
    view.keep_only((), ())
    assert (view.subscriptions, view.vaults) == ({}, {})
