"""The table of Azure's refusals: every row is met by an answer and says who must act. An unknown code is said to be."""

import pytest

from shared.domain.refusal import Answered, Call, Who
from shared.domain.refusals import TABLE, explain
from tests.support.refusals import CASES, Case


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_answer_says_who_must_act_and_how(case: Case) -> None:
    found = explain(case.answered)
    assert (found.who, found.cause) == (case.who, case.cause)
    assert case.step in found.step
    assert bool(case.step) == bool(found.step)
    assert found.passes is (case.who is Who.NOBODY)


def test_every_row_is_met_by_an_answer_above() -> None:
    met = {id(explain(case.answered)) for case in CASES}
    assert [row for row in TABLE if id(row) not in met] == []


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.status}-{row.code}-{row.inner}-{row.says}")
def test_a_row_names_its_source_and_a_step_only_a_person_can_follow_begins_with_a_verb(row) -> None:
    assert row.source
    assert not row.step.endswith(".")
    assert not row.means.endswith(".")
    assert row.step.startswith("nothing") is (row.passes and bool(row.step)) or "nothing can be done" in row.step


def test_only_a_missing_role_is_mended_by_a_role() -> None:
    assert {row.who for row in TABLE if not row.step} <= {Who.ROLES, Who.NOBODY, Who.JUDGE}


@pytest.mark.parametrize("call", Call)
@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_an_azure_that_is_busy_or_out_passes_whatever_its_code(call: Call, status: int) -> None:
    assert explain(Answered(call, status, "SomethingNew")).passes


@pytest.mark.parametrize("call", [one for one in Call if one is not Call.TOKEN])
@pytest.mark.parametrize("status", [400, 403, 405, 409, 412, 422])
def test_an_unknown_code_is_said_to_be_unknown_and_never_guessed(call: Call, status: int) -> None:
    found = explain(Answered(call, status, "SomethingNew", message="Something new."))
    assert found.who is Who.UNKNOWN
    assert not found.passes
    assert found.means == "The code SomethingNew is unknown to this app"
    assert "look up that code" in found.step


def test_an_answer_without_a_code_is_not_called_by_one() -> None:
    found = explain(Answered(Call.GET_SECRET, 403))
    assert found.who is Who.UNKNOWN
    assert "no code" in found.means
    assert "proxy" in found.step


def test_codes_are_compared_without_case() -> None:
    assert explain(Answered(Call.LIST_KEYS, 409, "scopelocked")).who is Who.OWNER
