"""`python -m cli plan | status | readiness | readers | copies | rotate | leak | fingerprint | arm | disarm | trial |
hold | deployed | deadlines | audit | doctor`.

Exit codes: 0 nothing to do, or done; 1 failed; 2 invalid command; 3 something is due, or a person must look.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack

from cli.answer import FAILED, USAGE, CommandResult, UsageError, of_error
from cli.arguments import Command, parse
from cli.commands import COMMANDS, fingerprint, first_deployment, without_settings
from cli.printing import accept_every_character, write_file
from cli.settings_file import read_values
from cli.standard_input import read_key
from shared.domain.errors import FixConfiguration, RotationError
from shared.wiring import opened


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    The result is printed to standard output, also if it is a failure. Standard error is for an invalid or interrupted
    command.
    """
    command: Command | None = None
    accept_every_character()
    try:
        command = parse(arguments)
        if command.settings:
            os.environ.update(read_values(command.settings))  # as the function host does for the app
        result = asyncio.run(_run(command))
    except UsageError as error:
        print(f"{error}", file=sys.stderr)
        return USAGE
    except SystemExit as end:  # argparse has printed why
        return USAGE if end.code else 0
    except KeyboardInterrupt:
        print(f"Stopped.{_repeat(command)}", file=sys.stderr)
        return FAILED
    if result.file is not None and not command.json:
        write_file(result.file)
    else:
        print(json.dumps(result.data, indent=2) if command.json else result.text)
    return result.code


def _repeat(command: Command | None) -> str:
    """Return how to repeat a request that was interrupted; empty for a command that only reads."""
    if command is None or not command.is_a_request:
        return ""
    return f" The request may or may not have been carried out. Repeat it with {command.id_option}."


async def _run(command: Command) -> CommandResult:
    if command.first_deployment:
        return first_deployment()
    if command.name == "fingerprint":
        return fingerprint(read_key())
    try:
        async with AsyncExitStack() as stack:
            try:
                parts = await stack.enter_async_context(opened(os.environ))
            except FixConfiguration as error:
                return without_settings(error, command)
            return await COMMANDS[command.name](parts, command)
    except RotationError as error:
        return of_error(error)


def _configure_logging() -> None:
    """Send this project's warnings to standard error. Azure's libraries are left out: the result says what they met."""
    handler = logging.StreamHandler()
    handler.addFilter(lambda record: not record.name.startswith(("azure.", "msal")))
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s", handlers=[handler])


if __name__ == "__main__":
    _configure_logging()
    sys.exit(main())
