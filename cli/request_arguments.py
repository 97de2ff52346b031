"""What can be typed about a rotation, a leaked key and a deployment."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from cli.request_options import add_confirm, add_request_options, add_target
from shared.domain.requests import Follow, LeakedKey
from shared.web.bodies import Arm, Body, Deployment, Leak, Rotate


def _rotate(parser: argparse.ArgumentParser) -> None:
    _one_target(parser, Rotate)
    parser.add_argument(
        "--end-other-key",
        action="store_true",
        help="end the value that the other key has now with it, although it was promised to work",
    )
    add_confirm(parser, "with --end-other-key")


def _leak(parser: argparse.ArgumentParser) -> None:
    _one_target(parser, Leak)
    parser.add_argument(
        "--key",
        choices=[key.value for key in LeakedKey],
        help="which key leaked: live is the published key, previous the other one; use both if it is not known",
    )
    parser.add_argument(
        "--fingerprint",
        metavar="MARK",
        help="the leaked key's fingerprint, as `fingerprint` prints it; if --key means another key, nothing is done",
    )
    parser.add_argument(
        "--wait",
        metavar="30s",
        help="how long the leaked live key keeps working after the fresh one is published; at most 2m, default none",
    )
    add_confirm(parser, "for both keys, and for another leak while apps may hold an older key")


def _arm(parser: argparse.ArgumentParser) -> None:
    _one_target(parser, Arm)
    _environment(parser)
    parser.add_argument("--soak", metavar="2h", help="how long after the deployment to rotate; default none")
    parser.add_argument(
        "--latest", metavar="TIME", help="when to rotate without a deployment, such as 2027-01-31T00:00:00Z"
    )
    parser.add_argument(
        "--then",
        choices=[then.value for then in Follow],
        help="what follows: a rotation (default), the end of both values, a trial, or the end of all keys",
    )
    parser.add_argument("--for", dest="duration", metavar="4h", help="for a trial: how long keys are off; default 4h")
    add_confirm(parser, "for anything but a rotation")


def _disarm(parser: argparse.ArgumentParser) -> None:
    _one_target(parser, Body)


def _deployed(parser: argparse.ArgumentParser) -> None:
    _environment(parser)
    add_request_options(parser, Deployment)


def _environment(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--environment", required=True, help="the deployment environment, such as production")


def _one_target(parser: argparse.ArgumentParser, kind: type[Body]) -> None:
    add_target(parser)
    add_request_options(parser, kind)


ENDING_COMMANDS: dict[str, tuple[str, str, Callable[[argparse.ArgumentParser], None]]] = {
    "rotate": (
        "rotate a target's key now",
        "A fresh key is published. The previous one keeps working for the overlap.",
        _rotate,
    ),
    "leak": (
        "report a leaked key, so that it stops working",
        "The key is regenerated; for the live key, a fresh one is published first. Neither the overlap nor the "
        "window applies.",
        _leak,
    ),
}
DEPLOYMENT_COMMANDS: dict[str, tuple[str, str, Callable[[argparse.ArgumentParser], None]]] = {
    "arm": (
        "rotate a target after its next deployment",
        "The rotation waits until `deployed` reports a deployment to that environment.",
        _arm,
    ),
    "disarm": (
        "stop waiting for a deployment",
        "What `arm` asked for is taken back; the schedule applies again.",
        _disarm,
    ),
    "deployed": (
        "report that a deployment went live",
        "Every target that waits for it is handled, one after the other: rotated now, or after its soak time.",
        _deployed,
    ),
}
