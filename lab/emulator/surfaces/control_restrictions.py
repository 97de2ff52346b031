"""The control surface's paths for what refuses everybody: account states, locks, subscriptions, and vaults' access."""

from collections.abc import Callable
from typing import Any

from lab.emulator.surfaces.bodies import boolean, json_list, json_object, text
from lab.emulator.world import World

Body = dict[str, Any]
STATES = ("Accepted", "Creating", "Deleting", "Moving", "Failed", "Succeeded", "ResolvingDNS")


def writes(world: World) -> dict[str, Callable[[Body], dict[str, Any]]]:
    """Return the functions that answer POST, by path."""
    return {
        "/accounts/state": lambda body: _set_state(world, body),
        "/vaults/access": lambda body: _set_access(world, body),
        "/locks": lambda body: _set_lock(world, body),
        "/subscriptions": lambda body: _set_subscription(world, body),
    }


def _set_state(world: World, body: Body) -> dict[str, Any]:
    """Give `account` a provisioning `state`. Raises ValueError for a state that the interface does not know."""
    account, state = world.accounts.named(text(body["account"], "account")), text(body["state"], "state")
    if state not in STATES:
        raise ValueError(f"a state is one of {', '.join(STATES)}")
    account.state = state
    return {"account": account.id, "state": state}


def _set_access(world: World, body: Body) -> dict[str, Any]:
    """Set whether `vault` takes private endpoints only (`private`), or its access policies by object id (`policies`).

    With null for `policies` the vault goes by roles again.
    """
    vault = world.vaults[text(body["vault"], "vault")]
    private = boolean(body.get("private", vault.private_only), "private")
    policies = vault.policies
    if "policies" in body:
        policies = None if body["policies"] is None else _policies(body["policies"])
    vault.private_only, vault.policies = private, policies
    held = {who: sorted(may) for who, may in (policies or {}).items()}
    return {"vault": vault.name, "private": private, "policies": held}


def _policies(value: object) -> dict[str, set[str]]:
    named: Body = json_object(value, "policies")
    return {who: {text(one, "policies") for one in json_list(may, "policies")} for who, may in named.items()}


def _set_lock(world: World, body: Body) -> dict[str, Any]:
    """Put a read-only lock on `scope`, or take it away: `locked` is true or false."""
    scope, locked = text(body["scope"], "scope"), boolean(body["locked"], "locked")
    held = world.restrictions.locked
    (held.add if locked else held.discard)(scope)
    return {"locked": sorted(held)}


def _set_subscription(world: World, body: Body) -> dict[str, Any]:
    """Disable `subscription`, or enable it again: `disabled` is true or false."""
    name, disabled = text(body["subscription"], "subscription").lower(), boolean(body["disabled"], "disabled")
    held = world.restrictions.disabled
    (held.add if disabled else held.discard)(name)
    return {"disabled": sorted(held)}
