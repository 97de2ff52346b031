"""Serve an emulated Azure from a terminal: `python -m lab.emulator --accounts 3 --settings-out settings.json`.

The program prints the settings that an app needs as JSON, or writes them to a file, and runs until it receives SIGINT
or SIGTERM. The world is lost when the program ends, unless `--state` names a file.
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
    """Run the program with the given command line arguments (default: those of the process) and return exit code 0.

    Raises SystemExit if an option is invalid or `--port` names no service or vault.
    """
    options = _parser().parse_args(arguments)
    asyncio.run(_serve_until_stopped(options))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lab.emulator", description="Serve a small imitation of Azure on this machine."
    )
    parser.add_argument("--accounts", type=int, default=2, help="number of accounts in the new world (default: 2)")
    parser.add_argument("--seed", type=Path, help="JSON file that describes accounts, vaults and topics")
    parser.add_argument(
        "--state",
        type=Path,
        help="read the world from this file if it exists, and write it there at the end (the file holds keys)",
    )
    parser.add_argument("--settings-out", type=Path, help="write the settings to this file instead of printing them")
    parser.add_argument("--ca-file", type=Path, help="write the certificate authority to this file")
    parser.add_argument(
        "--base-port", type=int, help=f"first of consecutive ports for {', '.join(SERVICES)} and the vaults"
    )
    parser.add_argument(
        "--port", action="append", default=[], metavar="SERVICE=PORT", help="a fixed port for one service or vault"
    )
    parser.add_argument("--throttling", action="store_true", help="apply Azure's published rate limits")
    return parser


async def _serve_until_stopped(options: argparse.Namespace) -> None:
    world = _world(options)
    ports = _ports(world, options)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running(world, ports=ports, ca_file=options.ca_file) as azure:
        _write_settings(azure, options.settings_out)
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
            raise SystemExit(
                f"--port {pair}: there is no service or vault of that name; services are {', '.join(SERVICES)}"
            )
    return ports


def _write_settings(azure: Azure, path: Path | None) -> None:
    vaults = {name: vault.url for name, vault in azure.world.vaults.items()}
    settings = {"settings": azure.settings, "control_url": azure.control_url, "urls": azure.urls, "vaults": vaults}
    text = json.dumps(settings, indent=2)
    if path is None:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
        return
    # Another process waits for this file and must never read half of it.
    part = path.with_name(path.name + ".part")
    part.write_text(text)
    part.chmod(0o600)
    part.replace(path)


if __name__ == "__main__":
    sys.exit(main())
