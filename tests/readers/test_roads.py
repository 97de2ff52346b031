"""The table of roads is what leads to a key (docs/facts.md, Rights), and each right of it opens its road by itself."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from shared.readers.kinds import Permissions
from shared.readers.rights import Right
from shared.readers.roads import ROADS
from tests.readers.builders import BY_ROLES, RG, by_policies, custom, held, policy, roads_of, seen

FACTS = Path(__file__).resolve().parents[2] / "docs" / "facts.md"
READING = [(word, one) for word, road in ROADS.items() for one in road.rights if not road.gives_itself]


def actions_in_facts() -> set[str]:
    """The actions of the rows about actions, each after the beginning that it is written with."""
    rows = [line for line in FACTS.read_text().splitlines() if re.match(r"\| Actions (that show|by which)", line)]
    found, beginning = set[str](), ""
    for quoted in re.findall(r"`([^`]+)`", "\n".join(row.rpartition(" | ")[0] for row in rows)):
        if quoted.endswith("/"):
            beginning = quoted
        elif quoted.startswith("Microsoft."):
            found.add(quoted)
        else:
            found.add(beginning + quoted)
    return found


def test_the_roads_are_those_of_the_facts_and_no_fact_is_without_a_road() -> None:
    assert actions_in_facts() == {right.action for road in ROADS.values() for right in road.rights}


@pytest.mark.parametrize(("word", "right"), READING, ids=lambda one: one.action if isinstance(one, Right) else one)
def test_each_right_opens_its_road_by_itself(word: str, right: Right) -> None:
    block = Permissions(data_actions=(right.action,)) if right.data else Permissions(actions=(right.action,))
    role = custom(block)
    shown = seen(held("ann", role, RG), vault=replace(BY_ROLES, for_deployments=True), roles=(role,))
    assert roads_of(shown, "ann") == {word}


def test_an_access_policy_for_backups_reads_the_secret() -> None:
    shown = seen(vault=by_policies(policy("app", "backup", "restore"), policy("other", "restore", "list")))
    assert (roads_of(shown, "app"), roads_of(shown, "other")) == ({"secret-by-policy"}, set())
