"""Lists of consumers in settings, fields and tags, and the overlaps that follow from them."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.consumers import LONGEST_NEED, ConsumerKind, Consumers
from shared.domain.errors import FixConfiguration
from shared.domain.model import AccountId, Cadence, Target
from shared.settings.environment import Settings, read_settings
from shared.settings.origins import settings_shown
from shared.settings.problems import Problems
from shared.settings.target_fields import Defaults, target_from_fields, target_from_tags

SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"
ACCOUNT = AccountId(SUBSCRIPTION, "prod", "chat")
VAULT = "https://contoso.vault.azure.net"
HOUR = timedelta(hours=1)
SHORT = Cadence(overlap=6 * HOUR)  # as ROTATION_OVERLAP=PT6H with ROTATION_CONSUMER_LAG=PT4H
WEB, GATEWAY, SDK = ConsumerKind.APP_SERVICE, ConsumerKind.API_MANAGEMENT, ConsumerKind.SDK


def fast(*kinds: ConsumerKind) -> Defaults:
    return Defaults(VAULT, SHORT, 4 * HOUR, consumers=kinds)


def explicit(defaults: Defaults, **fields: Any) -> tuple[Target | None, Problems]:
    problems = Problems()
    return target_from_fields({"account": str(ACCOUNT), **fields}, "entry", defaults, problems), problems


def tagged(defaults: Defaults, **tags: str) -> tuple[Target | None, Problems]:
    problems = Problems()
    asked = {"Key-Rotation": "on"} | {f"key-rotation-{name}": text for name, text in tags.items()}
    return target_from_tags(ACCOUNT, asked, defaults, problems), problems


def settings(**more: str) -> Settings:
    known = {
        "AzureWebJobsStorage": "AccountName=host",
        "ROTATION_SUBSCRIPTIONS": SUBSCRIPTION,
        "ROTATION_VAULT_URL": VAULT,
        "ROTATION_CONSUMER_LAG": "PT4H",
    }
    return read_settings({**known, **more})


def overlap_of(found: tuple[Target | None, Problems]) -> timedelta:
    target, problems = found
    assert target is not None, problems
    return target.cadence.overlap


def test_without_a_list_nothing_changes() -> None:
    target, problems = explicit(fast())
    assert target is not None
    assert (target.consumers, target.cadence, problems) == (None, SHORT, [])


@pytest.mark.parametrize("given", ["app-service-reference, SDK,sdk", ["sdk", "app-service-reference"]])
def test_a_field_lists_kinds_in_a_text_or_a_list(given: object) -> None:
    target, problems = explicit(fast(), consumers=given)
    assert target is not None, problems
    assert target.consumers == Consumers((SDK, WEB), 4 * HOUR)


@pytest.mark.parametrize("read", [explicit, tagged])
def test_a_list_lengthens_the_usual_overlap_to_what_is_needed(read: Any) -> None:
    assert overlap_of(read(fast(), consumers="api-management,app-service-reference")) == 26 * HOUR
    assert overlap_of(read(fast(), consumers="api-management")) == 6 * HOUR
    assert overlap_of(read(Defaults(VAULT), consumers="app-service-reference")) == timedelta(days=3)


@pytest.mark.parametrize(("read", "thing"), [(explicit, "entry, overlap"), (tagged, "account chat, tags, overlap")])
def test_a_chosen_overlap_that_is_too_short_is_refused_with_the_arithmetic(read: Any, thing: str) -> None:
    target, problems = read(fast(), overlap="PT25H", consumers="container-apps,app-service-reference")
    assert target is None
    assert list(map(str, problems)) == [
        f"{thing}: the overlap P1DT1H is shorter than its consumers need: app-service-reference notices a new key "
        "within P1D, and with a margin of PT2H that is P1DT2H"
    ]
    assert problems[0].step == "lengthen it to P1DT2H at least, or correct the list of consumers"
    assert overlap_of(read(fast(), overlap="PT26H", consumers="app-service-reference")) == 26 * HOUR


def test_the_consumer_lag_stays_the_least_of_all_overlaps() -> None:
    target, problems = explicit(fast(), overlap="PT3H", consumers="aks-csi-mount")
    assert target is None
    assert [("ROTATION_CONSUMER_LAG" in one.what, one.thing) for one in problems] == [(True, "entry")]


def test_consumers_that_never_notice_lengthen_nothing() -> None:
    target, _ = tagged(fast(), consumers="pinned-version,typed-in")
    assert target is not None
    assert target.consumers is not None
    assert (target.cadence.overlap, len(target.consumers.never_notice)) == (6 * HOUR, 2)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("app-service-ref", "'app-service-ref' is not a kind of consumer; the nearest is app-service-reference"),
        (
            "somebody@example.com",
            "'somebody@example.com' is not a kind of consumer; known: sdk, app-service-reference, ",
        ),
        ("", "names no kind of consumer; known: sdk, "),
        (" , ", "names no kind of consumer; known: sdk, "),
    ],
)
def test_a_word_that_is_no_kind_is_named(given: str, said: str) -> None:
    for read, thing in ((explicit, "entry"), (tagged, "account chat, tags")):
        target, problems = read(fast(), consumers=given)
        assert target is None
        assert str(problems[0]).startswith(f"{thing}, consumers: {said}")


def test_another_json_value_than_texts_is_refused() -> None:
    for other in (7, {"sdk": 1}, [7]):
        target, problems = explicit(fast(), consumers=other)
        assert target is None
        assert problems[0].thing == "entry, consumers"


@pytest.mark.parametrize("field", ["account", "vault", "secret", "owner", "overlap"])
def test_only_lists_may_be_lists(field: str) -> None:
    target, problems = explicit(fast(), **{field: ["P3D"]})
    assert target is None
    assert "is not text" in problems[0].what


def test_a_tag_adds_to_the_usual_consumers_and_a_field_takes_their_place() -> None:
    usual = Defaults(VAULT, Cadence(overlap=30 * HOUR), 4 * HOUR, consumers=(WEB,))
    by_tag, by_field = tagged(usual, consumers="sdk")[0], explicit(usual, consumers="sdk")[0]
    assert by_tag is not None
    assert by_field is not None
    assert by_tag.consumers == Consumers((SDK, WEB), 4 * HOUR)
    assert by_field.consumers == Consumers((SDK,), 4 * HOUR)
    assert tagged(usual, consumers="sdk", overlap="PT12H")[0] is None
    assert overlap_of(explicit(usual, consumers="sdk", overlap="PT12H")) == 12 * HOUR


@given(
    st.lists(st.sampled_from(ConsumerKind), unique=True),
    st.lists(st.sampled_from(ConsumerKind), min_size=1, unique=True),
    st.integers(4, 24 * 5),
)
def test_no_tag_shortens_an_overlap_or_lengthens_it_beyond_the_bound(
    usual: list[ConsumerKind], listed: list[ConsumerKind], hours: int
) -> None:
    needed = Consumers(tuple(usual), 4 * HOUR).least_overlap
    defaults = Defaults(VAULT, Cadence(overlap=max(hours * HOUR, needed)), 4 * HOUR, consumers=tuple(usual))
    before, after = overlap_of(tagged(defaults)), overlap_of(tagged(defaults, consumers=",".join(listed)))
    assert before <= after <= max(before, LONGEST_NEED)


def test_a_lengthened_overlap_that_does_not_fit_the_period_says_why() -> None:
    target, problems = tagged(fast(), period="P2D", consumers="app-service-reference")
    assert target is None
    assert str(problems[0]) == (
        "account chat, tags: overlap and notice together (P2DT2H) leave no time in the period P2D; "
        "app-service-reference notices a new key within P1D, and with a margin of PT2H that is P1DT2H"
    )


def test_the_setting_is_the_default_of_all_targets() -> None:
    read = settings(ROTATION_CONSUMERS="api-management", ROTATION_TARGETS=json.dumps([{"account": str(ACCOUNT)}]))
    assert read.defaults.consumers == (GATEWAY,)
    assert read.targets[0].consumers == Consumers((GATEWAY,), 4 * HOUR)


def test_settings_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(FixConfiguration) as refused:
        settings(ROTATION_CONSUMERS="app-service-reference", ROTATION_OVERLAP="PT6H")
    assert "ROTATION_OVERLAP, ROTATION_CONSUMERS: the overlap PT6H is shorter than its consumers need" in str(
        refused.value
    )
    assert "P1DT2H" in str(refused.value)
    with pytest.raises(FixConfiguration, match="ROTATION_CONSUMERS"):
        settings(ROTATION_CONSUMERS="browser")


def test_an_explicit_target_with_a_short_overlap_stops_the_app_with_the_arithmetic() -> None:
    entry = {"account": str(ACCOUNT), "overlap": "PT5H", "consumers": ["api-management"]}
    with pytest.raises(FixConfiguration) as refused:
        settings(ROTATION_TARGETS=json.dumps([entry]))
    assert "ROTATION_TARGETS[0], overlap" in str(refused.value)
    assert "api-management notices a new key within PT4H, and with a margin of PT2H that is PT6H" in str(refused.value)


def test_the_page_says_where_a_lengthened_overlap_comes_from() -> None:
    target, _ = tagged(fast(), consumers="app-service-reference,pinned-version")
    assert target is not None
    tags = {"key-rotation": "on", "Key-Rotation-Consumers": "app-service-reference,pinned-version"}
    shown = {one.name: one for one in settings_shown(target, tags, {"ROTATION_OVERLAP": "PT6H"})}
    assert shown["Overlap"].origin == shown["Consumers"].origin == "tag key-rotation-consumers"
    assert shown["Consumers"].value == (
        "app-service-reference, pinned-version: the overlap must be P1DT2H at least; slowest is app-service-reference; "
        "never noticed by pinned-version"
    )
    alone, _ = tagged(Defaults(VAULT))
    assert alone is not None
    shown = {one.name: one for one in settings_shown(alone, {"key-rotation": "on"}, {})}
    assert (shown["Overlap"].origin, shown["Consumers"].value) == ("default", "none are listed")
