"""The larger parts of the control surface's bodies, checked before anything is stored.

Each function raises ValueError, of which WrongTypeError is a kind, for a value that cannot be used.
"""

from typing import Any

from lab.emulator.accounts import SLOTS, Account
from lab.emulator.clock import LATEST
from lab.emulator.surfaces.account_changes import network_rules
from lab.emulator.surfaces.bodies import WrongTypeError, json_list, json_object, text
from lab.emulator.typed import check


def new_account(facts: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of `Accounts.add`: fields of `Account`, and `key1` and `key2`."""
    check(Account, {name: value for name, value in facts.items() if name not in SLOTS})
    if not facts.get("name") or not all(isinstance(facts.get(slot), str | None) for slot in SLOTS):
        raise ValueError("an account needs a name, and a key is a text")
    rules = facts.get("network_acls")
    return facts if rules is None else {**facts, "network_acls": network_rules(rules)}


def role_definition(value: object) -> dict[str, Any]:
    """Return a role definition of Azure's JSON. Raises WrongTypeError if a part of it has a wrong type."""
    definition = json_object(value, "definition")
    facts = json_object(definition.get("properties", definition), "properties")
    text(facts.get("roleName") or definition.get("name"), "roleName")
    for part in json_list(facts.get("permissions", []), "permissions"):
        for kind in ("actions", "notActions", "dataActions", "notDataActions"):
            for action in json_list(json_object(part, "permissions").get(kind, []), kind):
                text(action, kind)
    return definition


def scope_of(body: dict[str, Any]) -> str:
    """Return the scope that a body names, by default everything."""
    return text(body.get("scope", "/"), "scope")


def number(value: object, name: str) -> float:
    """Return a number that is finite and not so large that the clock could not hold it."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < LATEST:
        raise WrongTypeError(f"The value of {name} must be a number.")
    return float(value)
