"""ROTATION_LOG_WORKSPACE_ID may name several workspaces, and ROTATION_CALLERS says who calls from which addresses."""

import json

import pytest

from shared.settings.call_log import CallLog, caller_names, read_call_log
from shared.settings.problems import Problems

FIRST, SECOND = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"


def read(**environment: str) -> tuple[CallLog | None, str]:
    problems = Problems()
    return read_call_log(environment, problems), problems.text()


def test_several_workspaces_are_separated_by_commas_and_each_counts_once() -> None:
    found, _ = read(ROTATION_LOG_WORKSPACE_ID=f"{FIRST}, {SECOND.upper()},{FIRST}")
    assert found is not None
    assert found.workspaces == (FIRST, SECOND)


def test_one_id_that_is_none_makes_the_whole_setting_wrong() -> None:
    found, said = read(ROTATION_LOG_WORKSPACE_ID=f"{FIRST},logs")
    assert found is None
    assert "'logs' is not the id of a workspace" in said


def test_more_workspaces_than_one_query_reaches_are_refused() -> None:
    ids = [f"00000000-0000-4000-8000-{number:012}" for number in range(11)]
    assert read(ROTATION_LOG_WORKSPACE_ID=",".join(ids[:10]))[1] == ""
    assert "names 11 workspaces, and one query reaches 10" in read(ROTATION_LOG_WORKSPACE_ID=",".join(ids))[1]


@pytest.mark.parametrize("text", ['["batch"]', '{"batch": "203.0.113.0/24"}', '{"batch": [7]}', "batch"])
def test_callers_that_are_no_object_of_lists_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="such as"):
        caller_names(text)


@pytest.mark.parametrize("text", ["203.0.113.*", "203.0.113.1/24", "an office", "10.0.0.0/33"])
def test_a_range_that_is_none_is_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="holds no range of addresses") as caught:
        caller_names(json.dumps({"batch": [text]}))
    assert text in str(caught.value)


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "x" * 101])
def test_a_name_that_no_page_can_show_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not a name"):
        caller_names(json.dumps({name: ["203.0.113.0/24"]}))
