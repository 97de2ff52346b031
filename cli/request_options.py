"""The options that all requests share."""

from __future__ import annotations

import argparse
from typing import Any


def add_request_options(parser: argparse.ArgumentParser, kind: Any) -> None:  # noqa: ANN401 - msgspec adds the fields' names
    """Add the options that requests share; those for a reason and a dry run only if the request's type has them."""
    fields = kind.__struct_fields__
    parser.add_argument(
        "--by", default="command line", help="who makes the request; shown in the result, the event and a tag"
    )
    parser.add_argument("--id", help="an id of your choice that makes the request safe to repeat: it takes effect once")
    if "reason" in fields:
        parser.add_argument("--reason", help="why; shown in the result, the event and a tag")
    if "dry_run" in fields:
        parser.add_argument("--dry-run", action="store_true", help="show what would be done, and change nothing")


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add one target, by its name or by its account."""
    parser.add_argument("target", metavar="NAME", nargs="?", help="the target")
    add_account(parser)


def add_account(parser: argparse.ArgumentParser) -> None:
    """Add the account that may stand in place of a name."""
    parser.add_argument(
        "--account", metavar="ID", help="the resource id of the account, in place of a name; it is never in doubt"
    )


def add_confirm(parser: argparse.ArgumentParser, needed: str) -> None:
    """Add the target's name as a confirmation. `needed` says when it must be given."""
    parser.add_argument("--confirm", metavar="NAME", help=f"the target's name again: needed {needed}")
