"""The environment is read into one value: every setting, its default, and all problems together by name."""

import json
from datetime import time, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.domain.acts import Limits
from shared.domain.errors import FixConfiguration
from shared.domain.model import Cadence
from shared.domain.rates import Rates
from shared.domain.window import Window
from shared.settings.audit_scope import AuditScope
from shared.settings.call_log import CallLog
from shared.settings.environment import NAMES, PUBLIC_CLOUD, Mode, Settings, read_settings

GROUP = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/g"
ID = f"{GROUP}/providers/Microsoft.CognitiveServices/accounts/chat"
SECRET_STRING = (
    "DefaultEndpointsProtocol=https;AccountName=host;AccountKey=a-secret-key;EndpointSuffix=core.windows.net"
)
PLAIN = {
    "AzureWebJobsStorage": SECRET_STRING,
    "ROTATION_TARGETS": json.dumps([{"account": ID}]),
    "ROTATION_VAULT_URL": "https://contoso.vault.azure.net",
}
SAMPLE = Path(__file__).parents[2] / "local.settings.sample.json"
STORAGE_FORMS = (
    "AzureWebJobsStorage__accountName",
    "AzureWebJobsStorage__blobServiceUri",
    "AzureWebJobsStorage__clientId",
)


def read(**changes: str) -> Settings:
    return read_settings(PLAIN | changes)


def problems(environment: dict[str, str]) -> str:
    with pytest.raises(FixConfiguration) as caught:
        read_settings(environment)
    return caught.value.what


def test_unset_settings_have_the_documented_defaults() -> None:
    found = read()
    assert found.mode is Mode.ROTATE
    assert found.defaults.cadence == Cadence(
        period=timedelta(days=30),
        overlap=timedelta(days=3),
        warnings=(timedelta(days=14), timedelta(days=7), timedelta(days=1)),
        notice=timedelta(days=1),
        window=None,
    )
    assert found.defaults.lag == timedelta(hours=24)
    assert found.look_every == timedelta(hours=1)
    assert found.limits == Limits(per_target=5, in_all=60)
    assert found.rates == Rates(arm_writes=10, secret_creations=30)
    assert found.topic is None
    assert found.client_id is None
    assert found.resource_manager == PUBLIC_CLOUD
    assert found.subscriptions == ()


def test_an_empty_setting_counts_as_unset() -> None:
    assert read(**{name: "" for name in NAMES if name not in PLAIN}) == read()
    assert read(**{name: "  " for name in NAMES if name not in (*PLAIN, "AZURE_CLIENT_ID")}) == read()


def test_every_setting_is_read() -> None:
    found = read(
        ROTATION_MODE="observe",
        ROTATION_SUBSCRIPTIONS="00000000-0000-4000-8000-000000000001, 00000000-0000-4000-8000-0000000000AB,",
        ROTATION_PERIOD="P60D",
        ROTATION_OVERLAP="P5D",
        ROTATION_CONSUMER_LAG="P2D",
        ROTATION_WARNINGS="P1D,P10D",
        ROTATION_NOTICE="P2D",
        ROTATION_WINDOW="Mon-Fri 09:00-16:00 Europe/Berlin",
        ROTATION_LOOK_EVERY="PT30M",
        ROTATION_REQUESTS_PER_TARGET="7",
        ROTATION_REQUESTS_IN_ALL="80",
        ROTATION_ARM_WRITES="5",
        ROTATION_SECRET_CREATIONS="12",
        EVENT_GRID_TOPIC_ENDPOINT="https://topic.westeurope-1.eventgrid.azure.net/api/events/",
        AZURE_CLIENT_ID="a-client",
        AZURE_RESOURCE_MANAGER_ENDPOINT="https://management.chinacloudapi.cn/",
    )
    assert found.mode is Mode.OBSERVE
    assert found.subscriptions == ("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-0000000000ab")
    assert found.defaults.cadence == Cadence(
        timedelta(days=60),
        timedelta(days=5),
        (timedelta(days=10), timedelta(days=1)),
        timedelta(days=2),
        Window(frozenset(range(5)), time(9), time(16), "Europe/Berlin"),
    )
    assert found.defaults.lag == timedelta(days=2)
    assert found.look_every == timedelta(minutes=30)
    assert found.limits == Limits(7, 80)
    assert found.rates == Rates(arm_writes=5, secret_creations=12)
    assert found.topic == "https://topic.westeurope-1.eventgrid.azure.net/api/events"
    assert found.client_id == "a-client"
    assert found.resource_manager == "https://management.chinacloudapi.cn"
    assert [target.name for target in found.targets] == ["chat"]
    assert found.targets[0].cadence == found.defaults.cadence


INVALID = {
    "ROTATION_MODE": "rehearse",
    "ROTATION_REQUESTS_PER_TARGET": "0",
    "ROTATION_REQUESTS_IN_ALL": "many",
    "ROTATION_ARM_WRITES": "11",
    "ROTATION_SECRET_CREATIONS": "2.5",
    "ROTATION_TARGETS": "[{",
    "ROTATION_SUBSCRIPTIONS": "the-first, the-second",
    "ROTATION_VAULT_URL": "contoso",
    "ROTATION_PERIOD": "30 days",
    "ROTATION_OVERLAP": "P1M",
    "ROTATION_CONSUMER_LAG": "PT0S",
    "ROTATION_WARNINGS": "P14D;P7D",
    "ROTATION_NOTICE": "-P1D",
    "ROTATION_WINDOW": "weekdays",
    "ROTATION_LOOK_EVERY": "hourly",
    "ROTATION_ANNOUNCE_NEEDS_LISTENER": "perhaps",
    "ROTATION_RUNBOOK_URL": "docs/runbook.md",
    "EVENT_GRID_TOPIC_ENDPOINT": "http://topic.example",
    "EVENT_GRID_TOPIC_ID": "/subscriptions/s/resourceGroups/g/topics/t",
    "AZURE_RESOURCE_MANAGER_ENDPOINT": "management.azure.com",
    "ROTATION_LOG_WORKSPACE_ID": "/subscriptions/s/resourceGroups/g/workspaces/w",
    "ROTATION_LOG_LOOK_BACK": "a week",
    "ROTATION_CALLERS": "batch",
    "ROTATION_AUDIT_SCOPE": "all, prod",
    "AZURE_LOG_ANALYTICS_ENDPOINT": "http://api.loganalytics.io",
}


@pytest.mark.parametrize("name", INVALID)
def test_an_invalid_setting_is_reported_by_its_name(name: str) -> None:
    assert problems(PLAIN | {name: INVALID[name]}).startswith(f"{name}: ")


def test_all_problems_are_reported_together() -> None:
    what = problems(INVALID | {"ROTATION_PERIODE": "P30D"})
    assert all(f"{name}: " in what for name in (*INVALID, "AzureWebJobsStorage", "ROTATION_PERIODE")), what


def test_a_misspelt_setting_is_reported() -> None:
    assert problems(PLAIN | {"ROTATION_OVERLAPS": "P9D"}) == (
        "ROTATION_OVERLAPS: is not a setting; the nearest is ROTATION_OVERLAP."
    )
    assert problems(PLAIN | {"ROTATION_QQQ": "x"}) == f"ROTATION_QQQ: is not a setting; known: {', '.join(NAMES)}."


def test_each_problem_of_the_settings_is_an_error_of_its_own_with_its_next_step() -> None:
    with pytest.raises(FixConfiguration) as caught:
        read_settings(PLAIN | {"ROTATION_MOD": "observe", "ROTATION_PERIOD": "monthly"})
    assert [(one.thing, one.next_step) for one in caught.value.each] == [
        ("ROTATION_PERIOD", "correct it"),
        ("ROTATION_MOD", "rename it to ROTATION_MODE"),
    ]


def test_the_host_notes_the_last_tick_unless_the_schedule_is_due_within_a_minute() -> None:
    assert read().pause is None
    assert read(ROTATION_SCHEDULE="0 */5 * * * *").pause is None
    assert read(ROTATION_SCHEDULE="*/10 * * * * *").pause == timedelta(seconds=10)


@pytest.mark.parametrize("length", ["P1D", "P3D", "P6DT23H"])
def test_calls_are_counted_over_a_week_at_least(length: str) -> None:
    assert "ROTATION_LOG_LOOK_BACK: is shorter than 7 days" in problems(PLAIN | {"ROTATION_LOG_LOOK_BACK": length})
    assert read(ROTATION_LOG_LOOK_BACK="P7D").call_log is None  # valid, and no workspace is set


def test_calls_are_counted_only_if_a_workspace_is_set() -> None:
    workspace = "00000000-0000-4000-8000-0000000000AB"
    assert read(ROTATION_LOG_LOOK_BACK="P8D").call_log is None
    assert read(ROTATION_LOG_WORKSPACE_ID=workspace).call_log == CallLog(
        (workspace.lower(),), timedelta(days=35), "https://api.loganalytics.io"
    )
    assert read(
        ROTATION_LOG_WORKSPACE_ID=workspace,
        ROTATION_LOG_LOOK_BACK="P30D",
        AZURE_LOG_ANALYTICS_ENDPOINT="https://api.loganalytics.us/",
    ).call_log == CallLog((workspace.lower(),), timedelta(days=30), "https://api.loganalytics.us")


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("", None),
        (" , ", None),
        ("all", AuditScope()),
        ("All", AuditScope()),
        ("prod", AuditScope(("prod",))),
        (" prod, mg.dev(1) ,prod", AuditScope(("prod", "mg.dev(1)"))),
    ],
)
def test_audit_looks_where_the_setting_says(text: str, scope: AuditScope | None) -> None:
    assert read(ROTATION_AUDIT_SCOPE=text).audit_scope == scope


@pytest.mark.parametrize("text", ["all,prod", "/providers/Microsoft.Management/managementGroups/prod", "a b", "x" * 91])
def test_what_is_no_name_of_a_management_group_is_refused(text: str) -> None:
    assert problems(PLAIN | {"ROTATION_AUDIT_SCOPE": text}).startswith("ROTATION_AUDIT_SCOPE: ")


@pytest.mark.parametrize(("text", "needed"), [("true", True), ("True", True), ("false", False), ("", False)])
def test_ends_need_a_listener_only_if_the_setting_says_so(text: str, needed: bool) -> None:
    assert read(ROTATION_ANNOUNCE_NEEDS_LISTENER=text).needs_listener is needed


def test_the_topic_s_id_is_read() -> None:
    topic = (
        "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/g/providers/Microsoft.EventGrid/topics/t-1"
    )
    assert read(EVENT_GRID_TOPIC_ID=f" {topic} ").topic_id == topic
    assert read().topic_id is None


def test_other_settings_of_the_host_are_ignored() -> None:
    assert read(FUNCTIONS_WORKER_RUNTIME="python", WEBSITE_SITE_NAME="rotator") == read()


def test_an_overlap_shorter_than_the_consumer_lag_is_refused() -> None:
    what = problems(PLAIN | {"ROTATION_OVERLAP": "PT12H"})
    assert "ROTATION_OVERLAP" in what
    assert "ROTATION_CONSUMER_LAG" in what
    assert "PT12H" in what


def test_a_short_overlap_is_accepted_if_the_consumer_lag_is_shorter() -> None:
    found = read(ROTATION_OVERLAP="PT12H", ROTATION_CONSUMER_LAG="PT4H")
    assert found.defaults.cadence.overlap == timedelta(hours=12)


def test_a_period_without_room_for_overlap_and_notice_is_refused() -> None:
    assert "ROTATION_PERIOD" in problems(PLAIN | {"ROTATION_PERIOD": "P4D"})


def test_default_warnings_are_cut_to_a_short_period_and_chosen_warnings_are_not() -> None:
    assert read(ROTATION_PERIOD="P10D").defaults.cadence.warnings == (timedelta(days=7), timedelta(days=1))
    assert "P14D" in problems(PLAIN | {"ROTATION_PERIOD": "P10D", "ROTATION_WARNINGS": "P14D,P1D"})


def test_more_than_eight_warnings_are_refused() -> None:
    warnings = ",".join(f"P{days}D" for days in range(1, 10))
    assert "9 warnings" in problems(PLAIN | {"ROTATION_WARNINGS": warnings})


def test_settings_that_enrol_no_target_are_refused() -> None:
    environment = {name: text for name, text in PLAIN.items() if name != "ROTATION_TARGETS"}
    assert problems(environment).startswith("ROTATION_TARGETS, ROTATION_SUBSCRIPTIONS: neither is set")


def test_a_problem_that_quotes_the_name_of_a_setting_does_not_hide_that_no_target_is_enrolled() -> None:
    environment = {name: text for name, text in PLAIN.items() if name != "ROTATION_TARGETS"}
    what = problems(environment | {"ROTATION_MODE": "ROTATION_TARGETS"})
    assert "ROTATION_MODE: " in what
    assert "neither is set" in what


@pytest.mark.parametrize(
    ("name", "text"),
    [("ROTATION_TARGETS", "[{"), ("ROTATION_TARGETS", '[{"account": "x"}]'), ("ROTATION_SUBSCRIPTIONS", "x")],
)
def test_invalid_targets_or_subscriptions_are_not_also_reported_as_unset(name: str, text: str) -> None:
    environment = {key: value for key, value in PLAIN.items() if key != "ROTATION_TARGETS"}
    what = problems(environment | {name: text})
    assert what.startswith(name)
    assert "neither is set" not in what


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "is not a JSON array of objects"),
        ("[1]", "is not a JSON array of objects"),
        ('"chat"', "is not a JSON array of objects"),
        ("null", "is not a JSON array of objects"),
        ("[{]", "is not JSON"),
    ],
)
def test_targets_that_are_not_an_array_of_objects_are_refused(text: str, said: str) -> None:
    assert f"ROTATION_TARGETS: {said}" in problems(PLAIN | {"ROTATION_TARGETS": text})


def test_the_host_s_storage_can_be_set_in_its_identity_form() -> None:
    environment = {name: text for name, text in PLAIN.items() if name != "AzureWebJobsStorage"}
    named = read_settings(environment | {"AzureWebJobsStorage__accountName": "host", "AZURE_CLIENT_ID": "mine"}).storage
    assert (named.connection_string, named.blob_url, named.client_id) == (
        None,
        "https://host.blob.core.windows.net",
        "mine",
    )
    forms = {"AzureWebJobsStorage__blobServiceUri": "https://host.blob.example", "AzureWebJobsStorage__clientId": "its"}
    by_url = read_settings(environment | forms).storage
    assert (by_url.connection_string, by_url.blob_url, by_url.client_id) == (None, "https://host.blob.example", "its")


def test_a_missing_storage_account_is_reported() -> None:
    environment = {name: text for name, text in PLAIN.items() if name != "AzureWebJobsStorage"}
    assert problems(environment).startswith("AzureWebJobsStorage: ")


def test_the_text_of_the_settings_shows_no_connection_string() -> None:
    found = read()
    for text in (repr(settings), str(settings), f"{settings}", repr(found.storage)):
        assert "a-secret-key" not in text
        assert "AccountKey" not in text


def test_problems_show_no_connection_string() -> None:
    assert "a-secret-key" not in problems(PLAIN | INVALID)


def test_the_sample_settings_are_valid() -> None:
    values = json.loads(SAMPLE.read_text())["Values"]
    assert all(isinstance(text, str) for text in values.values())
    assert [target.name for target in read_settings(values).targets] == ["my-account"]


def test_the_sample_names_every_setting_and_no_other() -> None:
    values = json.loads(SAMPLE.read_text())["Values"]
    assert set(values) - {"AzureWebJobsStorage", "FUNCTIONS_WORKER_RUNTIME"} == set(NAMES)


def test_the_sample_shows_the_defaults() -> None:
    values = json.loads(SAMPLE.read_text())["Values"]
    chosen = {name: text for name, text in values.items() if name not in ("ROTATION_MODE", *PLAIN)}
    assert read(**chosen) == read()


def texts() -> st.SearchStrategy[str]:
    """Any text, and texts near the ones that mean something."""
    near = st.text(alphabet="PTDHMSWY0123456789.,-+:/ ", max_size=24)
    json_like = st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=8,
    ).map(json.dumps)
    fields = st.sampled_from(
        ["account", "vault", "secret", "name", "period", "overlap", "warnings", "window", "sunset"]
    )
    entry = st.dictionaries(fields, near | st.text(max_size=8) | st.none(), max_size=4)
    listed = entry.map(lambda one: json.dumps([{"account": ID} | one]))
    return st.text(max_size=40) | near | json_like | listed


@given(name=st.sampled_from((*NAMES, "AzureWebJobsStorage", *STORAGE_FORMS)), text=texts())
@example(name="ROTATION_PERIOD", text="P1D")
@example(name="ROTATION_WINDOW", text="Mon-Fri 09:00-16:00 ../../etc/passwd")
@settings(derandomize=True, max_examples=300)
def test_any_text_in_any_setting_is_accepted_or_refused_by_that_name(name: str, text: str) -> None:
    refused = name
    try:
        read_settings(PLAIN | {name: text})
    except FixConfiguration as error:
        refused = error.what
    assert name.partition("__")[0] in refused


@pytest.mark.parametrize("name", ["ROTATION_PERIOD", "ROTATION_WARNINGS"])
def test_a_duration_too_large_for_any_clock_is_refused_by_name(name: str) -> None:
    assert f"{name}: " in problems(PLAIN | {name: "P99999999999D"})


def test_a_period_that_ends_after_the_year_9999_is_refused_by_name() -> None:
    assert "ROTATION_PERIOD: " in problems(PLAIN | {"ROTATION_PERIOD": "P3000000D"})


def test_deeply_nested_json_is_refused_by_name() -> None:
    assert "ROTATION_TARGETS: " in problems(PLAIN | {"ROTATION_TARGETS": "[" * 100_000})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("AzureWebJobsStorage", "nonsense"),
        ("AzureWebJobsStorage__blobServiceUri", "https://["),
        ("AzureWebJobsStorage__blobServiceUri", "http://host.blob.core.windows.net"),
    ],
)
def test_an_unusable_storage_setting_is_refused_by_name(name: str, text: str) -> None:
    environment = {key: value for key, value in PLAIN.items() if key != "AzureWebJobsStorage"}
    assert name in problems(environment | {name: text})
