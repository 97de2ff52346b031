"""Which targets are enrolled: fields of explicit targets, tags of accounts, clashes, and problems by name."""

import json
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from shared.domain.errors import FixConfiguration
from shared.domain.model import AccountId, Adopt, Cadence, ProofPolicy, Target
from shared.domain.window import Window
from shared.fleet.enrolment import Enrolment, tagged_target
from shared.ports import Account
from shared.settings.environment import Settings, read_settings
from shared.settings.problems import Problems
from shared.settings.readers import secret_templates
from shared.settings.target_fields import TAGGED, Defaults, could_be_a_name, target_from_fields, target_from_tags
from tests.support.real_parts import Parts

SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"
VAULT = "https://contoso.vault.azure.net"


def account(name: str = "chat", subscription: str = SUBSCRIPTION) -> AccountId:
    return AccountId(subscription, "prod", name)


def settings(*entries: dict[str, Any]) -> Settings:
    return read_settings(
        {
            "AzureWebJobsStorage": "AccountName=host",
            "ROTATION_SUBSCRIPTIONS": SUBSCRIPTION,
            "ROTATION_VAULT_URL": VAULT,
            "ROTATION_TARGETS": json.dumps(entries),
        }
    )


def explicit(**fields: Any) -> tuple[Target | None, Problems]:
    problems = Problems()
    return target_from_fields({"account": str(account()), **fields}, "entry", Defaults(VAULT), problems), problems


def tagged(**tags: str) -> tuple[Target | None, Problems]:
    problems = Problems()
    asked = {"key-rotation": "on"} | {f"key-rotation-{name}": text for name, text in tags.items()}
    return target_from_tags(account(), asked, Defaults(VAULT), problems), problems


def enrolled(reading: Settings, *accounts: tuple[AccountId, dict[str, str]]) -> Enrolment:
    enrolment = Enrolment(reading)
    for one, tags in accounts:
        enrolment.add(Account(one, "https://chat.openai.azure.com/", True, tags))
    enrolment.settle({})
    return enrolment


def test_an_account_alone_is_a_target_with_default_values() -> None:
    assert explicit() == (Target("chat", account(), VAULT, "chat-key", Cadence()), [])


def test_every_field_of_a_target_is_read() -> None:
    target, problems = explicit(
        vault="https://other.vault.azure.net/",
        secret="openai",
        name="chat-prod",
        period="P60D",
        overlap="P5D",
        warnings=["P1D", "P10D"],
        window="Tue 10:00-11:00 UTC",
        owner="team-chat@contoso.com",
        adopt="rotate",
        proof="prefer",
        sunset="2027-03-31",
    )
    rhythm = Cadence(
        timedelta(days=60),
        timedelta(days=5),
        (timedelta(days=10), timedelta(days=1)),
        timedelta(days=1),
        Window(frozenset({1}), time(10), time(11), "UTC"),
    )
    assert not problems
    assert target == Target(
        "chat-prod",
        account(),
        "https://other.vault.azure.net",
        "openai",
        rhythm,
        "team-chat@contoso.com",
        Adopt.ROTATE,
        ProofPolicy.PREFER,
        datetime(2027, 3, 31, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "field", ["vault", "secret", "name", "period", "overlap", "warnings", "window", "owner", "sunset"]
)
def test_a_null_field_counts_as_not_given(field: str) -> None:
    assert explicit(**{field: None}) == explicit()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("account", "/subscriptions/1/accounts/chat"),
        ("account", 7),
        ("vault", "contoso"),
        ("vault", "http://contoso.vault.azure.net"),
        ("vault", "https://contoso..vault.azure.net"),
        ("secret", "a_b"),
        ("secret", ""),
        ("secret", "s" * 128),
        ("name", "two words"),
        ("name", "-chat"),
        ("period", "monthly"),
        ("period", 30),
        ("overlap", "P0D"),
        ("warnings", []),
        ("warnings", ["P1D", 7]),
        ("window", "09:00-16:00"),
        ("window", "Mon-Fri 16:00-09:00 UTC"),
        ("window", "Mon-Fri 09:00-16:00 Nowhere/Here"),
        ("owner", "o" * 201),
        ("owner", "a\nb"),
        ("adopt", "wait"),
        ("proof", "never"),
        ("sunset", "soon"),
        ("sunset", "2027-03-31T18:00:00"),
    ],
)
def test_an_invalid_field_is_named(field: str, value: object) -> None:
    target, problems = explicit(**{field: value})
    assert target is None
    assert problems[0].thing == f"entry, {field}", problems


@pytest.mark.parametrize("field", ["secret", "name"])
def test_a_name_with_a_line_break_at_its_end_is_refused(field: str) -> None:
    target, problems = explicit(**{field: "chat\n"})
    assert target is None, target
    assert problems[0].thing == f"entry, {field}"


def test_an_unknown_field_is_named_with_the_known_fields() -> None:
    _, problems = explicit(vaults=VAULT)
    assert list(map(str, problems)) == ["entry: 'vaults' is not a field; the nearest is vault"]
    _, problems = explicit(colour="red")
    assert list(map(str, problems)) == [
        "entry: 'colour' is not a field; known: account, vault, secret, name, period, overlap, warnings, window, "
        "owner, adopt, proof, sunset, after-deployment, consumers"
    ]


def test_a_target_without_a_vault_is_refused() -> None:
    problems = Problems()
    assert target_from_fields({"account": str(account())}, "entry", Defaults(), problems) is None
    assert list(map(str, problems)) == ["entry: no vault: name one here or set ROTATION_VAULT_URL"]


def test_a_target_s_overlap_shorter_than_the_consumer_lag_is_refused() -> None:
    target, problems = explicit(overlap="PT6H")
    assert target is None
    assert "ROTATION_CONSUMER_LAG" in problems[0].what


@pytest.mark.parametrize("sunset", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-10:00"])
def test_a_sunset_outside_of_the_calendar_is_named(sunset: str) -> None:
    target, problems = explicit(sunset=sunset)
    assert target is None
    assert problems[0].thing == "entry, sunset"


def test_two_targets_must_not_share_a_name_an_account_or_a_secret() -> None:
    same = {"account": str(account()), "name": "chat"}
    with pytest.raises(FixConfiguration) as caught:
        settings(same, same)
    for what in ("the name chat", f"the account {account()}", f"the secret {VAULT}/secrets/chat-key"):
        assert f"two targets have {what}" in caught.value.what


def test_clashes_are_found_without_regard_to_case() -> None:
    with pytest.raises(FixConfiguration, match="two targets have the secret"):
        settings(
            {"account": str(account("first")), "secret": "one"}, {"account": str(account("second")), "secret": "ONE"}
        )


def test_a_tagged_account_is_a_target_with_default_values() -> None:
    assert tagged() == (Target("chat", account(), VAULT, "chat-key", Cadence()), [])


@pytest.mark.parametrize("tags", [{}, {"key-rotation": "off"}, {"key-rotation": ""}, {"key-rotation-secret": "x"}])
def test_an_account_that_is_not_tagged_on_is_ignored(tags: dict[str, str]) -> None:
    problems = Problems()
    assert target_from_tags(account(), tags, Defaults(VAULT), problems) is None
    assert not problems


def test_every_tag_is_read() -> None:
    target, problems = tagged(
        secret="openai",
        vault="https://other.vault.azure.net",
        period="P60D",
        overlap="P5D",
        owner="team",
        sunset="2027-03-31T18:00:00+02:00",
    )
    assert not problems
    assert target == Target(
        "chat",
        account(),
        "https://other.vault.azure.net",
        "openai",
        Cadence(timedelta(days=60), timedelta(days=5)),
        "team",
        sunset=datetime(2027, 3, 31, 16, tzinfo=UTC),
    )


def test_the_names_of_tags_are_compared_without_case() -> None:
    problems = Problems()
    target = target_from_tags(account(), {"Key-Rotation": "On", "KEY-ROTATION-SECRET": "x"}, Defaults(VAULT), problems)
    assert target is not None
    assert target.secret == "x"


@pytest.mark.parametrize("name", [name for name in TAGGED if name != "owner"])
def test_an_invalid_tag_is_named_with_its_account(name: str) -> None:
    target, problems = tagged(**{name: "?"})
    assert target is None
    assert problems[0].thing == f"account chat, tags, {name}"


@examples(derandomize=True)
@given(st.dictionaries(st.sampled_from(TAGGED), st.text(alphabet="PTDH0123456789-:+Z. \nab", max_size=30), min_size=1))
def test_any_tags_give_a_target_or_a_problem_that_names_the_account(tags: dict[str, str]) -> None:
    target, problems = tagged(**tags)
    assert (target is None) is bool(problems)
    assert all(problem.thing.startswith("account chat, tags") for problem in problems)


def test_an_invalid_tag_does_not_stop_other_accounts() -> None:
    found = enrolled(
        settings(),
        (account("bad"), {"key-rotation": "on", "key-rotation-period": "?"}),
        (account("good"), {"key-rotation": "on"}),
    )
    assert [one.target.name for one in found.found] == ["good"]
    assert [error.thing for error in found.problems] == [str(account("bad"))]
    assert isinstance(found.problems[0], FixConfiguration)


def test_an_explicit_target_wins_over_the_account_s_tags() -> None:
    found = enrolled(
        settings({"account": str(account()), "secret": "explicit"}),
        (AccountId(SUBSCRIPTION, "PROD", "CHAT"), {"key-rotation": "on", "key-rotation-secret": "tagged"}),
    )
    assert [one.target.secret for one in found.found] == ["explicit"]
    assert not found.problems


@pytest.mark.parametrize("name", ["chat-key", "Chat-Key", "prod-chat-of-us", "chat-2"])
def test_a_tag_may_name_the_default_secret_and_those_that_a_template_makes(name: str) -> None:
    allowing = replace(settings(), secrets=("{group}-{account}-of-us", "{account}-2"))
    assert tagged_target(account(), {"key-rotation": "on", "key-rotation-secret": name}, allowing).secret == name


@pytest.mark.parametrize("name", ["notes-of-a-stranger", "other-key", "chat-2", "prod-chat-of-us-2", "chat"])
def test_a_tag_cannot_choose_who_reads_the_key(name: str) -> None:
    allowing = replace(settings(), secrets=("{group}-{account}-of-us",))
    with pytest.raises(FixConfiguration) as caught:
        tagged_target(account(), {"key-rotation": "on", "Key-Rotation-Secret": name}, allowing)
    allowed = "(allowed: chat-key or prod-chat-of-us)"
    assert caught.value.what == f"tag key-rotation-secret names {name}, a secret that no setting allows {allowed}."
    assert "add a template to ROTATION_SECRETS" in caught.value.next_step


@pytest.mark.parametrize(
    "template", ["shared", "{account}", "{group}-key", "*", "{account}_key", "{account!r}", "{name}-{account}"]
)
def test_a_template_names_the_account_and_holds_nothing_else_that_can_vary(template: str) -> None:
    with pytest.raises(ValueError, match="is not a template"):
        secret_templates(template)


def test_an_account_in_another_subscription_is_refused() -> None:
    elsewhere = account("chat", "00000000-0000-4000-8000-00000000000f")
    with pytest.raises(FixConfiguration, match="ROTATION_SUBSCRIPTIONS"):
        tagged_target(elsewhere, {"key-rotation": "on"}, settings())


async def test_an_account_without_an_endpoint_does_not_hide_the_others(parts: Parts) -> None:
    """P10. `account-001` comes first in the listing and has no endpoint, like an account that is being created."""
    for number in (1, 2):
        parts.account(number).tags = {"key-rotation": "on"}
    parts.account(1).properties = {"endpoint": None}
    found, problems = await parts.rotation.fleet.enrolled()
    assert "account-002" in [one.target.name for one in found]
    # account-001 is either named here, or enrolled and named by its own turn.
    named = [error.thing for error in problems] + [str(one.target.account) for one in found]
    assert parts.account(1).id in named


@pytest.mark.parametrize(
    "tags",
    [
        {"key-rotation-period": "P3000000D"},
        {"key-rotation-sunset": "0001-01-01T00:00:00+14:00"},
    ],
)
async def test_an_absurd_tag_does_not_stop_the_tick(parts: Parts, tags: dict[str, str]) -> None:
    """P10. The account with the absurd tag is adopted first, so that the tick decides from its publication."""
    good, bad = parts.account(2), parts.account(1)
    good.tags = {"key-rotation": "on"}
    await parts.rotation.turn(parts.target(1))
    bad.tags = {"key-rotation": "on"} | tags
    now = parts.rotation.outside.clock.now()
    found = await parts.rotation.tick(now, now)
    assert "account-002" in [one.target.name for one in found.turns]
    assert [error.thing.lower() for error in found.problems] == [bad.id.lower()]


CHAT = AccountId("00000000-0000-4000-8000-000000000001", "prod", "chat")


@pytest.mark.parametrize(
    ("tags", "named"),
    [({"key-rotation": "yes"}, "neither on nor off"), ({"key-rotation": "on", "key-rotation-perod": "P9D"}, "perod")],
)
def test_a_misspelt_tag_is_named(tags: dict[str, str], named: str) -> None:
    problems = Problems()
    assert target_from_tags(CHAT, tags, Defaults("https://contoso.vault.azure.net"), problems) is None
    assert named in str(problems[0])


ANOTHER_VAULT = {"key-rotation": "on", "key-rotation-vault": "https://another.vault.azure.net"}


def target_of_settings(**more: str) -> Target:
    environment = {"AzureWebJobsStorage": "UseDevelopmentStorage=true", "ROTATION_SUBSCRIPTIONS": CHAT.subscription}
    environment |= {"ROTATION_VAULT_URL": "https://contoso.vault.azure.net", **more}
    return tagged_target(CHAT, ANOTHER_VAULT, read_settings(environment))


def test_a_tag_cannot_name_a_vault_that_no_setting_names() -> None:
    with pytest.raises(FixConfiguration, match=r"another\.vault\.azure\.net"):
        target_of_settings()


def test_a_tag_can_name_a_vault_that_a_setting_names() -> None:
    assert (
        target_of_settings(ROTATION_VAULTS="https://another.vault.azure.net/").vault_url
        == "https://another.vault.azure.net"
    )


def test_an_explicit_target_wins_over_the_tags_in_a_message() -> None:
    explicit = json.dumps([{"account": str(CHAT), "name": "explicit"}])
    assert target_of_settings(ROTATION_TARGETS=explicit).name == "explicit"


OLD_KEY = "0123456789abcdef" * 2


@pytest.mark.parametrize("name", ["chat", "contosoproductionopenaiwesteurope", "x" * 64, "-", "7"])
def test_a_valid_name_could_be_a_name(name: str):
    assert could_be_a_name(name)


@pytest.mark.parametrize(
    "name",
    ["", "chat\n", "chat\r\nX-Told: yes", "a b", "a/b", "a-" * 33, "Ab3" * 28, OLD_KEY, f"chat-{OLD_KEY.upper()}"],
)
def test_text_with_a_line_break_too_long_or_like_a_key_is_not_a_name(name: str):
    assert not could_be_a_name(name)
