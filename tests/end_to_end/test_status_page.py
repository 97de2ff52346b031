"""The status page: what it says, that it runs no script, and that it shows what the survey says."""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import aiohttp
import pytest

from lab.emulator.serve import Azure
from lab.funchost.host import FunctionHost
from lab.simulation.tripwire import wire
from shared.announce.outstanding import outstanding
from shared.decide.plan import HELD, Plan, Reason
from shared.decide.policies import decide
from shared.decide.situation import Situation
from shared.domain.errors import FixConfiguration, GrantRole
from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.model import AccountId, Observation, Target
from shared.domain.publication import Marks, Origin, Publication, SecretState
from shared.domain.requests import AwaitedDeployment, Requester
from shared.domain.told import Told
from shared.fleet.survey import Overview
from shared.settings.environment import read_settings
from shared.turns.report import Row
from shared.web.pages.status import _STATES, HEADERS, status_page, status_page_of_error
from tests.end_to_end.conftest import a_host, published

NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
ACCOUNT = AccountId("00000000-0000-4000-8000-000000000001", "prod", "chat")
TARGET = Target("chat", ACCOUNT, "https://contoso.vault.azure.net", "chat-key")
ONE, TWO = Fingerprint("1" * 16), Fingerprint("2" * 16)
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>\"' &amp;"


def a_row(target: Target = TARGET, *, days: float = 5, state: SecretState = SecretState.ACTIVE, **marked: Any) -> Row:
    """Return the survey's row of a target whose key 1 went live `days` days ago."""
    since = NOW - timedelta(days=days)
    facts = {"previous": TWO} if "until" in marked else {"spare": TWO}
    marks = Marks(**{"live": ONE, "origin": Origin.ROTATED, "since": since, "told": Told(True), **facts, **marked})
    held = Publication("v1", state, since, ONE, slot=KeySlot.KEY1, provider=str(target.account), marks=marks)
    seen = Observation(True, {KeySlot.KEY1: ONE, KeySlot.KEY2: TWO}, held, "https://chat.openai.azure.com/")
    situation = Situation(seen, target, NOW)
    return Row(target, decide(seen, target, NOW), situation, outstanding(situation))


class Reader(HTMLParser):
    """What a browser would find: the elements in order, all of them closed, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, Mapping[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        assert self.open == [], "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def tags(self) -> list[str]:
        return [tag for tag, _ in self.elements]


def read(*rows: Row, problems: tuple[Any, ...] = (), remarks: tuple[str, ...] = ()) -> Reader:
    return Reader(status_page(Overview(list(rows), list(problems), NOW, NOW), NOW, remarks))


def test_a_healthy_target_shows_its_live_key_and_the_next_rotation() -> None:
    text = read(a_row(replace(TARGET, owner="chat-team"))).text
    assert "1 target: 1 healthy." in text
    assert "Live key 1 since 2026-11-17 05:00 UTC (5 days ago)" in text
    assert "Next rotation 2026-12-17 05:00 UTC (in 25 days)" in text
    assert "Owner chat-team" in text
    assert "Secret chat-key in contoso.vault.azure.net" in text


def test_the_previous_key_is_shown_with_its_end_and_outstanding_announcements() -> None:
    text = read(a_row(days=1, until=NOW + timedelta(days=2))).text
    assert "Previous key key 2 until 2026-11-24 05:00 UTC (in 2 days)" in text
    assert "To announce RetirementAnnounced" in text


def test_a_previous_key_past_its_end_is_marked() -> None:
    text = read(a_row(days=9, until=NOW - timedelta(hours=5))).text
    assert "Waiting for its announcement" in text
    assert "(5 hours ago) . It should have ended." in text


def test_an_awaited_deployment_and_a_sunset_are_shown() -> None:
    armed = a_row(
        replace(TARGET, sunset=NOW + timedelta(days=90)), awaited=AwaitedDeployment("production", timedelta(hours=2))
    )
    text = read(armed).text
    assert "Waits for the next deployment to production, 2 hours after it" in text
    assert "Next rotation at the latest 2026-12-17 05:00 UTC" in text
    assert "All keys end 2027-02-20 05:00 UTC (in 90 days)" in text


def test_the_requester_and_the_reason_are_shown() -> None:
    assert "Last requested by ada: a drill" in read(a_row(requester=Requester("id", "ada", "a drill"))).text


def test_targets_that_need_a_person_come_first() -> None:
    calm, due = a_row(), a_row(replace(TARGET, name="a-due"), days=31)
    bad = a_row(replace(TARGET, name="z-bad"), state=SecretState.DISABLED)
    dark = Row(replace(TARGET, name="dark"), error=GrantRole("dark", "could not list its keys."))
    problem = FixConfiguration("/subscriptions/x/accounts/typo", "neither on nor off.", "correct the account's tags")
    found = read(calm, due, bad, dark, problems=(problem,))
    heads = [found.texts[at] for at, text in enumerate(found.texts) if re.fullmatch(r".* \(\d\)", text)]
    assert heads == ["Could not be read (1)", "Action needed (2)", "Due now (1)", "Healthy (1)"]
    assert "4 targets: 2 action needed, 1 due now, 1 healthy. 1 more could not be read." in found.text
    assert "Cannot be read: GrantRole could not list its keys. Next step: wait some minutes" in found.text
    assert "neither on nor off. Next step: correct the account's tags." in found.text


def test_an_empty_page_says_how_to_enrol_an_account() -> None:
    assert "No target is enrolled." in read().text


def test_a_remark_about_the_app_is_shown_above_the_targets() -> None:
    text = read(a_row(), remarks=("The mode is observe.",)).text
    assert text.index("The mode is observe.") < text.index("Healthy (1)")


def test_the_page_says_how_old_it_is_and_what_it_cannot_show() -> None:
    ago = NOW - timedelta(minutes=7)
    seen = Overview([replace(a_row(), presumed=True)], [], ago, ago)
    text = Reader(status_page(seen, NOW)).text
    assert "This is what the check saw 7 min ago. A key that was regenerated by hand shows here once a turn" in text


def test_the_page_says_how_old_the_oldest_part_is_and_whether_something_was_never_seen() -> None:
    ago, before = NOW - timedelta(minutes=7), NOW - timedelta(minutes=27)
    text = Reader(status_page(Overview([], [], ago, before), NOW)).text
    assert "All subscriptions and vaults were seen within the last 27 min." in text
    assert "was never listed to its end" in Reader(status_page(Overview([], [], ago, None), NOW)).text


def test_a_page_without_a_view_says_that_no_check_has_left_one() -> None:
    text = Reader(status_page(Overview([a_row()], []), NOW)).text
    assert "No check has left a view within the last hour" in text


def test_every_reason_that_needs_words_has_its_own() -> None:
    by_request = {Reason.REQUESTED, Reason.ARMED, Reason.DISARMED, Reason.DEPLOYED, Reason.NOT_ARMED}
    of_turns = {
        Reason.ALREADY_DONE,
        Reason.BRAKE,
        Reason.NOTHING_DUE,
        Reason.WHICH_KEY,
    }  # a survey never finds these, or they need no words
    assert set(Reason) - by_request - of_turns == set(_STATES)
    assert HELD - of_turns <= set(_STATES)
    assert "Due now" in read(replace(a_row(), plan=Plan(Reason.REQUESTED, "why", a_row(days=31).plan.steps))).text


HOSTILE = {
    "an owner": a_row(replace(TARGET, owner=MARKUP)),
    "a name": a_row(replace(TARGET, name=MARKUP, secret=MARKUP, vault_url=f"https://{MARKUP}")),
    "who asked": a_row(requester=Requester("id", MARKUP, MARKUP)),
    "an environment": a_row(awaited=AwaitedDeployment(MARKUP)),
    "an error": Row(TARGET, error=GrantRole(MARKUP, MARKUP, MARKUP)),
    "a plan": replace(a_row(), plan=Plan(Reason.PERSON_MUST_LOOK, MARKUP)),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_markup_from_outside_stays_text(case: str) -> None:
    found = Reader(status_page(Overview([HOSTILE[case]], [FixConfiguration(MARKUP, MARKUP, MARKUP)]), NOW, [MARKUP]))
    assert not {"script", "img", "link", "iframe", "a", "form"} & set(found.tags())
    assert all(
        set(attributes) <= {"class", "lang", "charset", "name", "content", "datetime"}
        for _, attributes in found.elements
    )
    assert "<script>alert(1)</script>" in found.text


def test_control_characters_are_removed() -> None:
    text = status_page(Overview([a_row(replace(TARGET, owner="a\u202enwo\x1b[2Jb\u0000"))], []), NOW)
    assert not {"\u202e", "\x1b", "\0"} & set(text)


def test_the_content_security_policy_allows_only_the_page_s_own_style() -> None:
    [style] = re.findall(r"<style>(.*?)</style>", status_page(Overview([], []), NOW), re.DOTALL)
    mark = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = dict(part.strip().split(" ", 1) for part in HEADERS["Content-Security-Policy"].split(";"))
    assert policy == {
        "default-src": "'none'", "style-src": f"'sha256-{mark}'", "base-uri": "'none'", "form-action": "'none'",
        "frame-ancestors": "'none'",
    }  # fmt: skip
    assert "url(" not in style
    assert "@import" not in style


def test_the_page_is_accessible() -> None:
    found = read(a_row(), a_row(replace(TARGET, name="due"), days=31))
    assert ("html", {"lang": "en"}) in found.elements
    assert any(attributes.get("name") == "viewport" for tag, attributes in found.elements if tag == "meta")
    levels = [int(tag[1]) for tag in found.tags() if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(deeper - level <= 1 for level, deeper in pairwise(levels))
    assert found.tags().count("main") == 1
    assert all("datetime" in attributes for tag, attributes in found.elements if tag == "time")


def test_an_error_that_hides_every_target_is_shown_as_a_page() -> None:
    text = Reader(status_page_of_error(GrantRole("the vault", "may not be read."), NOW)).text
    assert "the vault: may not be read." in text


def test_invalid_settings_are_shown_first_with_each_name_and_what_is_right() -> None:
    with pytest.raises(FixConfiguration) as caught:
        read_settings({"ROTATION_MOD": MARKUP, "AzureWebJobsStorage": "UseDevelopmentStorage=true"})
    read = Reader(status_page_of_error(caught.value, NOW))
    assert "Key rotation Nothing is being done: 2 settings are invalid." in read.text
    assert (
        "ROTATION_MOD is not a setting; the nearest is ROTATION_MODE. Next step: rename it to ROTATION_MODE."
        in read.text
    )
    assert "script" not in read.tags()
    assert "healthy" not in read.text


async def fetched(
    host: FunctionHost, http: aiohttp.ClientSession, key: bool = True
) -> tuple[int, Mapping[str, str], str]:
    headers = {"x-functions-key": host.keys.default} if key else {}
    async with http.get(f"{host.url}/api/status", headers=headers) as answer:
        return answer.status, answer.headers, await answer.text()


async def test_the_route_serves_the_page_with_its_content_security_policy(
    azure: Azure, host: FunctionHost, http: aiohttp.ClientSession
) -> None:
    chat = azure.world.accounts.named("chat")
    published(azure, chat, days_ago=1)
    assert (await fetched(host, http, key=False))[0] == 401
    status, headers, text = await fetched(host, http)
    assert status == 200
    assert headers["Content-Type"].replace(" ", "").lower() == "text/html;charset=utf-8"
    assert all(headers[name] == value for name, value in HEADERS.items())
    assert "2 targets: 1 due now, 1 healthy." in Reader(text).text
    wire.plant(*(key.value for key in chat.keys.values()))
    wire.hear(text)
    wire.check()


async def test_the_page_says_that_nobody_listens_and_what_to_do(azure: Azure, http: aiohttp.ClientSession) -> None:
    azure.world.topics["announcements"].subscribers.clear()
    async with a_host(azure) as host:
        _, _, text = await fetched(host, http)
    said = Reader(text).text
    assert "The topic has no event subscription, so announcements reach nobody." in said
    assert "Next step: create an event subscription of the topic" in said


async def test_the_route_answers_invalid_settings_with_a_page(azure: Azure, http: aiohttp.ClientSession) -> None:
    async with a_host(azure, ROTATION_PERIOD="monthly") as host:
        status, headers, text = await fetched(host, http)
    assert status == 503
    assert headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]
    assert "ROTATION_PERIOD" in Reader(text).text
