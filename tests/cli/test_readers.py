"""The commands `readers` and `copies` against the emulated Azure: the fleet, one target, one person."""

import pytest

from lab.emulator.shipped import shipped_roles
from tests.cli.conftest import Terminal, add
from tests.support.rights import CONTRIBUTOR, OWNER, may_see_readers
from tests.support.rights import add as add_person

ADA = "aaaaaaaa-0000-4000-8000-00000000000a"


@pytest.fixture
def seeing(terminal: Terminal) -> Terminal:
    """A terminal that may see rights: Ada owns the subscription, and a team of two can list the keys of chat."""
    world = terminal.world
    ada = add_person(world, "ada", mail="ada@contoso.com")
    bob = add_person(world, "bob")
    add_person(world, "team", kind="Group", members=("bob",))
    world.directory.assign("ada", OWNER.name, f"/subscriptions/{world.subscription}")
    world.directory.assign("team", CONTRIBUTOR.name, terminal.account("chat").id)
    may_see_readers(world)
    for name in ("chat", "search"):
        terminal.publish(name, days_ago=1)
    terminal.people = {"ada": ada.object_id, "bob": bob.object_id}  # type: ignore[attr-defined]
    return terminal


def test_everybody_who_can_list_the_keys_is_named_with_the_right_that_gives_it(seeing: Terminal) -> None:
    shown = seeing.json("readers", "chat")
    assert shown.code == 0
    assert (shown.data["target"], shown.data["known"]) == ("chat", True)
    listing = {one["principal"]: one for one in shown.data["readers"] if one["road"] == "list-keys"}
    ada = seeing.people["ada"]  # type: ignore[attr-defined]
    assert listing[ada]["by"] == "Owner"
    assert any(one["principalType"] == "Group" and one["by"] == "Contributor" for one in listing.values())
    assert shown.data["notSeen"]
    assert shown.data["calls"] > 5
    text = seeing.type("readers", "chat").out
    assert text.startswith("Who can read the keys of chat:")
    assert "Not seen, so there may be others:" in text


def test_one_person_is_asked_about_and_azure_answers_through_groups(seeing: Terminal) -> None:
    bob = seeing.people["bob"]  # type: ignore[attr-defined]
    shown = seeing.json("readers", "chat", "--principal", bob)
    assert shown.data["principal"] == bob
    [row] = [one for one in shown.data["readers"] if one["road"] == "list-keys"]
    assert (row["principal"], row["by"]) == (bob, "Contributor")
    assert "as a member of" in row["says"]
    other = seeing.json("readers", "search", "--principal", bob)
    assert [one for one in other.data["readers"] if one["road"] == "list-keys"] == []


def test_a_principal_is_an_object_id_and_asked_of_one_account(seeing: Terminal) -> None:
    wrong = seeing.type("readers", "chat", "--principal", "bob@contoso.com")
    assert (wrong.code, "no object id" in wrong.err) == (2, True)
    all_of_them = seeing.type("readers", "--principal", ADA)
    assert (all_of_them.code, "of one account" in all_of_them.err) == (2, True)


def test_the_fleet_is_counted_and_whoever_reads_most_comes_first(seeing: Terminal) -> None:
    add(seeing.world, "nobodys")
    shown = seeing.json("readers")
    assert shown.code == 0
    counts = {one["account"].rpartition("/")[2]: one["readers"] for one in shown.data["accounts"]}
    assert counts.keys() == {"chat", "search", "nobodys"}
    assert counts["chat"] == counts["search"] + 1
    first = shown.data["principals"][0]
    assert first["accounts"] == 3
    wide = {one["role"]: one["holders"] for one in shown.data["keyRolesAtSubscription"]}
    assert wide["Owner"] == [seeing.people["ada"]]  # type: ignore[attr-defined]
    text = seeing.type("readers").out
    assert text.startswith("3 accounts with keys in 1 subscription of the settings.")
    assert "Owner on /subscriptions/" in text


def test_without_the_right_to_see_rights_nothing_is_known_and_it_says_so(terminal: Terminal) -> None:
    # This role of Microsoft's may read all rights where it is assigned, which is on a topic alone in a deployment.
    terminal.world.directory.revoke("app", shipped_roles()["eventGridDataSender"].name)
    terminal.publish(days_ago=1)
    shown = terminal.json("readers", "chat")
    assert (shown.code, shown.data["known"], shown.data["readers"]) == (1, False, [])
    assert "readersReader" in {one["nextStep"] for one in shown.data["problems"]}.pop()
    fleet = terminal.json("readers").data
    assert "readers" not in fleet["accounts"][0]
    assert "Nothing is known" in terminal.type("readers", "chat").out


def test_copies_say_what_was_looked_at_and_never_that_there_are_no_others(terminal: Terminal) -> None:
    terminal.publish(days_ago=1)
    shown = terminal.json("copies", "chat")
    assert (shown.data["target"], shown.data["copies"]) == ("chat", [])
    assert {one["place"] for one in shown.data["places"]} >= {"app-setting", "foundry-connection"}
    text = terminal.type("copies", "chat").out
    assert "0 copies of its keys found" in text
    assert "There may be copies in other places." in text
