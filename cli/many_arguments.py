"""What can be typed about many targets at once."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from cli.request_options import add_request_options
from shared.domain.requests import LeakedKey
from shared.web.many import RotateMany

SELECTION = ("owner", "subscription", "group", "names", "rest_of", "all")


def _rotate_many(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", metavar="NAME", nargs="*", help="a target; without names, what the options select")
    parser.add_argument("--all", action="store_true", help="all targets")
    parser.add_argument("--owner", help="targets of this owner")
    parser.add_argument("--subscription", metavar="ID", help="targets whose account is in this subscription")
    parser.add_argument("--group", help="targets whose account is in a resource group of this name")
    parser.add_argument("--rest-of", metavar="ID", help="what is left of an earlier request for many")
    parser.add_argument(
        "--leaked",
        choices=[key.value for key in LeakedKey],
        help="end these keys of each target instead of rotating: live, previous or both",
    )
    parser.add_argument("--confirm", metavar="'N targets'", help="how many targets are meant, as a dry run says")
    add_request_options(parser, RotateMany)


def _rotations(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("rotation", metavar="ID", nargs="?", help="one request; without it, all of them")
    parser.add_argument("--stop", action="store_true", help="stop it: what has begun ends, and nothing further begins")
    parser.add_argument("--by", default="command line", help="who stops it")


MANY_COMMANDS: dict[str, tuple[str, str, Callable[[argparse.ArgumentParser], None]]] = {
    "rotate-many": (
        "rotate many targets, or end their leaked keys",
        "The function app carries it out, paced, from its next check on. `rotations` shows how far it has come.",
        _rotate_many,
    ),
    "rotations": (
        "show the requests for many of the last 30 days, or stop one",
        "Columns: when it was made, its state, how many accounts are done, gone, failed and open, and who made it.",
        _rotations,
    ),
}
