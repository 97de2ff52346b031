"""`python -m cli plan | status | rotate | leak | arm | disarm | deployed | deadlines | audit | doctor`.

Exit codes: 0 nothing to do, or done; 1 failed; 2 the command is wrong; 3 something is due, or a person must look.
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
from cli.commands import COMMANDS, without_settings
from cli.settings_file import read_values
from shared.domain.errors import FixConfiguration, RotationError
from shared.wiring import opened


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code. The answer goes to stdout; what went wrong with the call itself to stderr."""
    command: Command | None = None
    try:
        command = parse(arguments)
        if command.settings:
            os.environ.update(read_values(command.settings))  # as the host does for the app
        answer = asyncio.run(_answer(command))
    except UsageError as error:
        print(f"{error}", file=sys.stderr)
        return USAGE
    except SystemExit as end:  # argparse has said why
        return USAGE if end.code else 0
    except KeyboardInterrupt:
        unsure = (
            f" It may not have been carried out: make this very request again with {command.same}." if command else ""
        )
        again = unsure if command and command.is_a_request else ""
        print(f"Stopped.{again}", file=sys.stderr)
        return FAILED
    print(json.dumps(answer.data, indent=2) if command.json else answer.text)
    return answer.code


async def _answer(command: Command) -> CommandResult:
    try:
        async with AsyncExitStack() as stack:
            try:
                parts = await stack.enter_async_context(opened(os.environ))
            except FixConfiguration as error:
                return without_settings(error, command)
            return await COMMANDS[command.command](parts, command)
    except RotationError as error:
        return of_error(error)


def _listen() -> None:
    """Warnings of ours go to stderr. What Azure's libraries warn of is in the answer, in our words."""
    handler = logging.StreamHandler()
    handler.addFilter(lambda record: not record.name.startswith(("azure.", "msal")))
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s", handlers=[handler])


if __name__ == "__main__":
    _listen()
    sys.exit(main())
