"""The control surface's paths for rate limits: whether they apply, who refuses every call, who else uses them."""

from collections.abc import Callable
from typing import Any, Literal, cast

from lab.emulator.limits import ARM
from lab.emulator.surfaces.bodies import boolean, text, whole
from lab.emulator.surfaces.control_bodies import number
from lab.emulator.world import World

Body = dict[str, Any]
ASKS = ("seconds", "date")
MOST_CALLS = 1000  # a second; each is counted on its own


def writes(world: World) -> dict[str, Callable[[Body], dict[str, Any]]]:
    """Return the functions that answer POST, by path."""
    return {
        "/throttling": lambda body: _set_throttling(world, body),
        "/throttling/always": lambda body: _set_always(world, body),
        "/throttling/others": lambda body: _set_others(world, body),
    }


def _set_throttling(world: World, body: Body) -> dict[str, Any]:
    """Turn Azure's rate limits `on` (true) or off (false), and choose how a refusal `asks` to wait."""
    limits, asks = world.limits, text(body.get("asks", world.limits.asks), "asks")
    if asks not in ASKS:
        raise ValueError(f"asks is one of {', '.join(ASKS)}")
    limits.on, limits.asks = boolean(body["on"], "on"), cast(Literal["seconds", "date"], asks)
    return {"on": limits.on, "asks": limits.asks}


def _set_always(world: World, body: Body) -> dict[str, Any]:
    """Make a `subscription` or a `vault` refuse every call and ask to wait `seconds`. 0 seconds ends it."""
    seconds, shut = whole(body["seconds"], "seconds"), world.limits.shut
    if seconds < 0:
        raise ValueError("seconds must not be negative")
    name = (
        world.vaults[text(body["vault"], "vault")].id if "vault" in body else text(body["subscription"], "subscription")
    )
    shut[name.lower()] = seconds
    world.limits.shut = {one: wait for one, wait in shut.items() if wait}
    return {"always": world.limits.shut}


def _set_others(world: World, body: Body) -> dict[str, Any]:
    """Let another program make `perSecond` calls; 0 ends it.

    They are of a `kind` (default: writes) in a `subscription` with an `identity` (default: the app), or new versions in
    a `vault`.
    """
    rate = number(body["perSecond"], "perSecond")
    if not 0 <= rate <= MOST_CALLS:
        raise ValueError(f"perSecond must be between 0 and {MOST_CALLS}")
    if "vault" in body:
        vault = world.vaults[text(body["vault"], "vault")]
        world.limits.share_vault(vault.id, rate)
        return {"vault": vault.name, "perSecond": rate}
    subscription, kind = text(body["subscription"], "subscription"), text(body.get("kind", "writes"), "kind")
    if kind not in ARM:
        raise ValueError(f"kind is one of {', '.join(ARM)}")
    identity = world.directory.identities[text(body.get("identity", world.app.name), "identity")]
    world.limits.share_arm(subscription, identity.object_id, kind, rate)
    return {"subscription": subscription, "kind": kind, "perSecond": rate}
