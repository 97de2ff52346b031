"""What can be typed about standing orders: a trial and a hold."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from cli.answer import UsageError
from cli.request_options import add_confirm, add_request_options, add_target
from shared.web.orders_bodies import PlanTrial, SetHold

_OF_A_TRIAL = ("duration", "start", "confirm", "despite_copies")


def _trial(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    parser.add_argument("--for", dest="duration", metavar="4h", help="how long keys are off; 15m to 7d, default 4h")
    parser.add_argument(
        "--start", metavar="TIME", help="when they are switched off at the earliest, such as 2027-01-31T00:00:00Z"
    )
    parser.add_argument(
        "--despite-copies", action="store_true", help="start it although places are known that use a copy of a key"
    )
    parser.add_argument("--end", action="store_true", help="end the trial now, or call it off")
    parser.add_argument(
        "--despite-leak", action="store_true", help="with --end: also if a key that leaked still has its value"
    )
    add_confirm(parser, "to begin one")
    add_request_options(parser, PlanTrial)


def _hold(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    parser.add_argument("--until", metavar="TIME", help="when it ends by itself, such as 2027-01-31T00:00:00Z")
    parser.add_argument("--lift", action="store_true", help="end the hold now")
    add_request_options(parser, SetHold)


def check_orders(options: argparse.Namespace) -> None:
    """Raises UsageError if options of a trial or a hold do not go together, or if one is missing."""
    if options.command == "trial":
        given = [name for name in _OF_A_TRIAL if getattr(options, name)]
        if options.end and given:
            raise UsageError("--end goes with --despite-leak, --reason and --dry-run only.")
        if options.despite_leak and not options.end:
            raise UsageError("--despite-leak says how a trial ends: it goes with --end.")
    if options.command == "hold":
        if options.lift and options.until:
            raise UsageError("Give --until, or --lift; not both.")
        if not options.lift and not (options.until and options.reason):
            raise UsageError("Say until when and why: --until and --reason; or --lift.")


ORDER_COMMANDS: dict[str, tuple[str, str, Callable[[argparse.ArgumentParser], None]]] = {
    "trial": (
        "switch a target's keys off for a stated time",
        "It is announced first, and keys are switched on again by themselves. --end ends it, or calls it off.",
        _trial,
    ),
    "hold": (
        "let a target's rotations, ends and planned trials wait",
        "Rotations (also requested ones), ends and planned trials wait. Adoption, repair and leaks do not. A running "
        "trial goes on and ends at its own time. --lift ends the hold.",
        _hold,
    ),
}
