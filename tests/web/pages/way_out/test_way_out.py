"""The way-out view: its sentence, the figure of the fleet, the callers, the accounts, and what it says without logs."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.errors import GrantRole
from shared.domain.readiness import Stage
from shared.domain.usage import KeyCaller
from shared.readiness.counts import STANDS_FOR, as_it_counts
from shared.web.pages.render import render
from tests.web.pages.fleets import NOW, a_row, a_target, facts_of
from tests.web.pages.reading import Reader
from tests.web.pages.surveys import (
    AKS,
    CURL,
    DAY,
    a_mixed_survey,
    a_survey,
    a_usage,
    a_week,
    an_entry,
    known,
    read_way_out,
    way_out,
)

MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>\"' &amp;"
KEYLESS = an_entry("claims", key_auth=False)


def test_the_sentence_counts_the_keyless_accounts_and_compares_with_the_week_before() -> None:
    page = way_out(known(a_mixed_survey()), [a_week(1, 0, 1, 1, 3, 1)])
    assert page.sentence == "1 of 6 accounts is keyless, 1 more than a week ago."
    assert page.detail == "1 account is ready: agree on a sunset for it."
    assert page.shell.tab == "1 of 6 accounts is keyless · Key rotation"


def test_without_the_week_before_nothing_is_compared() -> None:
    assert way_out(known(a_mixed_survey()), [a_week(2, 0, 0, 0, 6, 0)]).sentence == "1 of 6 accounts is keyless."


def test_the_pace_of_four_weeks_says_when_the_last_key_ends() -> None:
    fleet = a_survey([KEYLESS] * 8 + [an_entry("chat", a_usage([1], callers=(CURL,)))] * 4)
    page = way_out(known(fleet), [a_week(4, 4, 0, 0, 8, 0)])
    assert page.detail == "At the pace of the last 4 weeks (1 a week) the last key ends in December 2026."
    assert way_out(known(fleet), [a_week(4, 8, 0, 0, 4, 0)]).detail == "", "there is no pace"


def test_when_all_are_keyless_the_goal_is_reached() -> None:
    assert way_out(known(a_survey([KEYLESS]))).sentence == "The account is keyless. The goal is reached."
    assert way_out(known(a_survey([KEYLESS] * 3))).sentence == "All 3 accounts are keyless. The goal is reached."
    assert way_out(known(a_survey([an_entry("chat")]))).sentence == "The account still accepts keys."


def test_the_counts_are_links_that_filter() -> None:
    page = way_out(known(a_mixed_survey()), query={"stage": "moving"})
    assert [(str(one.stage), one.number) for one in page.counts] == [
        ("None", 6), ("keyless", 1), ("ready", 1), ("moving", 1), ("not-started", 2), ("unknown", 1),
    ]  # fmt: skip
    assert [one.link for one in page.counts if one.current] == ["/api/status/way-out?stage=moving"]
    assert page.counts[0].link == "/api/status/way-out"
    assert [row.name for row in page.table.rows] == ["chat"]
    assert page.asked == "moving"


def test_each_account_says_how_far_it_is_and_what_to_do() -> None:
    found = read_way_out(known(a_mixed_survey(), [a_row("chat", 10)]))
    for said in (
        "Moving chat rg-chat team@example.com 7,000 no change 1 caller",
        "Not started search rg-search team@example.com 3 1 caller",
        "Callers: 203.0.113.* with curl 8.5",
        "Ready vision rg-vision team@example.com 0 none in 35 days",
        "Agree on the date on which all its keys end, and tag the account key-rotation-sunset.",
        "docs-prod rg-docs, not enrolled no owner ? not known no logs",
        "Keyless since 12 days ago Thu 12 Nov 2026, 09:42 UTC",
        "Cannot take an identity: it has no custom subdomain",
        "az cognitiveservices account update",
    ):
        assert said in found.text, said
    assert "/api/status/targets/chat" in found.links()
    assert "https://portal.azure.com/#resource" in " ".join(found.links())


def test_a_sunset_is_shown_and_one_that_is_near_while_keys_are_used_comes_first() -> None:
    entries = [an_entry("chat", a_usage([9], callers=(CURL,)), sunset=NOW + 2 * DAY), an_entry("vision", a_usage())]
    found = read_way_out(known(a_survey(entries)))
    assert "Sunset: in 2 days Thu 26 Nov 2026, 09:42 UTC" in found.text
    page = way_out(known(a_survey(entries)))
    assert page.steps[0].title == "1 account has a sunset within 30 days and cannot do without keys yet"
    assert page.steps[0].says == "chat in 2 days: used by 1 caller."


def test_what_is_unknown_is_a_question_mark_and_sorts_after_what_is_known() -> None:
    page = way_out(known(a_mixed_survey()))
    assert [(row.name, row.use.calls) for row in page.table.rows][-2:] == [("docs-prod", "?"), ("claims", "none")]


def test_callers_are_one_across_accounts_with_their_share_and_a_link() -> None:
    one, other = (an_entry(name, a_usage([30], callers=(replace(AKS, calls=30),))) for name in ("chat", "search"))
    third = an_entry("vision", a_usage([40], callers=(replace(CURL, calls=40),)))
    page = way_out(known(a_survey([one, other, third])))
    assert [(each.label, each.calls, each.share, each.accounts) for each in page.callers.rows] == [
        ("aks-prod-west", 60, "60 %", 2),
        ("203.0.113.* with curl 8.5", 40, "40 %", 1),
    ]
    link = page.callers.rows[1].link
    assert link == "/api/status/way-out?caller=203.0.113.%2A+with+curl+8.5#accounts"
    asked = way_out(known(a_survey([one, other, third])), query={"caller": "203.0.113.* with curl 8.5"})
    assert [row.name for row in asked.table.rows] == ["vision"]


def test_filters_by_owner_search_and_verdict_and_says_what_is_shown() -> None:
    facts = known(a_mixed_survey())
    assert [row.name for row in way_out(facts, query={"owner": "-"}).table.rows] == ["docs-prod"]
    assert [row.name for row in way_out(facts, query={"q": "SEAR"}).table.rows] == ["search"]
    page = way_out(facts, query={"verdict": "cannot-take-an-identity"})
    assert ([row.name for row in page.table.rows], page.asked) == (["speech"], "cannot take an identity")
    found = read_way_out(facts, query={"q": "sear"})
    assert "Shown: “sear”, 1 account of 6 accounts in 2 subscriptions, looked at 3 h ago." in found.text


def test_a_filter_that_matches_nothing_says_so_and_one_that_means_nothing_is_left_out() -> None:
    found = read_way_out(known(a_mixed_survey()), query={"q": "nobody"})
    assert found.within("h1") == "No account matches “nobody”."
    assert "No account matches. Show all accounts" in found.text
    remark = read_way_out(known(a_mixed_survey()), query={"stage": "gone"})
    assert (
        "“gone” is no stage, so it is left out. There are keyless, ready, moving, not-started, unknown." in remark.text
    )


def test_many_accounts_have_pages_and_the_address_keeps_the_filters() -> None:
    fleet = a_survey([an_entry(f"app-{at:02}", a_usage([at], callers=(CURL,))) for at in range(45)])
    page = way_out(known(fleet), query={"sort": "name", "page": "2", "weeks": "26"})
    assert (page.table.rows[0].name, page.table.first, page.table.last) == ("app-20", 21, 40)
    assert page.table.pages[-1].link == "/api/status/way-out?sort=name&weeks=26&page=3#accounts"
    assert page.shell.again == "/api/status/way-out?sort=name&weeks=26&page=2"
    assert way_out(known(fleet), query={"page": "99"}).table.last == 45


@pytest.mark.parametrize(
    ("sort", "first"), [("calls", "chat"), ("name", "chat"), ("stage", "speech"), ("last", "chat")]
)
def test_the_table_is_sorted_as_asked(sort: str, first: str) -> None:
    found = read_way_out(known(a_mixed_survey()), query={"sort": sort})
    assert way_out(known(a_mixed_survey()), query={"sort": sort}).table.rows[0].name == first
    assert sum("aria-sort" in attributes for _, attributes in found.elements) == 1


def test_the_span_the_scope_and_the_age_stand_in_the_band() -> None:
    found = read_way_out(known(a_mixed_survey()))
    assert (
        "6 accounts in 2 subscriptions, looked at 3 h ago, with the logs from Tue 20 Oct 2026, 09:22 UTC "
        "to Tue 24 Nov 2026, 09:22 UTC ." in found.text
    )
    assert "one is made each day" not in found.text


def test_an_old_survey_says_that_it_is_old() -> None:
    survey = as_it_counts(a_mixed_survey(asked_at=NOW - STANDS_FOR - timedelta(hours=1)), NOW)
    found = read_way_out(known(survey))
    assert found.within("h1").startswith("Nobody knows how many accounts can do without keys")
    assert "The last survey was 2 days ago; one is made each day." in found.text
    assert "its verdicts count no more" in found.text


def test_what_could_not_be_seen_is_named_with_the_next_step() -> None:
    survey = a_mixed_survey(problems=(GrantRole("subscription 1", "the accounts in it could not be listed."),))
    found = read_way_out(known(survey))
    assert "Not all could be seen." in found.text
    assert "subscription 1 : the accounts in it could not be listed. Next step:" in found.text
    nothing = read_way_out(known(replace(survey, entries=())))
    assert nothing.within("h1") == "No account could be seen."
    assert "the accounts in it could not be listed" in nothing.text


def test_without_a_log_the_page_names_the_setting_and_both_commands() -> None:
    found = read_way_out(facts_of([a_row("chat", 10)]))
    assert found.within("h1") == "Nobody knows yet who uses keys: no log of calls is configured."
    assert (
        "az monitor diagnostic-settings create --name key-rotation-calls --resource ACCOUNT-RESOURCE-ID" in found.text
    )
    assert "--name func-keys --settings ROTATION_LOG_WORKSPACE_ID=WORKSPACE-ID" in found.text


def test_a_survey_without_a_log_keeps_its_accounts_and_names_the_setting() -> None:
    survey = a_survey([an_entry("chat"), KEYLESS], since=None, until=None)
    found = read_way_out(facts_of([], survey=survey))
    assert found.within("h1") == "1 of 2 accounts is keyless."
    assert "No log of calls is configured, so nobody knows who uses keys." in found.text
    assert "with the logs from" not in found.text


def test_before_the_first_survey_and_with_nothing_in_sight_it_says_what_comes() -> None:
    found = read_way_out(known(None))
    assert found.within("h1") == "Nobody has looked at the logs yet."
    assert "python -m cli readiness" in found.text
    assert read_way_out(known(a_survey(()))).within("h1") == "No account is in sight in 2 subscriptions."


def test_the_chart_has_its_sentence_and_the_same_as_a_table() -> None:
    found = read_way_out(known(a_mixed_survey()), [a_week(0, 1, 1, 1, 2, 1, key_calls=7003), a_week(2, 0, 1, 1, 3, 1)])
    assert "In the week of 23 Nov: 1 keyless, 1 ready, 1 moving, 2 not started, 1 unknown." in found.within("title")
    assert "23 Nov 2026 2026-W48 1 1 1 2 1 7,003 16 Nov 2026 2026-W47 not recorded 9 Nov 2026" in found.text
    assert "No week was recorded yet." in read_way_out(known(a_mixed_survey())).text
    assert Stage.KEYLESS.words in found.text


def test_a_function_key_is_carried_on_in_every_link_and_in_the_form() -> None:
    page = way_out(known(a_mixed_survey(), [a_row("chat", 10)]))
    links = replace(page.shell.links, code="A-KEY")
    shell = replace(page.shell, links=links)
    found = Reader(render("way_out.html", page=replace(page, shell=shell), shell=shell))
    assert ("input", {"type": "hidden", "name": "code", "value": "A-KEY"}) in found.elements
    assert "/api/status/way-out?code=A-KEY" in found.links()


def test_text_from_outside_is_shown_as_text() -> None:
    caller = KeyCaller(MARKUP, MARKUP, 3, NOW, MARKUP)
    entry = an_entry("chat", a_usage([3], callers=(caller,)), owner=MARKUP, target=MARKUP)
    survey = a_survey([entry], scope=MARKUP, problems=(GrantRole(MARKUP, MARKUP),))
    found = read_way_out(known(survey, [a_row(a_target("chat"))]), query={"q": "<script", "owner": MARKUP})
    assert found.tags().count("script") == 1
    assert "img" not in found.tags()
    assert not [one for one in found.elements if "style" in one[1]]
