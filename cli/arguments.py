"""What can be typed. Values are checked by the same types that check what comes over HTTP (`shared.bodies`)."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import msgspec

from cli.answer import UsageError
from shared.domain.requests import LeakedKey
from shared.domain.text import plain
from shared.version import VERSION
from shared.web.bodies import Arm, BadRequest, Body, Deployment, Leak, Rotate, request_id

_EPILOG = "exit codes: 0 nothing to do, or done; 1 failed; 2 wrong command; 3 something is due or a person must look"


@dataclass(frozen=True)
class Command:
    """A command with what was given to it. `key` names a request: repeated with the same one, it rotates once."""

    command: str
    json: bool
    settings: str | None
    given: argparse.Namespace
    key: str

    @property
    def name(self) -> str:
        return str(self.given.name)

    @property
    def names(self) -> list[str]:
        return list(dict.fromkeys(self.given.names))

    @property
    def by(self) -> str:
        return str(self.given.by)[:80]

    @property
    def dry_run(self) -> bool:
        return bool(getattr(self.given, "dry_run", False))

    @property
    def id(self) -> str:
        """The request's id, the same that an Idempotency-Key has over HTTP. Raises UsageError."""
        try:
            return request_id({"idempotency-key": self.key}, "")
        except BadRequest as problem:
            raise UsageError(problem.detail.replace("Idempotency-Key", "--id")) from None

    @property
    def same(self) -> str:
        """The option that makes the same request again, as it can be pasted."""
        return f"--id {shlex.quote(plain(self.key))}"

    @property
    def is_a_request(self) -> bool:
        return hasattr(self.given, "id") and not self.dry_run

    def body[B: Body](self, kind: type[B]) -> B:
        """The request as its type reads it. Raises UsageError with the field named."""
        given = vars(self.given)
        facts = {name: given[name] for name in kind.__struct_fields__ if given.get(name) is not None}
        try:
            return msgspec.convert(facts, type=kind)
        except msgspec.ValidationError as problem:
            raise UsageError(kind.in_words(problem)) from None


def parse(arguments: Sequence[str] | None) -> Command:
    """Raises SystemExit after argparse has said why, and UsageError."""
    given = _parser().parse_args(arguments)
    key = getattr(given, "id", None) or uuid4().hex
    command = Command(given.command, getattr(given, "json", False), getattr(given, "settings", None), given, key)
    _ = command.id
    return command


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--json", action="store_true", help="say it as JSON")
    common.add_argument("--settings", metavar="FILE", help="a Functions settings file, over the environment")
    parser = argparse.ArgumentParser("python -m cli", description="Key rotation.", epilog=_EPILOG, parents=[common])
    parser.add_argument("--version", action="version", version=VERSION, help="print the version and end")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, words: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=words, description=words, epilog=_EPILOG, parents=[common])

    for name, words in (
        ("plan", "what would be done now, and why"),
        ("status", "which key is live, and until when what holds"),
    ):
        add(name, words).add_argument("names", metavar="NAME", nargs="*", help="these targets only")
    add("audit", "findings over all targets and enrolled subscriptions")
    add("doctor", "whether this deployment can do what it must, and what mends it")
    add("deadlines", "every deadline to come").add_argument("--ics", action="store_true", help="as a calendar")
    _rotate(add("rotate", "rotate a target now"))
    _leak(add("leak", "a key is out: end it"))
    _arm(add("arm", "rotate a target after the next deployment"))
    _at_target(add("disarm", "wait for no deployment any more"))
    _deployed(add("deployed", "a deployment went live: rotate what waited for it"))
    return parser


def _rotate(parser: argparse.ArgumentParser) -> None:
    _at_target(parser, Rotate)


def _leak(parser: argparse.ArgumentParser) -> None:
    _at_target(parser, Leak)
    parser.add_argument("--key", required=True, choices=[key.value for key in LeakedKey], help="which key is out")
    parser.add_argument("--wait", metavar="PT30S", help="how long the live key is left once its successor is published")


def _arm(parser: argparse.ArgumentParser) -> None:
    _at_target(parser, Arm)
    parser.add_argument("--environment", required=True, help="such as production")
    parser.add_argument("--soak", metavar="PT2H", help="how long after the deployment")
    parser.add_argument("--latest", metavar="TIME", help="when it happens anyway, such as 2027-01-31T00:00:00Z")


def _deployed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--environment", required=True, help="such as production")
    _asking(parser, Deployment)


def _at_target(parser: argparse.ArgumentParser, kind: Any = Body) -> None:  # noqa: ANN401 - a type of `bodies`
    parser.add_argument("name", metavar="NAME", help="the target")
    _asking(parser, kind)


def _asking(parser: argparse.ArgumentParser, kind: Any) -> None:  # noqa: ANN401
    fields = kind.__struct_fields__
    parser.add_argument("--by", default="command line", help="who asks; stands in the report, the event and a tag")
    parser.add_argument("--id", help="repeat a request safely: the same id never rotates twice")
    if "reason" in fields:
        parser.add_argument("--reason", help="why; stands beside who asks")
    if "dry_run" in fields:
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
