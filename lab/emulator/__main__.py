"""Keeps an emulated Azure up for a terminal: `python -m lab.emulator --accounts 3 --settings-out settings.json`.

Prints the settings an app needs as JSON, or writes them to a file, and stays until it is told to end. Nothing
is kept between runs unless a state file is named.
"""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

from lab.emulator.seed import sample_world, seeded_world
from lab.emulator.serve import SERVICES, Azure, running
from lab.emulator.state import load, save
from lab.emulator.world import World


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    asyncio.run(_stay(options))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab.emulator", description="Azure, small enough to hold.")
    parser.add_argument("--accounts", type=int, default=2, help="how many accounts to begin with")
    parser.add_argument("--seed", type=Path, help="JSON file that describes accounts, vaults and topics")
    parser.add_argument("--state", type=Path, help="read this file if it is there, write it at the end (holds keys)")
    parser.add_argument("--settings-out", type=Path, help="write the settings there instead of printing them")
    parser.add_argument("--ca-file", type=Path, help="write the certificate authority there")
    parser.add_argument("--base-port", type=int, help=f"consecutive ports for {', '.join(SERVICES)} and the vaults")
    parser.add_argument("--port", action="append", default=[], metavar="SERVICE=PORT", help="one fixed port")
    parser.add_argument("--throttling", action="store_true", help="hold callers to Azure's published rate limits")
    return parser


async def _stay(options: argparse.Namespace) -> None:
    world = _world(options)
    ports = _ports(world, options)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running(world, ports=ports, ca_file=options.ca_file) as azure:
        _tell(azure, options.settings_out)
        await stop.wait()
    if options.state:
        save(world, options.state)


def _world(options: argparse.Namespace) -> World:
    world = seeded_world(options.seed) if options.seed else sample_world(options.accounts)
    if options.state and options.state.exists():
        world = load(options.state)
    world.limits.on = options.throttling
    return world


def _ports(world: World, options: argparse.Namespace) -> dict[str, int]:
    ports: dict[str, int] = {}
    if options.base_port:
        ports = {name: options.base_port + place for place, name in enumerate(SERVICES)}
        for place, vault in enumerate(world.vaults.values(), len(SERVICES)):
            vault.port = vault.port or options.base_port + place
    for pair in options.port:
        name, _, number = pair.partition("=")
        if name in world.vaults:
            world.vaults[name].port = int(number)
        elif name in SERVICES:
            ports[name] = int(number)
        else:
            raise SystemExit(f"--port {pair}: there is no service or vault of that name")
    return ports


def _tell(azure: Azure, path: Path | None) -> None:
    vaults = {name: vault.url for name, vault in azure.world.vaults.items()}
    told = {"settings": azure.settings, "control_url": azure.control_url, "urls": azure.urls, "vaults": vaults}
    text = json.dumps(told, indent=2)
    if path is None:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
        return
    # Whoever waits for the file must never read half of it.
    part = path.with_name(path.name + ".part")
    part.write_text(text)
    part.chmod(0o600)
    part.replace(path)


if __name__ == "__main__":
    sys.exit(main())
