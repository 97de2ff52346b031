"""Mistyped names of settings: the right name is shown, and other programs' variables are left alone."""

import json
import re
from pathlib import Path

import pytest

from shared.settings.environment import NAMES
from shared.settings.names import AZD_VARIABLES, check_names, instead_of
from shared.settings.problems import Problems

PARAMETERS = Path(__file__).parents[2] / "infra" / "main.parameters.json"


def found(name: str) -> Problems:
    problems = Problems()
    check_names({name: "x"}, NAMES, problems)
    return problems


@pytest.mark.parametrize(
    ("mistyped", "meant"),
    [
        ("ROTATION_MOD", "ROTATION_MODE"),
        ("ROTATON_MODE", "ROTATION_MODE"),
        ("rotation_mode", "ROTATION_MODE"),
        ("ROTATIN_SUBSCRIPTIONS", "ROTATION_SUBSCRIPTIONS"),
        ("ROTATION_VAULT_URI", "ROTATION_VAULT_URL"),
        ("EVENTGRID_TOPIC_ENDPOINT", "EVENT_GRID_TOPIC_ENDPOINT"),
    ],
)
def test_a_mistyped_setting_is_named_with_the_one_that_was_meant(mistyped: str, meant: str) -> None:
    (problem,) = found(mistyped)
    assert str(problem) == f"{mistyped}: is not a setting; the nearest is {meant}"
    assert problem.step == f"rename it to {meant}"


@pytest.mark.parametrize(
    "name",
    [
        *NAMES,
        "AZURE_TENANT_ID",
        "AZURE_CLIENT_SECRET",
        "LOG_ROTATION",
        "ROTATE_LOGS",
        "RELATION_MODE",
        "EVENT_GRID_KEY",
    ],
)
def test_settings_and_variables_of_other_programs_are_no_problem(name: str) -> None:
    assert found(name) == []


def test_a_variable_of_azd_is_said_to_be_one() -> None:
    (problem,) = found("ROTATION_ALLOW_SUNSET")
    assert "variable of azd" in problem.what
    assert problem.step is not None
    assert "azd env set ROTATION_ALLOW_SUNSET" in problem.step


def test_the_variables_of_azd_are_those_of_the_template_that_are_no_settings() -> None:
    used = set(re.findall(r"\$\{(ROTATION_\w+)", json.dumps(json.loads(PARAMETERS.read_text()))))
    assert used - set(NAMES) == AZD_VARIABLES


def test_without_a_similar_name_all_known_names_are_listed() -> None:
    assert instead_of("colour", ("period", "overlap")) == "known: period, overlap"
