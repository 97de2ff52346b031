"""The view of where copies of one account's keys lie: its sentence, its rows, and where nobody looked."""

from datetime import timedelta

import pytest

from shared.copies.kinds import CopyFate
from shared.domain.errors import GrantRole
from shared.findings.verdict import Tone
from shared.web.pages.auditor.copy_words import copies_in_words
from shared.web.pages.links import Links
from tests.web.pages.auditor.answers import a_copy, copies_of, copies_page, read_copies
from tests.web.pages.fleets import NOW

MARKUP = "<script>alert(1)</script>"
FOLLOWS = a_copy("from-vault", CopyFate.FOLLOWS)
UNKNOWN = a_copy("perhaps", CopyFate.UNKNOWN)
MIXED = copies_of(FOLLOWS, a_copy("later", days=30), UNKNOWN, a_copy(), a_copy("no-date", days=None))


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ([], "No copy of a key of chat was found where this app looked."),
        ([a_copy()], "1 copy of a key of chat was found. It breaks when its key ends."),
        ([a_copy(), a_copy("b")], "2 copies of a key of chat were found. All of them break when their key ends."),
        ([a_copy(), FOLLOWS], "2 copies of a key of chat were found. 1 of them breaks when its key ends."),
        ([FOLLOWS], "1 copy of a key of chat was found, and none is known to break."),
    ],
)
def test_the_sentence_says_how_many_break(found: list[object], sentence: str) -> None:
    assert copies_in_words(found, "chat") == sentence  # type: ignore[arg-type]


def test_the_first_end_is_said_relatively_and_exactly() -> None:
    page = copies_page(MIXED)
    assert page.detail == "The first one breaks in 4 days: Sat 28 Nov 2026, 09:42 UTC."
    assert page.shell.tone is Tone.AMBER
    text = read_copies(MIXED).text
    assert "in 4 days" in text
    assert "in 30 days" in text
    assert "no date is known" in text


def test_what_is_over_is_not_said_to_come() -> None:
    page = copies_page(copies_of(a_copy(days=-2)))
    assert page.detail == "Their dates are over: look at each, it may fail already."


def test_those_that_break_soonest_come_first_and_what_follows_comes_last() -> None:
    fates = copies_page(MIXED).rows.fates
    assert [(one.fate, [row.name for row in one.rows]) for one in fates] == [
        (CopyFate.BREAKS, ["azure-openai", "later", "no-date"]),
        (CopyFate.UNKNOWN, ["perhaps"]),
        (CopyFate.FOLLOWS, ["from-vault"]),
    ]


def test_a_row_says_what_it_is_where_it_lies_and_how_to_move_it() -> None:
    copy = a_copy(commands=("az webapp restart",), move="Give the hub an identity.")
    text = read_copies(copies_of(copy)).text
    for said in ("azure-openai", "Connections of hubs", "hub or workspace hub", copy.says, copy.move, *copy.commands):
        assert said in text


@pytest.mark.parametrize("answer", [MIXED, copies_of()])
def test_where_nobody_looked_is_always_said_and_never_that_there_are_no_others(answer: object) -> None:
    text = read_copies(answer).text  # type: ignore[arg-type]
    assert "Laptops and repositories not looked at No call of Azure shows them." in text
    assert "2 resources refused this app." in text
    assert "3 things store a value or refer to a secret there without naming an account" in text
    assert "asked now or within the last minute, with 12 calls" in text
    for never in ("no other cop", "no copies lie", "There are no copies"):
        assert never not in text


def test_finding_none_proves_nothing_and_is_not_green() -> None:
    page = copies_page(copies_of())
    assert "does not prove" in page.detail
    assert page.shell.tone is Tone.PLAIN


def test_problems_say_what_to_do() -> None:
    problem = GrantRole("hub", "could not list its connections.")
    text = read_copies(copies_of(problems=(problem,))).text
    assert problem.what in text
    assert problem.next_step in text


def test_fates_and_words_filter_the_rows_and_the_numbers_stay() -> None:
    page = copies_page(MIXED, fate="follows")
    assert [one.fate for one in page.rows.fates] == [CopyFate.FOLLOWS]
    assert [one.number for one in page.counts] == [5, 3, 1, 1]
    assert page.asked_for == "follow by themselves"
    assert copies_page(MIXED, q="LATER").rows.total == 1
    assert "“gone” is no fate" in read_copies(MIXED, fate="gone").text


def test_ten_thousand_copies_are_shown_page_by_page() -> None:
    page = copies_page(copies_of(*(a_copy(f"c{at}", days=at + 1) for at in range(10_000))), page="2")
    assert (page.rows.first, page.rows.last, page.rows.total) == (41, 80, 10_000)
    assert page.rows.fates[0].rows[0].when == NOW + timedelta(days=41)
    assert page.rows.fates[0].total == 10_000


def test_markup_of_names_is_text() -> None:
    copy = a_copy(MARKUP, says=MARKUP, move=MARKUP, resource=f"/subscriptions/{MARKUP}", commands=(MARKUP,))
    assert read_copies(copies_of(copy), q="alert").tags().count("script") == 1


def test_each_address_carries_the_function_key_unless_it_leaves_this_app() -> None:
    for link in read_copies(MIXED, links=Links(code="KEY")).links():
        assert link.startswith(("/api/", "#", "https://portal.azure.com/"))
        assert not link.startswith("/api/") or "code=KEY" in link
