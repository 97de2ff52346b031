"""The views of readers and of copies of all accounts in sight: a page of them, and what is not known of them."""

from dataclasses import replace
from typing import Any

from shared.copies.answers import CopiesOfFleet
from shared.copies.kinds import CopyFate
from shared.domain.errors import GrantRole
from shared.domain.model import AccountId
from shared.readers.answers import ReaderOfMany, ReadersCounted, ReadersOfFleet
from shared.readers.asked_accounts import AskedAccount
from shared.readers.wide import WideRole
from tests.web.pages.auditor.answers import (
    ADA,
    CHAT,
    GROUP,
    LOOKED,
    SUB,
    a_copy,
    copies_of,
    read_all_copies,
    read_all_readers,
    some_accounts,
)
from tests.web.pages.fleets import NOW

DOCS = AccountId(CHAT.account.subscription, "rg-docs", "docs-prod")


def all_readers(*counted: ReadersCounted, **facts: Any) -> ReadersOfFleet:
    """Return the answer about these accounts."""
    people = (ReaderOfMany(ADA, "User", "Ada", 2, ("list-keys",), ("Owner",)),)
    known = {"found": len(counted), "principals": people, "not_seen": ("members of the group Platform",), "calls": 9}
    return ReadersOfFleet(NOW, "2 subscriptions", counted, **{**known, **facts})


def counted(account: AccountId = CHAT.account, **facts: Any) -> ReadersCounted:
    """Return how many read the keys of an account."""
    place = AskedAccount.of(account, CHAT if account == CHAT.account else None)
    return ReadersCounted(place, **{"readers": 7, "groups": 2, "eligible": 1, "could": 3, **facts})


def test_each_account_has_its_numbers_and_a_link_to_its_own_view() -> None:
    found = read_all_readers(all_readers(counted(), counted(DOCS)), [CHAT])
    assert "1 person can read keys or copies of 2 accounts, as far as this app sees." in found.within("h1")
    assert "/api/status/readers?target=chat" in found.links()
    assert any("account=%2Fsubscriptions" in one for one in found.links()), "one that nobody enrolled, by its account"
    assert "not enrolled" in found.text
    assert "asked now, with 9 calls" in found.text
    assert "Members of the group Platform." in found.text


def test_an_account_of_which_nothing_is_known_has_no_numbers() -> None:
    unread = counted(DOCS, readers=None, groups=None, eligible=None, could=None)
    waiting = (AskedAccount.of(AccountId("s", "g", "far-prod"), None),)
    text = read_all_readers(all_readers(counted(), unread, waiting=waiting, found=3)).text
    assert "docs-prod rg-docs, not enrolled not known: its rights could not be read" in text
    assert "far-prod g, not enrolled not looked at" in text
    assert "The rights of 1 account could not be read." in text
    assert "can read keys or copies of 1 account," in text


def test_if_no_rights_could_be_read_nobody_can_tell() -> None:
    unread = counted(readers=None, groups=None, eligible=None, could=None)
    problem = GrantRole("subscription", "could not list role assignments.")
    found = read_all_readers(all_readers(unread, principals=(), problems=(problem,)))
    assert "Nobody can tell who can read keys" in found.within("h1")
    assert problem.next_step in found.text


def test_roles_on_a_whole_subscription_are_named() -> None:
    text = read_all_readers(all_readers(counted(), wide=(WideRole("Contributor", SUB, (ADA, GROUP)),))).text
    assert "Roles on a whole subscription or above" in text
    assert "2 holders" in text


def test_ten_thousand_accounts_are_shown_page_by_page() -> None:
    page = all_readers(*map(counted, some_accounts(100)), found=10_000, page=2, pages=100, more_principals=60)
    found = read_all_readers(page)
    assert "101 to 200 of 10,000" in found.text
    assert "61 people, groups and apps can read keys or copies of 100 accounts" in found.within("h1")
    assert "This is page 2 of 100 of 10,000 accounts in 2 subscriptions." in found.text
    assert "/api/status/readers?page=3" in found.links()
    assert "/api/readers?page=2" in found.links()


def test_a_page_behind_the_last_one_says_so() -> None:
    found = read_all_readers(all_readers(principals=(), found=30, page=9, pages=1, not_seen=()))
    assert "Page 9 has no accounts: there are 30 accounts on 1 page." in found.within("h1")


def test_without_accounts_the_view_says_where_it_looked() -> None:
    found = read_all_readers(all_readers(principals=(), not_seen=()))
    assert "No account with keys is in sight in 2 subscriptions." in found.within("h1")


def test_copies_of_all_accounts_are_counted_by_what_happens_to_them() -> None:
    of_chat = copies_of(a_copy(), a_copy("b", days=9), a_copy("c", CopyFate.FOLLOWS))
    of_docs = copies_of(a_copy("d", CopyFate.UNKNOWN), target=None, account=DOCS)
    answer = CopiesOfFleet(NOW, "2 subscriptions", (of_chat, of_docs), 40, 2, 1, 1, LOOKED, 31)
    found = read_all_copies(answer, [CHAT])
    assert found.within("h1") == "Copies of keys of 2 of 40 accounts were found."
    assert "The first one of this page breaks in 4 days: Sat 28 Nov 2026, 09:42 UTC." in found.text
    assert "chat rg-chat 2 break 0 cannot be judged 1 follow" in found.text
    assert "docs-prod rg-docs, not enrolled 0 break 1 cannot be judged 0 follow" in found.text
    assert "/api/status/copies?target=chat" in found.links()
    assert "asked now or within the last minute, with 31 calls" in found.text
    assert "Laptops and repositories not looked at" in found.text


def test_no_copies_of_any_account_prove_nothing() -> None:
    found = read_all_copies(CopiesOfFleet(NOW, "", (), 40, 0, 1, 1, LOOKED, 3))
    assert found.within("h1") == "No copy of a key of 40 accounts was found where this app looked."
    assert "does not prove" in found.text


def test_many_accounts_with_copies_are_shown_page_by_page() -> None:
    page = tuple(replace(copies_of(a_copy(), account=one), target="") for one in some_accounts(100))
    found = read_all_copies(CopiesOfFleet(NOW, "", page, 10_000, 8_000, 2, 80, LOOKED, 900))
    assert "101 to 200 of 8,000" in found.text
    assert "/api/status/copies?page=3" in found.links()
    assert "/api/copies?page=2" in found.links()
