"""An answer of Log Analytics that is not exactly what the query asks for is never a count."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from lab.emulator.accounts import new_key
from shared.domain.errors import UnexpectedAnswer
from tests.support.call_logs import AT, COLUMNS, QUERY, ROW, answer, counted, usages
from tests.support.real_parts import Parts, Spoiled


def without(name: str) -> dict[str, Any]:
    found = answer({})
    found["tables"][0]["columns"] = [one for one in found["tables"][0]["columns"] if one["name"] != name]
    return found


WRONG_ROWS: list[dict[str, object]] = [
    {"since": "2026-11-19T02:00:00Z", "until": "2026-11-19T01:00:00Z"},
    {"account": None}, {"account": 7}, {"since": None}, {"since": "yesterday"}, {"until": ROW["since"]},
    {"workspaces": None}, {"workspaces": "{}"}, {"workspaces": "[7]"},
    {"days": None}, {"days": "[]"}, {"days": "no JSON"}, {"days": "7"}, {"days": '[["2026-11-19", 3]]'},
    {"days": '[["2026-11-19", -3, 1]]'}, {"days": '[["2026-11-19", "3", 1]]'}, {"days": '[["2026-11-19", 3.0, 1]]'},
    {"days": '[["2026-11-19", true, 1]]'}, {"days": '[["a day", 3, 1]]'}, {"days": '[["2026-11-29", 3, 1]]'},
    {"days": '[["2026-11-19", 3, 1], ["2026-11-19", 0, 0]]'}, {"days": '[["2026-11-19", 3, 0], ["2026-11-18", 0, 1]]'},
    {"days": '[["2026-11-19", 0, 1]]'}, {"days": '[["2026-11-19", 3, 0]]'}, {"days": '[["2026-11-19", 4, 1]]'},
    {"callers": None}, {"callers": "[]"}, {"callers": f'[["", "", 2, "{AT}"]]'}, {"callers": '[["", "", 3, null]]'},
    {"callers": f'[[null, "", 3, "{AT}"]]'}, {"different": None}, {"different": 0}, {"different": -1},
    {"different": "1"}, {"different": 2},
    {"identities": f'[["an id", -1, "{AT}"]]'}, {"last_key": None}, {"last_key": "never"},
    {"last_identity": None}, {"unclear": None}, {"unclear": -1}, {"unclear": True}, {"unclear": 0.0},
]  # fmt: skip


async def test_the_answer_that_is_spoiled_below_is_read_as_it_stands(counting: Parts, spoiled: Spoiled) -> None:
    spoiled.body(QUERY, answer({}))
    (found,) = (await usages(counting)).values()
    assert (found.with_key, found.by_identity, found.last_key_call) == (3, 1, datetime(2026, 11, 20, 10, tzinfo=UTC))


@pytest.mark.parametrize("place", [0, 1], ids=["address", "client"])
async def test_a_key_that_a_caller_wrote_into_its_name_is_left_out(counting: Parts, spoiled: Spoiled, place: int):
    """P7: whoever calls chooses the name of its client."""
    key, caller = new_key(), ["203.0.113.***", "curl"]
    caller[place] = f"{caller[place]} {key}"
    spoiled.body(QUERY, answer({"callers": json.dumps([[*caller, 3, AT]])}))
    (found,) = (await usages(counting)).values()
    (shown,) = found.callers
    assert key not in str(found)
    assert "(left out)" in shown.says


@pytest.mark.parametrize("change", WRONG_ROWS, ids=str)
async def test_a_row_that_cannot_be_is_never_a_count(counting: Parts, spoiled: Spoiled, change: dict[str, object]):
    spoiled.body(QUERY, answer({"account": "/subscriptions/t"}, change))
    with pytest.raises(UnexpectedAnswer, match="could not be read"):
        await usages(counting)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"not JSON", b"null", b"[]", b"7", b"{}", {}, {"tables": []}, {"tables": {}}, {"tables": [7]},
        {"tables": [answer({})["tables"][0]] * 2}, answer({}, {}), answer({}, columns=[]), answer({}, columns=7),
        answer({}, columns=[{"name": "account"}]), answer({"more": 1}), *map(without, COLUMNS),
        {"tables": [{"name": "PrimaryResult", "columns": answer()["tables"][0]["columns"], "rows": [["one"]]}]},
        {"tables": [{"name": "PrimaryResult", "columns": answer()["tables"][0]["columns"], "rows": 7}]},
    ],
    ids=lambda body: str(body)[:60],
)  # fmt: skip
async def test_an_answer_of_another_form_raises_unexpected_answer(
    counting: Parts, spoiled: Spoiled, body: object
) -> None:
    spoiled.body(QUERY, body)
    with pytest.raises(UnexpectedAnswer):
        await counted(counting)
