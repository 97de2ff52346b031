"""The view of who can read the keys of one account: its sentence, its rows, its question, and what it never says."""

import pytest

from shared.domain.errors import GrantRole
from shared.readers.kinds import Holding
from shared.web.pages.auditor.places import place_of
from shared.web.pages.links import Links
from tests.web.pages.auditor.answers import (
    ADA,
    APP,
    CHAT,
    GROUP,
    OPENAI_USER,
    SUB,
    SWAP,
    a_reader,
    of_one,
    read_readers,
    readers_page,
)

MARKUP = "<script>alert(1)</script>"
MIXED = of_one(
    a_reader(name="Ada"),
    a_reader(GROUP, principal_type="Group", name="Platform"),
    a_reader(APP, principal_type="ServicePrincipal", holding=Holding.ELIGIBLE),
    a_reader(ADA, "regenerate-key", "Contributor", name="Ada"),
    a_reader("00000004-0000-4000-8000-000000000000", "apim-backends", "Reader"),
    could=(a_reader("00000005-0000-4000-8000-000000000000", "assign-role-on-account", "Owner"),),
)


def test_the_sentence_counts_each_person_group_and_app_once() -> None:
    page = readers_page(MIXED)
    assert page.sentence == "1 person, 1 group and 1 app can read the keys of chat, as far as this app sees."
    assert page.detail == (
        "1 of them only once a role was made active. 1 other can read a copy, if one lies where their roles act. "
        "1 other could give themselves the right."
    )


def test_the_rows_stand_by_road_the_shortest_first_and_those_who_could_stand_apart() -> None:
    page = readers_page(MIXED)
    assert [one.title for one in page.rows.parts] == [
        "Can read the keys",
        "Can read a copy, if one lies there",
        "Could give themselves the right",
    ]
    assert [(one.title, one.total) for one in page.rows.parts[0].roads] == [
        ("Lists both keys of the account", 3),
        ("Regenerates a key of the account, and is shown both", 1),
    ]


def test_a_row_says_who_and_by_which_role_where_and_what_to_use_instead() -> None:
    row = a_reader(
        name="Ada", instead=OPENAI_USER, commands=SWAP, advice="Wait a day.", condition="@Resource[x]",
        denied_by=("no keys",), also_by=("Contributor on /",), holding=Holding.ELIGIBLE,
    )  # fmt: skip
    text = read_readers(of_one(row)).text
    for said in (
        "Ada", ADA, "person", "Cognitive Services User", "(inherited)", "made active", "with a condition: @Resource[x]",
        "the deny assignment “no keys” names it; whether that is enforced is not known", "also by Contributor on /",
        OPENAI_USER, *SWAP, "Wait a day.",
    ):  # fmt: skip
        assert said in text
    assert text.index(SWAP[0]) < text.index(SWAP[1]), "the new role is given before the old one is taken"


def test_whoever_runs_code_as_an_identity_is_said_beside_it() -> None:
    says = "lists both keys of the account; so does whoever can run code on /subscriptions/1/sites/shop"
    text = read_readers(of_one(a_reader(APP, says=says))).text
    assert "so does whoever can run code on /subscriptions/1/sites/shop" in text


@pytest.mark.parametrize("answer", [MIXED, of_one(), of_one(principal=ADA), of_one(known=False)])
def test_what_could_not_be_seen_is_always_said_and_never_that_there_is_nobody_else(answer: object) -> None:
    found = read_readers(answer)  # type: ignore[arg-type]
    assert "What could not be seen" in found.within("h2")
    assert "Members of the group Platform." in found.text
    for never in ("nobody else", "no one else", "only these", "Nobody can read"):
        assert never not in found.text


def test_finding_nobody_proves_nothing() -> None:
    page = readers_page(of_one())
    assert page.sentence == "No right was found by which somebody reads the keys of chat."
    assert "does not prove" in page.detail


def test_if_the_roles_could_not_be_read_nobody_can_tell() -> None:
    problem = GrantRole("chat", "could not list the role assignments.")
    found = read_readers(of_one(known=False, problems=(problem,)))
    assert "Nobody can tell who can read the keys of chat" in found.within("h1")
    assert problem.what in found.text
    assert problem.next_step in found.text


def test_what_was_seen_of_the_vault_alone_is_no_number_of_readers_of_the_account() -> None:
    found = read_readers(of_one(a_reader(APP), known=False))
    assert "Nobody can tell who can read the keys of chat" in found.within("h1")
    assert "Below stands only what was seen beside the account" in found.text


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (a_reader(name="Ada"), "Ada can read the keys of chat."),
        (a_reader(holding=Holding.ELIGIBLE, name="Ada"), "Ada can read the keys of chat, once a role was made active."),
        (a_reader(condition="x", name="Ada"), "Ada can read the keys of chat, under a condition."),
        (
            a_reader(road="app-settings"),
            f"{ADA} can read a copy of a key of chat, if one lies where the roles below act.",
        ),
        (a_reader(road="change-role"), f"{ADA} could take the right to read the keys of chat."),
        (None, f"No right was found by which {ADA} reads the keys of chat."),
    ],
)
def test_the_question_about_one_person_is_answered(row: object, sentence: str) -> None:
    answer = of_one(*([row] if row else []), principal=ADA)  # type: ignore[list-item]
    assert readers_page(answer, principal=ADA).sentence == sentence


def test_an_answer_about_a_person_whom_a_deny_assignment_names_says_so() -> None:
    page = readers_page(of_one(a_reader(denied_by=("no keys",)), principal=ADA), principal=ADA)
    assert "A deny assignment names it" in page.detail


def test_the_question_is_a_form_that_keeps_the_target_and_changes_nothing() -> None:
    elements = read_readers(MIXED, target="chat").elements
    assert [one.get("method") for tag, one in elements if tag == "form"] == ["get", "get"]
    fields = {one.get("name"): one.get("value") for tag, one in elements if tag == "input"}
    assert fields["target"] == "chat"
    assert "principal" in fields


def test_what_is_no_object_id_is_not_asked_about_and_the_page_says_so() -> None:
    page = readers_page(MIXED, principal="ada@example.com")
    assert page.filters.principal == ""
    assert "“ada@example.com” is no object id" in read_readers(MIXED, principal="ada@example.com").text


def test_an_object_id_in_capitals_is_the_same() -> None:
    capitals = "ABCDEF01-0000-4000-8000-00000000000A"
    assert readers_page(MIXED, principal=capitals).filters.principal == capitals.lower()


def test_parts_and_words_filter_the_rows_and_the_numbers_stay() -> None:
    page = readers_page(MIXED, part="copies")
    assert [one.part for one in page.rows.parts] == ["copies"]
    assert [one.number for one in page.counts] == [5, 3, 1, 1]
    assert [one.current for one in page.counts] == [False, False, True, False]
    assert readers_page(MIXED, q="platform").rows.total == 1
    assert "Nothing matches" in read_readers(MIXED, q="nothing like it").text


def test_ten_thousand_rows_are_shown_page_by_page() -> None:
    many = of_one(*(a_reader(f"{at:08}-0000-4000-8000-000000000000") for at in range(10_000)))
    first, last = readers_page(many), readers_page(many, page="999999")
    assert (first.rows.first, first.rows.last, first.rows.total) == (1, 40, 10_000)
    assert (last.rows.first, last.rows.last) == (9_961, 10_000)
    assert first.rows.parts[0].roads[0].total == 10_000
    assert "10,000 people can read the keys of chat" in first.sentence
    assert any("page=2" in one.link for one in first.rows.pages)


def test_markup_of_names_and_conditions_is_text() -> None:
    row = a_reader(name=MARKUP, by=MARKUP, condition=MARKUP, advice=MARKUP, commands=(MARKUP,), scope=MARKUP)
    found = read_readers(of_one(row, not_seen=(MARKUP,)), q=MARKUP)
    assert found.tags().count("script") == 1, "only the script of the page itself"


def test_no_address_of_the_page_leaves_the_portal_and_this_app_and_each_carries_the_function_key() -> None:
    for link in read_readers(MIXED, links=Links(code="KEY")).links():
        assert link.startswith(("/api/", "#", "https://portal.azure.com/"))
        assert not link.startswith("/api/") or "code=KEY" in link


def test_a_name_that_two_targets_have_is_asked_by_its_account() -> None:
    page = readers_page(MIXED, links=Links(disputed=frozenset({"chat"})))
    assert "account=%2Fsubscriptions" in page.everybody
    assert "target=" not in page.everybody


def test_an_account_that_nobody_enrolled_has_no_page_to_go_back_to() -> None:
    page = readers_page(of_one(a_reader(), target=None), None)
    assert page.name == CHAT.account.name
    assert page.back == ""
    assert "(not enrolled)" in read_readers(of_one(a_reader(), target=None), None).text


@pytest.mark.parametrize(
    ("scope", "words", "within"),
    [
        ("/", "everything (the root of the directory)", ""),
        ("/providers/Microsoft.Management/managementGroups/corp", "management group corp", ""),
        (SUB, f"subscription {SUB.split('/')[2]}", ""),
        (f"{SUB}/resourceGroups/rg", "resource group rg", f"subscription {SUB.split('/')[2]}"),
        (str(CHAT.account), "account chat-prod", f"resource group rg-chat, subscription {SUB.split('/')[2]}"),
        (
            f"{SUB}/resourcegroups/rg/providers/Microsoft.KeyVault/vaults/kv/secrets/chat-key",
            "secret chat-key",
            f"vault kv, resource group rg, subscription {SUB.split('/')[2]}",
        ),
        ("something else", "something else", ""),
    ],
)
def test_a_scope_is_said_in_words(scope: str, words: str, within: str) -> None:
    place = place_of(scope)
    assert (place.words, place.within) == (words, within)
