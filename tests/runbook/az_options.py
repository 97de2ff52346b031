"""Records which options the released Azure CLI has for each command that the pages and `doctor` show.

    make test-tools
    .run/az/bin/python tests/runbook/az_options.py > tests/runbook/data/az.json

The tests compare what is shown with this record, so they need no Azure CLI.
"""

import io
import json
import re
import shlex
import sys
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("README.md", "docs/*.md")
CODE = tuple(
    f"shared/doctor/{name}.py"
    for name in ("remedies", "networks", "listening", "refused", "services", "examine", "targets")
)


def shown() -> list[str]:
    """Return every `az` command of the pages, also those inside another command."""
    texts = [path.read_text() for pattern in PAGES for path in sorted(ROOT.glob(pattern))]
    lines = [re.sub(r"\\\s*\n\s*", " ", text) for text in texts]
    starts = r"(?=(?:^|[`(])\s*(az [a-z][^`\n]*))"
    return [found.strip() for text in lines for found in re.findall(starts, text, re.MULTILINE)]


def named() -> list[str]:
    """Return every `az` command that the code writes out: only its words, without options."""
    texts = [(ROOT / name).read_text() for name in CODE]
    return [found.strip() for text in texts for found in re.findall(r"""["'(](az [a-z][a-z -]*)""", text)]


def words_and_options(command: str) -> tuple[str, list[str]]:
    """Return the words and the options of a command. Brackets and quotes hold arguments or another command."""
    plain = re.sub(r"<[^<>]*>|\$\(.*?\)|@\S+", "x", command.split(" # ")[0]).split(")")[0]
    try:
        words = shlex.split(plain)
    except ValueError:
        words = plain.split()
    first = next((place for place, word in enumerate(words) if word.startswith("-")), len(words))
    options = [word.split("=")[0] for word in words[first:] if re.fullmatch(r"--?[a-z][a-z-]*(=.*)?", word)]
    return " ".join(word for word in words[1:first] if re.fullmatch(r"[a-z][a-z-]*", word)), options


def _parser(az: Any, words: list[str]) -> Any:
    """Return the parser of one command of the Azure CLI, made as the CLI makes it before it runs the command."""
    from azure.cli.core.commands import events
    from knack.events import EVENT_INVOKER_POST_CMD_TBL_CREATE

    made = az.invocation_cls(
        cli_ctx=az, parser_cls=az.parser_cls, commands_loader_cls=az.commands_loader_cls, help_cls=az.help_cls
    )
    az.invocation, loader, name = made, made.commands_loader, " ".join(words)
    table = loader.load_command_table(words)
    if name not in table:
        sys.exit(f"az {name}: the Azure CLI knows no such command")
    made.data["command_string"] = loader.command_name = name
    loader.command_table = {name: table[name]}
    az.raise_event(events.EVENT_INVOKER_PRE_LOAD_ARGUMENTS, commands_loader=loader)
    loader.load_arguments(name)
    for event in (events.EVENT_INVOKER_POST_LOAD_ARGUMENTS, EVENT_INVOKER_POST_CMD_TBL_CREATE):
        az.raise_event(event, commands_loader=loader)
    made.parser.cli_ctx = az
    made.parser.load_command_table(loader)
    return made.parser


def _options(az: Any, name: str) -> list[str]:
    known = _parser(az, name.split()).subparser_map[name]._option_string_actions
    return sorted(option for option in known if re.match(r"--?[a-z]", option))


def _problem(az: Any, argv: list[str]) -> str | None:
    """Return what the Azure CLI objects to in a command, given without `az`. None if it can parse it."""
    words = argv[: next((place for place, word in enumerate(argv) if word.startswith("-")), len(argv))]
    said = io.StringIO()
    try:
        with redirect_stderr(said):
            _parser(az, words).parse_args(argv)
    except SystemExit as ended:
        return f"az {' '.join(argv)}: {said.getvalue().strip() or ended}"
    return None


def main() -> None:
    """Print the record as JSON. With --parse, read commands as a JSON list of lists of words, and print problems."""
    from azure.cli.core import get_default_cli  # only where the CLI is installed

    az = get_default_cli()
    if "--parse" in sys.argv:
        found = [_problem(az, argv) for argv in json.load(sys.stdin)]
        sys.stdout.write(json.dumps([one for one in found if one]) + "\n")
        return
    names = {words_and_options(command)[0] for command in (*shown(), *named())} - {"", "login"}
    sys.stdout.write(json.dumps({name: _options(az, name) for name in sorted(names)}, indent=1) + "\n")


if __name__ == "__main__":
    main()
