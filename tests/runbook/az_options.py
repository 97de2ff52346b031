"""Records which options the released Azure CLI has for each command that the pages and `doctor` show.

    python -m venv .run/az && .run/az/bin/pip install azure-cli==2.91.0
    .run/az/bin/python tests/runbook/az_options.py > tests/runbook/data/az.json

The tests compare what is shown with this record, so they need no Azure CLI.
"""

import json
import re
import shlex
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("README.md", "docs/*.md")
CODE = tuple(f"shared/doctor/{name}.py" for name in ("remedies", "services", "examine", "targets"))
GLOBAL = ["--debug", "--help", "-h", "--only-show-errors", "--output", "-o", "--query", "--subscription", "--verbose"]


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


def main() -> None:
    """Print the record as JSON."""
    from azure.cli.core import get_default_cli  # only where the CLI is installed

    az = get_default_cli()
    known: dict[str, list[str]] = {}
    for name in sorted({words_and_options(command)[0] for command in (*shown(), *named())} - {"", "login"}):
        az.invocation = az.invocation_cls(
            cli_ctx=az, parser_cls=az.parser_cls, commands_loader_cls=az.commands_loader_cls, help_cls=az.help_cls
        )
        loader = az.invocation.commands_loader
        table = loader.load_command_table(name.split())
        if name not in table:
            sys.exit(f"az {name}: the Azure CLI knows no such command")
        az.invocation.data["command_string"] = name
        loader.load_arguments(name)
        options: set[str] = set(GLOBAL)
        for argument in table[name].arguments.values():
            options |= {str(one) for one in argument.type.settings.get("options_list") or ()}
        known[name] = sorted(options)
    sys.stdout.write(json.dumps(known, indent=1) + "\n")


if __name__ == "__main__":
    main()
