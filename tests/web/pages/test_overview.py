"""The overview: its sentence, what is to do and to watch, the targets, the dates, what happened."""

import base64
import hashlib
import re
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from shared.decide.plan import Plan, Reason
from shared.domain.errors import FixConfiguration, GrantRole
from shared.domain.publication import Origin, SecretState
from shared.domain.requests import AwaitedDeployment, LeakRequest, Requester
from shared.findings.states import State
from shared.findings.verdict import Tone
from shared.turns.message import Message
from shared.turns.report import Row
from shared.web.pages.render import headers
from tests.web.pages.fleets import (
    NOW,
    a_row,
    a_target,
    facts_of,
    healthy,
    misconfigured,
    read,
    settings,
    text_of,
    unreadable,
    view,
)
from tests.web.pages.surveys import a_mixed_survey, known

MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>\"' &amp;"
TOMORROW = NOW + timedelta(hours=23)
PAST_NOTICE = NOW - timedelta(hours=5)


def test_a_healthy_fleet_needs_nothing_and_the_page_is_green() -> None:
    page = view(facts_of(healthy(3)))
    assert (page.verdict.tone, page.to_do.cards, page.to_watch.cards) == (Tone.GREEN, (), ())
    assert page.verdict.sentence == "Nothing to do. All 3 targets are healthy."
    assert page.shell.tab == "Nothing to do · Key rotation"


def test_the_first_head_of_the_page_is_the_sentence() -> None:
    found = read(facts_of([a_row(a_target("search", sunset=TOMORROW)), misconfigured("vision")]))
    assert found.tags().count("h1") == 1
    assert found.within("h1") == (
        "2 things to do: move the apps of search off keys, because all keys end in 23 h; "
        "and correct the configuration of vision, which is not rotated."
    )
    assert found.within("title").startswith("2 to do · Key rotation")


def test_the_bar_names_app_mode_and_last_check() -> None:
    found = read(facts_of(healthy(1)))
    assert "func-keys mode: rotate" in found.text
    assert "Checked 2 min ago" in found.text
    assert "Signed in as operator@example.com (Rotation.Reader, Rotation.Operator)" in found.text
    assert "As of Tue 24 Nov 2026, 09:42 UTC" in found.text


def test_a_finding_says_consequence_cause_time_step_command_owner_portal_and_runbook() -> None:
    target = a_target("search", sunset=TOMORROW)
    found = read(facts_of([a_row(target)]))
    for said in (
        "search : all keys end soon",
        "in 23 h Wed 25 Nov 2026, 08:42 UTC",
        "From that moment the account refuses every call with a key.",
        "The sunset of this account was agreed for 2026-11-25 08:42 UTC.",
        "See that no app uses a key any more",
        "az tag update --operation merge --resource-id",
        "Runbook: Audit: sunset-near",
    ):
        assert said in found.text
    assert "mailto:team@example.com" in found.links()
    assert f"https://portal.azure.com/#resource{target.account}" in found.links()


def test_equal_findings_are_one_card_with_its_targets() -> None:
    page = view(facts_of([misconfigured(f"app-{at}") for at in range(9)]))
    [card] = page.to_do.cards
    assert (card.about, len(card.targets)) == ("9 targets", 9)
    assert card.causes == ("tags, period: 'monthly' is not an ISO 8601 duration such as P30D or PT24H.",)
    assert page.to_do.targets == 9


def test_a_card_of_very_many_targets_shows_some_and_says_how_many_more() -> None:
    [card] = view(facts_of([misconfigured(f"app-{at}") for at in range(300)])).to_do.cards
    assert (len(card.targets), card.more, len(card.commands), card.more_commands) == (20, 280, 5, True)
    assert card.in_table.endswith("?finding=not-enrollable#targets")


def test_a_target_that_is_misconfigured_or_unreadable_keeps_its_row_marked_with_what_was_known_last() -> None:
    page = view(facts_of([misconfigured("vision"), unreadable("search"), *healthy(1)]))
    rows = {row.name: row for row in page.table.rows}
    assert [rows[name].stale for name in ("vision", "search", "app-0")] == [True, True, False]
    assert (rows["vision"].next.head, rows["vision"].next.says) == ("not known", "new key")
    assert rows["vision"].next.was == NOW + timedelta(days=29)
    assert rows["vision"].state is State.ACTION


def test_the_badge_of_a_target_that_is_shown_as_it_was_known_last_has_its_own_form_and_words() -> None:
    found = read(facts_of([misconfigured("vision"), *healthy(1)]))
    badges = [str(at["class"]).split() for tag, at in found.elements if "badge" in str(at.get("class")).split()]
    assert badges[:2] == [["badge", "s-action-needed", "stale"], ["badge", "s-healthy"]]
    assert "Action needed , as last known" in found.within("table")


def test_the_targets_of_a_small_card_are_shown_at_once() -> None:
    found = read(facts_of([misconfigured("vision"), misconfigured("search")]))
    assert "open" in next(at for tag, at in found.elements if tag == "details")


def test_an_end_that_could_not_be_announced_is_not_known_and_does_not_slide() -> None:
    row = a_row("search", 9, until=PAST_NOTICE, announced=False)
    page = view(facts_of([row]))
    assert (page.table.rows[0].next.head, page.table.rows[0].next.was) == ("not known", PAST_NOTICE)
    assert {date.falls_at for date in page.dates if date.kind == "retirement"} == {None}
    assert "was Tue 24 Nov 2026, 04:42 UTC" in read(facts_of([row])).text


def test_the_next_dates_stand_with_relative_and_exact_time_and_whether_they_are_announced() -> None:
    found = read(facts_of([a_row("chat", 1, until=NOW + timedelta(days=2))]))
    assert "in 2 days chat : key 2 stops working Thu 26 Nov 2026, 09:42 UTC announced" in found.text
    assert "in 29 days chat : new key Wed 23 Dec 2026, 09:42 UTC not announced yet" in found.text


def test_a_rotation_that_waits_for_a_deployment_says_so() -> None:
    row = a_row("chat", awaited=AwaitedDeployment("production", timedelta(hours=2)))
    [shown] = view(facts_of([row])).table.rows
    assert (shown.next.says, shown.next.note) == ("new key, or at a deployment", "at the latest")


def test_what_happened_is_told_with_who_did_it_and_why() -> None:
    rows = [
        a_row("chat", 1, requester=Requester("id", "ada@example.com", "a drill")),
        a_row("search", 0.1, origin=Origin.HEALED),
        a_row("vision", 8),
    ]
    events = view(facts_of(rows)).events
    assert [(one.target, one.says, one.by) for one in events] == [
        ("search", "somebody regenerated a key; key 1 published in its place", "repaired by the app"),
        ("chat", "new key: key 1 published", "ada@example.com: a drill"),
    ]


def test_a_reported_leak_is_among_what_happened() -> None:
    leak = Message("chat", NOW - timedelta(hours=2), request=LeakRequest(by="ada@example.com"))
    events = view(facts_of([a_row("chat")], leaks=[leak])).events
    assert ("a leak was reported", "ada@example.com") in [(one.says, one.by) for one in events]


def test_announcements_that_wait_turn_the_page_amber_and_the_vital_sign_says_since_when() -> None:
    row = a_row("chat", 3, until=NOW + timedelta(days=1), announced=False)
    since = NOW - timedelta(minutes=22)
    page = view(facts_of([row], owing={str(row.target.account).casefold(): since}))
    vitals = {one.name: one for one in page.vitals}
    assert page.verdict.tone is Tone.AMBER
    assert vitals["Announcements"].says == "Not accepted for 22 min"
    assert vitals["Announcements"].state is State.ATTENTION


@pytest.mark.parametrize(("minutes", "tone"), [(12, Tone.GREEN), (47, Tone.AMBER), (67, Tone.RED)])
def test_a_late_check_turns_the_page_amber_and_then_red(minutes: float, tone: Tone) -> None:
    assert view(facts_of(healthy(3), minutes)).verdict.tone is tone


def test_with_a_late_check_nothing_is_shown_as_of_now() -> None:
    page = view(facts_of(healthy(3), 47))
    assert page.verdict.sentence == "The last check was 47 min ago; one is due every 10 min."
    assert "Everything below is as of Tue 24 Nov 2026, 08:55 UTC." in page.verdict.detail
    assert all(row.stale for row in page.table.rows)
    assert State.HEALTHY not in {one.state for one in page.vitals}


def test_observing_is_teal_and_says_what_would_be_done() -> None:
    page = view(facts_of(healthy(2), settings=settings(ROTATION_MODE="observe")))
    assert page.verdict.tone is Tone.TEAL
    assert page.verdict.sentence.startswith("Observing only.")


def test_an_empty_fleet_says_what_to_type() -> None:
    found = read(facts_of([]))
    assert found.within("h1") == "No account is enrolled yet."
    assert "az tag update --operation merge --resource-id" in found.text
    assert "--tags key-rotation=on" in found.text
    assert "table" not in found.tags()


def test_a_keyless_target_is_the_goal_and_has_no_next_date() -> None:
    row = a_row("docs")
    off = replace(row, plan=Plan(Reason.FINISHED, "Keys are switched off."))
    page = view(facts_of([off]))
    assert page.table.rows[0].state is State.KEYLESS
    assert page.table.rows[0].next.head == "keyless"
    assert page.verdict.sentence == "Nothing to do. The target is keyless."


def test_things_that_could_be_better_are_one_quiet_line() -> None:
    found = read(facts_of([a_row(a_target("chat", owner=None))]))
    assert "2 things could be better" in found.text
    assert "details" in found.tags()


def test_more_than_twenty_targets_have_counts_a_chart_and_pages_and_fewer_have_vital_signs() -> None:
    small, large = view(facts_of(healthy(20))), view(facts_of(healthy(21)))
    assert (len(small.vitals), small.counts, small.chart, small.choices) == (4, (), None, ())
    assert (large.vitals, len(large.counts), len(large.choices)) == ((), 2, 3)
    assert large.chart is not None
    assert [step.text for step in large.table.pages] == ["1", "2", "Next"]


def test_no_link_of_a_page_that_was_asked_for_without_a_key_has_one() -> None:
    assert not [link for link in read(facts_of(healthy(30))).links() if "code=" in link]


def test_every_link_and_the_form_keep_the_function_key() -> None:
    found = read(facts_of([*healthy(30), misconfigured("vision")]), code="a/key=")
    ours = [link for link in found.links() if link.startswith("/")]
    assert len(ours) > 30
    assert all("code=a%2Fkey%3D" in link for link in ours)
    hidden = {
        str(at["name"]): at["value"] for tag, at in found.elements if tag == "input" and at.get("type") == "hidden"
    }
    assert hidden["code"] == "a/key="


HOSTILE = {
    "an owner": a_row(a_target("chat", owner=MARKUP)),
    "a name": a_row(replace(a_target("chat"), name=MARKUP, secret=MARKUP)),
    "who asked": a_row("chat", 1, requester=Requester("id", MARKUP, MARKUP)),
    "an environment": a_row("chat", awaited=AwaitedDeployment(MARKUP)),
    "an error": Row(a_target("chat"), error=GrantRole(MARKUP, MARKUP, MARKUP)),
    "a plan": replace(a_row("chat", state=SecretState.DISABLED), plan=Plan(Reason.PERSON_MUST_LOOK, MARKUP)),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_markup_from_outside_stays_text(case: str) -> None:
    plain = read(facts_of(healthy(1)))
    problem = FixConfiguration(MARKUP, MARKUP, MARKUP)
    found = read(facts_of([HOSTILE[case]], problems=[problem]), {"q": MARKUP, "state": MARKUP})
    found_all = read(facts_of([HOSTILE[case]], problems=[problem]))
    for one in (found, found_all):
        assert not {"img", "iframe", "object"} & set(one.tags())
        assert one.tags().count("script") == plain.tags().count("script") == 1
        assert not [at for _, at in one.elements for name in at if name == "style" or name.startswith("on")]
        assert all(link.startswith(("/api/", "mailto:", "https://portal.azure.com/#", "#")) for link in one.links())
    assert "<script>alert(1)</script>" in found_all.text


def test_control_characters_are_removed() -> None:
    text = text_of(facts_of([a_row(a_target("chat", owner="a\u202enwo\x1b[2Jb\u0000"))]))
    assert not {"\u202e", "\x1b", "\0"} & set(text)


def test_the_content_security_policy_allows_only_the_page_s_own_style_and_script() -> None:
    text = text_of(facts_of(healthy(2)))
    policy = dict(part.strip().split(" ", 1) for part in headers()["Content-Security-Policy"].split(";"))
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        [inside] = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert policy[directive] == f"'sha256-{base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()}'"
    assert (policy["default-src"], policy["form-action"], policy["frame-ancestors"]) == ("'none'", "'self'", "'none'")
    assert "@import" not in text


def test_nothing_is_loaded_from_elsewhere() -> None:
    found = read(facts_of(healthy(2)))
    loaded = [at.get("src") or at.get("href") for tag, at in found.elements if tag in ("link", "script", "img", "use")]
    assert all(one is None or one.startswith(("data:", "#")) for one in loaded)


def test_the_page_has_landmarks_one_first_head_and_heads_in_order() -> None:
    found = read(facts_of([*healthy(30), misconfigured("vision")]))
    assert ("html", {"lang": "en"}) in found.elements
    levels = [int(tag[1]) for tag in found.tags() if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(deeper - level <= 1 for level, deeper in pairwise(levels))
    assert found.tags().count("main") == 1
    assert "#main" in found.links()
    assert all("datetime" in attributes for tag, attributes in found.elements if tag == "time")
    ids = [at["id"] for _, at in found.elements if "id" in at]
    assert len(ids) == len(set(ids)), "no id stands twice"


def test_a_page_of_a_thousand_targets_weighs_at_most_150_kb() -> None:
    rows = [a_row(a_target(f"app-{at}", owner=f"team-{at}@example.com"), 5 + at % 20) for at in range(1000)]
    rows += [misconfigured(f"bad-{at}") for at in range(100)]
    assert len(text_of(facts_of(rows)).encode()) <= 150_000


def test_ends_of_keys_that_wait_are_counted_and_nothing_is_called_announced() -> None:
    rows = [a_row(f"app-{at}", 8, until=NOW - timedelta(days=5), announced=False) for at in range(25)]
    found = read(facts_of(rows))
    assert "25 ends of keys have no date: they wait." in found.text
    assert "All ends of keys in the next 3 days are announced" not in found.text


def test_targets_that_wait_are_not_called_healthy() -> None:
    rows = [a_row("chat", 5, until=NOW - timedelta(minutes=20), announced=False), a_row("search", 10)]
    verdict = view(facts_of(rows)).verdict
    assert verdict.sentence == "Nothing to do. 1 target is healthy, and 1 waiting."
    assert "chat loses" not in verdict.detail


def test_what_cannot_be_told_is_no_green_vital_sign() -> None:
    vitals = {one.name: one for one in view(facts_of([misconfigured("chat")])).vitals}
    assert (vitals["Announcements"].says, vitals["Announcements"].state) == ("Not all known", State.UNKNOWN)
    failing = replace(a_row("chat", 10), error=GrantRole("chat", "it may not list keys."), fails=True)
    vitals = {one.name: one for one in view(facts_of([failing])).vitals}
    assert vitals["Keys in the vault"].state is State.ATTENTION


def test_the_table_says_who_is_called_with_a_key_and_how_far_each_target_is() -> None:
    rows = [a_row(name) for name in ("chat", "search", "vision", "docs", "new")]
    found = read(known(a_mixed_survey(), rows))
    for said in (
        "Key calls in 7 days Way out Owner",
        "7,000 no change 1 caller Moving",
        "3 1 caller Not started",
        "0 none in 35 days Ready",
        "? not known no logs Unknown",
        "? not known not in the last survey",
    ):
        assert said in found.text, said
    assert "Key calls in 7 days" not in read(facts_of(rows)).text, "no survey, no column of question marks"


def test_the_vital_sign_of_the_way_out_counts_the_stages_and_leads_to_its_view() -> None:
    rows = [a_row(name) for name in ("chat", "vision", "new")]
    found = read(known(a_mixed_survey(), rows))
    assert "Way out of keys 0 of 3 keyless 1 ready, 1 moving, 1 unknown" in found.text
    assert "/api/status/way-out" in found.links()
    assert "0 of 3 keyless no sunset is agreed" in read(facts_of(rows)).text
