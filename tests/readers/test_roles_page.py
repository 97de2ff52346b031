"""docs/roles.md says what Azure's role definitions say; data and page are judged by a second computation as well."""

import json
import re
from datetime import datetime

import pytest

from shared.readers.roads import ROADS
from tests.readers import oracle
from tests.readers.role_data import DATA, PAGE, azure_roles, built_in_roles, page_with

CALL = "microsoft.cognitiveservices/accounts/openai/deployments/chat/completions/action"
COLUMNS = {
    "call models": ("dataActions", CALL),
    "deploy models": ("actions", "microsoft.cognitiveservices/accounts/deployments/write"),
    "fine-tune": ("dataActions", "microsoft.cognitiveservices/accounts/openai/fine-tunes/write"),
    "see keys": ("actions", "microsoft.cognitiveservices/accounts/listkeys/action"),
    "regenerate keys": ("actions", "microsoft.cognitiveservices/accounts/regeneratekey/action"),
    "read the secret": ("dataActions", "microsoft.keyvault/vaults/secrets/getsecret/action"),
}


def rows_of(name: str) -> list[list[str]]:
    table = re.search(rf"<!-- {name} -->\n(.*?)<!-- end of {name} -->", PAGE.read_text(), re.DOTALL)
    assert table is not None
    return [[cell.strip() for cell in line.strip("|\n").split(" | ")] for line in table[1].strip().splitlines()]


def allows(role, kind: str, action: str) -> bool:
    taken = {"actions": "notActions", "dataActions": "notDataActions"}[kind]
    return any(
        any(oracle.glob(one.lower(), action) for one in block[kind])
        and not any(oracle.glob(one.lower(), action) for one in block[taken])
        for block in role["permissions"]
    )


def test_the_page_is_what_follows_from_the_role_data() -> None:
    assert page_with(PAGE.read_text(), built_in_roles()) == PAGE.read_text(), "run scripts/roles.py"


def test_every_cell_of_the_first_table_is_what_a_second_computation_finds() -> None:
    head, _, *rows = rows_of("roles")
    assert head[1:7] == list(COLUMNS)
    shown = {cells[0]: [cell == "yes" for cell in cells[1:7]] for cells in rows}
    found = {one["roleName"]: [allows(one, *COLUMNS[name]) for name in COLUMNS] for one in azure_roles()}
    assert shown == {name: cells for name, cells in found.items() if any(cells)}


@pytest.mark.parametrize("word", [word for word in ROADS if word != "secret-by-policy"])
def test_a_road_has_as_many_built_in_roles_as_a_second_computation_finds(word: str) -> None:
    count = sum(
        any({*oracle.ACTIONS[word]} & oracle.expand(block) for block in one["permissions"]) for one in azure_roles()
    )
    (cells,) = [cells for cells in rows_of("roads") if cells[0] == f"`{word}`"]
    assert int(cells[2].partition(":")[0]) == count > 0


def test_the_page_names_every_road() -> None:
    assert [cells[0].strip("`") for cells in rows_of("roads")[2:]] == list(ROADS)


def test_the_data_holds_the_numbers_that_were_counted_over_all_built_in_roles() -> None:
    """Counted apart, over all 928 roles of the same dump."""
    counted = {"list-keys": 13, "regenerate-key": 7, "secret-by-role": 4, "apim-backends": 26, "hub-connections": 6}
    counted |= {"secret-by-deployment": 8, "assign-role-on-account": 28, "change-role": 2, "apim-named-values": 5}
    shown = {cells[0].strip("`"): cells[2] for cells in rows_of("roads")[2:]}
    assert {word: int(shown[word].partition(":")[0]) for word in counted} == counted


def test_the_page_says_of_how_many_roles_of_which_day_the_data_is() -> None:
    data = json.loads(DATA.read_text())
    found = re.search(r"^iann0036/iam-dataset \S+ [0-9a-f]{40} \((\S+)\), by scripts/roles\.py$", data["source"])
    assert found is not None
    day = datetime.fromisoformat(found[1])
    assert f"({data['of']} built-in roles of {day.day} {day:%B %Y})" in " ".join(PAGE.read_text().split())
