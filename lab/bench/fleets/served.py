"""The emulated Azure of a measurement, in a process of its own: `python -m lab.bench.fleets.served PLAN SETTINGS`.

It builds what the plan says, writes the settings that an app needs to a file, and runs until SIGINT or SIGTERM.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lab.bench.fleets.cases import Plan
from lab.emulator.faults import Rule
from lab.emulator.serve import Azure, running
from lab.emulator.world import World
from lab.simulation.published import publish_as_rotated

TOPIC = "announcements"


def main() -> None:
    """Serve the plan in the file of the first argument, and write the settings to the file of the second."""
    asyncio.run(_serve(Plan.read(Path(sys.argv[1])), Path(sys.argv[2])))


async def _serve(plan: Plan, output: Path) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running(_world(plan)) as azure:
        _publish(azure, plan)
        _begin(azure, plan)
        part = output.with_suffix(".part")
        part.write_text(json.dumps({"settings": _settings(azure), "control": azure.control_url}))
        part.replace(output)  # another process waits for this file and must never read half of it
        await stop.wait()


def vault_of(plan: Plan, number: int) -> str:
    """Return the name of the vault of an account, by the account's number from 0."""
    return f"keys-{number % plan.vaults:03}"


def account_name(number: int) -> str:
    """Return the name of an account, by its number from 0."""
    return f"account-{number:05}"


def _world(plan: Plan) -> World:
    world = World(subscription=plan.subscription(0))
    for number in range(plan.vaults):
        world.add_vault(vault_of(plan, number))
    world.add_topic(TOPIC).subscribe("team")
    first = world.vaults[vault_of(plan, 0)]
    for number in range(plan.strangers):
        first.set_secret(f"a-secret-of-somebody-{number:05}", "unused")
    return world


def _publish(azure: Azure, plan: Plan) -> None:
    """Add the accounts, with their keys published. The addresses, which the marks name, are known only now."""
    world, since = azure.world, datetime.now(UTC) - timedelta(days=plan.days_ago)
    for number in range(plan.accounts):
        vault = vault_of(plan, number)
        tags = {"key-rotation": "on", "key-rotation-vault": world.vaults[vault].url}
        account = world.accounts.add(account_name(number), subscription=plan.subscription(number), tags=tags)
        publish_as_rotated(world, account, since, vault=vault)


def _begin(azure: Azure, plan: Plan) -> None:
    """Let limits and delays apply from now on."""
    world = azure.world
    for operation, seconds in plan.delays.items():
        world.faults.put(Rule(operation, "delay", seconds=seconds, times=0))
    world.limits.on = plan.limits
    if plan.others and plan.limits:
        world.limits.share_vault(world.vaults[vault_of(plan, 0)].id, plan.others)
    world.journal.clear()


def _settings(azure: Azure) -> dict[str, str]:
    subscriptions = dict.fromkeys(account.subscription for account in azure.world.accounts)
    return {
        **azure.settings,
        "ROTATION_SUBSCRIPTIONS": ",".join(subscriptions),
        "ROTATION_VAULTS": ",".join(vault.url for vault in azure.world.vaults.values()),
    }


if __name__ == "__main__":
    main()
