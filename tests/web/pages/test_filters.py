"""Filters: the address is the state, so a team's bookmark has its own sentence, counts, dates and table."""

from datetime import timedelta

from shared.findings.states import State
from shared.findings.verdict import Tone
from shared.web.pages.asked_filters import Filters, Sort
from shared.web.pages.links import Links
from tests.web.pages.fleets import NOW, a_row, a_target, facts_of, healthy, misconfigured, read, view

DOCS = [a_row(a_target(f"docs-{at}", "docs@example.com"), 1, until=NOW + timedelta(days=2)) for at in range(4)]
FLEET = [*healthy(25), *DOCS, misconfigured("vision", owner=None)]


def names(query: dict[str, str]) -> list[str]:
    return [row.name for row in view(facts_of(FLEET), query).table.rows]


def test_a_team_s_page_has_its_own_sentence_counts_dates_and_table() -> None:
    page = view(facts_of(FLEET), {"owner": "docs@example.com"})
    assert view(facts_of(FLEET)).verdict.tone is Tone.AMBER
    assert page.verdict.tone is Tone.GREEN
    assert {row.name for row in page.table.rows} == {"docs-0", "docs-1", "docs-2", "docs-3"}
    assert {date.target.owner for date in page.dates} == {"docs@example.com"}
    assert {one.target for one in page.events} <= {"docs-0", "docs-1", "docs-2", "docs-3"}
    assert [(count.state, count.number) for count in page.counts] == [(None, 4), (State.ROTATING, 4)]
    assert page.to_do.cards == ()


def test_the_page_says_what_it_is_filtered_by_and_how_many_that_leaves() -> None:
    text = read(facts_of(FLEET), {"owner": "docs@example.com", "state": "rotating"}).text
    assert "Shown: owner docs@example.com, state rotating, 4 targets of 30. Show all" in text


def test_a_search_looks_at_name_account_group_owner_and_id_and_ignores_case() -> None:
    assert names({"q": "DOCS-2"}) == ["docs-2"]
    assert names({"q": "rg-vision"}) == ["vision"]
    assert names({"q": "vision-prod"}) == ["vision"]
    assert names({"q": "docs@exam"}) == ["docs-0", "docs-1", "docs-2", "docs-3"]
    assert names({"q": str(DOCS[0].target.account).upper()}) == ["docs-0"]


def test_a_dash_as_owner_means_no_owner() -> None:
    assert names({"owner": "-"}) == ["vision"]


def test_the_calendar_of_a_team_s_page_is_the_team_s() -> None:
    """How a target is changes each minute, so no calendar is chosen by it."""
    page = view(facts_of(FLEET), {"owner": "docs@example.com", "state": "rotating"}, code="k")
    assert page.calendar == "/api/deadlines.ics?owner=docs%40example.com&code=k"


def test_group_subscription_state_and_finding_filter() -> None:
    assert names({"group": "RG-docs-1"}) == ["docs-1"]
    assert names({"subscription": "00000000-0000-4000-8000-000000000099"}) == []
    assert names({"state": "action needed"}) == ["vision"]
    assert names({"finding": "not-enrollable"}) == ["vision"]


def test_counts_by_state_keep_the_other_filters_and_drop_the_page() -> None:
    page = view(facts_of(FLEET), {"q": "docs", "state": "rotating", "page": "2"})
    everything, rotating = page.counts
    assert (everything.link, everything.current) == ("/api/status?q=docs", False)
    assert (rotating.link, rotating.current) == ("/api/status?q=docs&state=rotating", True)


def test_problems_come_first_and_then_what_is_soonest() -> None:
    shown = names({})
    assert shown[0] == "vision"
    assert shown[1:5] == ["docs-0", "docs-1", "docs-2", "docs-3"]


def test_a_target_whose_whole_name_is_searched_for_comes_first() -> None:
    fleet = facts_of([a_row(a_target("chat-de"), 29), a_row(a_target("chat"), 1)])
    assert [row.name for row in view(fleet, {"q": "Chat"}).table.rows] == ["chat", "chat-de"]
    assert [row.name for row in view(fleet, {"q": "cha"}).table.rows] == ["chat-de", "chat"]


def test_the_table_is_sorted_by_name_state_or_owner() -> None:
    assert names({"sort": "name"})[:2] == ["app-0", "app-1"]
    assert names({"sort": "state"})[0] == "vision"
    assert names({"sort": "owner"})[:4] == ["docs-0", "docs-1", "docs-2", "docs-3"]
    assert names({"sort": "owner", "page": "2"})[-1] == "vision"


def test_twenty_rows_are_a_page_and_a_page_that_is_not_there_is_the_last_one() -> None:
    first, last = view(facts_of(FLEET)).table, view(facts_of(FLEET), {"page": "99"}).table
    assert (first.first, first.last, first.total) == (1, 20, 30)
    assert (last.first, last.last, [step.text for step in last.pages]) == (21, 30, ["Previous", "1", "2"])


def test_the_pager_leaves_gaps_between_far_pages() -> None:
    table = view(facts_of(healthy(330)), {"page": "9"}).table
    assert [step.text for step in table.pages] == ["Previous", "1", "…", "8", "9", "10", "…", "17", "Next"]
    assert [step.current for step in table.pages].index(True) == 4
    assert table.pages[0].link == "/api/status?page=8#targets"


def test_bad_values_are_left_out_with_a_remark_and_unknown_parameters_without() -> None:
    asked = Filters.read({"state": "fine", "sort": "size", "page": "-3", "colour": "red"})
    assert (asked.state, asked.sort, asked.page) == ("", Sort.SOONEST, 1)
    assert [remark.partition(",")[0] for remark in asked.remarks] == ["“fine” is no state", "“size” is no sort"]
    assert "action-needed" in asked.remarks[0]
    assert asked.remarks[0] in read(facts_of(FLEET), {"state": "fine"}).text


def test_a_search_without_a_match_offers_the_nearest_spelling_and_the_way_back() -> None:
    page = view(facts_of(FLEET), {"q": "vison"})
    assert page.verdict.sentence == "No target matches “vison”."
    assert page.no_match is not None
    assert ("vision", "/api/status?q=vision") in page.no_match.nearest
    found = read(facts_of(FLEET), {"q": "vison"})
    assert "Did you mean vision" in found.text
    assert "30 targets are there." in found.text
    assert {"/api/status?q=vision", "/api/status"} <= set(found.links())
    assert "No account is enrolled" not in found.text


def test_a_small_fleet_that_is_filtered_can_be_searched_further() -> None:
    page = view(facts_of(healthy(3)), {"q": "app-1"})
    assert [row.name for row in page.table.rows] == ["app-1"]
    assert page.choices


def test_a_filter_with_very_many_values_is_typed_with_suggestions() -> None:
    rows = [a_row(a_target(f"app-{at}", f"team-{at}@example.com")) for at in range(60)]
    [owners, *_] = view(facts_of(rows)).choices
    assert owners.is_typed
    assert len(owners.values) == 50
    assert "datalist" in read(facts_of(rows)).tags()


def test_a_filter_that_no_target_has_stays_in_the_form() -> None:
    found = read(facts_of(FLEET), {"owner": "nobody@example.com"})
    chosen = [at["value"] for tag, at in found.elements if tag == "option" and "selected" in at]
    assert "nobody@example.com" in chosen


def test_targets_that_share_a_name_are_linked_by_their_accounts() -> None:
    one, other = a_target("chat"), a_target("chat", group="rg-other")
    links = Links.among([one, other, a_target("docs")], code="k")
    assert links.target(one).startswith("/api/status/targets/-?account=%2Fsubscriptions%2F")
    assert links.act(other, "rotate").startswith("/api/status/targets/-/rotate?account=")
    assert links.act(a_target("docs"), "leak") == "/api/status/targets/docs/leak?code=k"
    page = view(facts_of([a_row(one), a_row(other)]))
    assert len({row.link for row in page.table.rows}) == 2
