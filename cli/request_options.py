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
