"""Roles that show the keys of a whole subscription are found; only the app's own identity is left out, and no name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.findings.of_rights import find_key_roles
from shared.ports import Account
from shared.readers.kinds import Permissions, RightsSeen
from tests.readers.builders import ID, LIST_KEYS, SUBSCRIPTION, custom, held, seen
from tests.readers.worlds import OURS

OURS_BY_NAME = custom(Permissions(actions=(LIST_KEYS,)), name="Azure OpenAI key rotator (backup team)")
APP = "00000000-aaaa-4000-8000-00000000000a"


class FakeRights:
    """Shows the same rights everywhere, and who asks."""

    calls = 0

    def __init__(self, shown: RightsSeen, own: str) -> None:
        self.shown, self.own = shown, own

    async def in_subscription(self, subscription: str) -> RightsSeen:
        return self.shown

    async def own_principal(self) -> str:
        return self.own


async def found(*holders: str, own: str, role: object = OURS_BY_NAME) -> list[str]:
    shown = seen(*(held(who, role, SUBSCRIPTION) for who in holders), roles=(OURS_BY_NAME,))  # type: ignore[arg-type]
    shown = replace(shown, assigned_in=frozenset({OURS}), defined_in=frozenset({OURS}))
    made, where = await find_key_roles(FakeRights(shown, own), [Account(ID, "", True, {})])  # type: ignore[arg-type]
    assert where == "1 of 1 subscription"
    return [one.says.partition("accounts: ")[2] for one in made]


async def test_somebody_who_holds_a_role_with_the_name_of_the_app_s_own_is_found() -> None:
    [why] = await found("eve", own=APP)
    assert why == f"Azure OpenAI key rotator (backup team) (1 holder, on {SUBSCRIPTION})."


async def test_the_app_itself_is_left_out_of_its_own_role() -> None:
    assert await found(APP, own=APP) == []
    assert "(1 holder," in (await found(APP, "eve", own=APP))[0]


async def test_the_app_is_found_with_any_other_role() -> None:
    assert "Owner (1 holder," in (await found(APP, own=APP, role="Owner"))[0]


@pytest.mark.parametrize("own", ["", "somebody else"])
async def test_where_it_is_not_known_who_the_app_is_everybody_is_found(own: str) -> None:
    assert "(1 holder," in (await found(APP, own=own))[0]
