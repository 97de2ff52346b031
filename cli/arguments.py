"""What can be typed: the parser, and `Command`, one parsed command line.

Values are checked by the types that check what comes over HTTP (`shared.web.bodies`), so both accept the same.
"""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import uuid4

import msgspec

from cli.answer import UsageError
from cli.many_arguments import MANY_COMMANDS
from cli.orders_arguments import ORDER_COMMANDS, check_orders
from cli.request_arguments import DEPLOYMENT_COMMANDS, ENDING_COMMANDS
from cli.request_options import add_account
from shared.domain.model import AccountId
from shared.domain.text import plain, quotable, without_keys
from shared.version import VERSION
from shared.web.asked import is_object_id
from shared.web.bodies import BadRequest, Body, described_field, request_id

_OF_ALL = ("readiness", "readers", "copies")  # commands about all accounts, if none is named
_DESCRIPTION = (
    "Rotate the keys of Azure OpenAI accounts from a terminal, with the settings of the function app. A target is an "
    "account that is enrolled for rotation, together with its secret in Key Vault."
)
_EPILOG = "exit codes: 0 nothing to do, or done; 1 failed; 2 invalid command; 3 something is due or a person must look"


@dataclass(frozen=True)
class Command:
    """One parsed command line.

    name: The command, such as `rotate`.
    json: Whether the result is printed as JSON.
    settings: The Functions settings file to read. None to use the environment alone.
    options: The other arguments, as argparse read them.
    key: What makes a request repeatable, as an Idempotency-Key does over HTTP: the value of `--id`, or a random one.
    """

    name: str
    json: bool
    settings: str | None
    options: argparse.Namespace
    key: str

    @property
    def account(self) -> AccountId | None:
        """The account that the command names in place of a target. None without one. Raises UsageError."""
        given = getattr(self.options, "account", None)
        if given is None:
            return None
        try:
            return AccountId.parse(given)
        except ValueError:
            raise UsageError(f"--account: {quotable(plain(given))[:300]!r} is no resource id of an account.") from None

    @property
    def target(self) -> str | AccountId:
        """The target that the command names, or the account."""
        return self.account or str(self.options.target)

    @property
    def targets(self) -> list[str]:
        """The targets that the command names, each once. Empty for all targets."""
        return list(dict.fromkeys(self.options.targets))

    @property
    def by(self) -> str:
        """Who makes the request, at most 80 characters."""
        return str(self.options.by)[:80]

    @property
    def dry_run(self) -> bool:
        """Whether the command only shows what it would do."""
        return bool(getattr(self.options, "dry_run", False))

    @property
    def first_deployment(self) -> bool:
        """Whether `doctor` goes through the list of docs/deploy.md, which needs no settings."""
        return bool(getattr(self.options, "first_deployment", False))

    @property
    def is_a_request(self) -> bool:
        """Whether the command asks for a change."""
        return hasattr(self.options, "id") and not self.dry_run

    @property
    def request_id(self) -> str:
        """The request's id, as for the same Idempotency-Key over HTTP. Raises UsageError if the key is too long."""
        try:
            return request_id({"idempotency-key": self.key}, "")
        except BadRequest as problem:
            raise UsageError(problem.detail.replace("Idempotency-Key", "--id")) from None

    @property
    def id_option(self) -> str:
        """The option that makes the same request again, quoted for a shell."""
        return f"--id {shlex.quote(plain(self.key))}"

    def body[B: Body](self, kind: type[B]) -> B:
        """Return the request's body, checked as over HTTP. Raises UsageError, which names the invalid field."""
        given = vars(self.options)
        names = zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
        facts = {sent: given[name] for name, sent in names if given.get(name) is not None}
        try:
            return msgspec.convert(facts, type=kind)
        except msgspec.ValidationError as problem:
            raise UsageError(_in_words(kind, given, problem)) from None


def _in_words(kind: type[Body], given: dict[str, object], problem: msgspec.ValidationError) -> str:
    """Return which option is invalid, and how it is written. What looks like a key is left out."""
    found = re.search(r"`\$\.(\w+)`$", str(problem))
    value = given.get(_option_of(found[1])) if found else None
    if found is None or not isinstance(value, str):
        return kind.in_words(problem)
    option = _typed_as(found[1])
    longest = re.search(r"of length <= (\d+)", str(problem))
    if longest is not None:
        return f"{option}: it has {len(value)} characters, and at most {longest[1]} are allowed."
    return f"{option}: {without_keys(quotable(plain(value)))[:100]!r} is invalid.{described_field(kind, str(problem))}"


def _option_of(field: str) -> str:
    """Return the name under which a field of a body was parsed, such as `end_other_key`."""
    return re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", field)


def _typed_as(field: str) -> str:
    """Return the option that a field of a body is typed as, such as `--end-other-key`."""
    return "--for" if field == "duration" else f"--{_option_of(field).replace('_', '-')}"


def in_options(problem: str) -> str:
    """Return a sentence about a field of a body, with the option in its place."""
    found = re.search(r" - at `\$\.(\w+)`", problem)
    return f"{_typed_as(found[1])}: {problem.replace(found[0], '')}" if found else problem


def parse(arguments: Sequence[str] | None) -> Command:
    """Return the parsed command line. None stands for the arguments of this process.

    Raises SystemExit after argparse has printed help or an error, and UsageError if `--id` is too long.
    """
    given = _parser().parse_args(arguments)
    key = getattr(given, "id", None) or uuid4().hex
    command = Command(given.command, getattr(given, "json", False), getattr(given, "settings", None), given, key)
    _ = command.request_id  # an id that is too long is refused before anything is done
    _check_target(command)
    return command


def _check_target(command: Command) -> None:
    """Raises UsageError unless one target is named, by its name or by its account; and for a leak, which key it is."""
    options = command.options
    if command.name == "leak" and options.key is None and options.fingerprint is None:
        raise UsageError("Say which key leaked: --key, or --fingerprint.")
    check_orders(options)
    if not hasattr(options, "account"):
        return
    named, several = bool(getattr(options, "target", None)), getattr(options, "targets", None)
    if command.account is not None and (named or several):
        raise UsageError("Name a target or its account, not both.")
    if command.name == "readers":
        _check_principal(options, named=named or command.account is not None)
    if command.account is None and several is None and not named and command.name not in _OF_ALL:
        raise UsageError("Name a target, or its account with --account.")


def _check_principal(options: argparse.Namespace, *, named: bool) -> None:
    """Raises UsageError unless a principal is given by its object id, and for one account."""
    given = options.principal
    if given is not None and not is_object_id(given):
        raise UsageError(f"--principal: {quotable(plain(given))[:60]!r} is no object id of Microsoft Entra ID.")
    if given is not None and not named:
        raise UsageError("--principal is asked of one account: name a target, or its account with --account.")


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--json", action="store_true", help="print the result as JSON")
    common.add_argument("--settings", metavar="FILE", help="a Functions settings file, which overrides the environment")
    parser = argparse.ArgumentParser("python -m cli", description=_DESCRIPTION, epilog=_EPILOG, parents=[common])
    parser.add_argument("--version", action="version", version=VERSION, help="print the version")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (short, more, add_arguments) in _COMMANDS.items():
        long = f"{short[0].upper()}{short[1:]}. {more}"
        add_arguments(commands.add_parser(name, help=short, description=long, epilog=_EPILOG, parents=[common]))
    return parser


def _nothing(_: argparse.ArgumentParser) -> None:
    """The command takes no arguments of its own."""


def _targets(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("targets", metavar="NAME", nargs="*", help="a target; without names, all targets")
    add_account(parser)


def _readiness(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", metavar="NAME", nargs="?", help="a target; without a name, all accounts in sight")
    add_account(parser)


def _readers(parser: argparse.ArgumentParser) -> None:
    _of_one_or_all(parser)
    parser.add_argument("--principal", metavar="OBJECT-ID", help="only whether this one can, by groups too")


def _of_one_or_all(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", metavar="NAME", nargs="?", help="a target; without a name, all accounts in sight")
    parser.add_argument("--page", type=int, default=1, help="without a name: the page of the accounts, from 1")
    add_account(parser)


def _deadlines(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--ics", action="store_true", help="print them as a calendar (iCalendar)")


def _doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--first-deployment",
        action="store_true",
        help="go through what only Azure can show (docs/deploy.md) instead, with the commands az and azd",
    )


type _AddArguments = Callable[[argparse.ArgumentParser], None]

# For each command: its line in the list of commands, what its own help adds to that, and its arguments.
_COMMANDS: dict[str, tuple[str, str, _AddArguments]] = {
    "plan": (
        "show what would be done now, and why",
        "Nothing is changed. The function app carries the plan out at its next check.",
        _targets,
    ),
    "status": (
        "show each target's live key and its dates",
        "Columns: the live key and since when, when its rotation is due, until when the previous key works, the "
        "deployment that a rotation waits for, the number of announcements that are still owed, and the state.",
        _targets,
    ),
    "readiness": (
        "show who still uses keys, and which accounts can do without",
        "Without a name: all accounts in sight, as the last survey found them. With one: its calls as the logs tell "
        "now, and what holds the end of its keys back.",
        _readiness,
    ),
    "readers": (
        "show who can read the keys, and which role to use instead",
        "Without a name: how many can read the keys of each account in sight, and who reads those of most. With one: "
        "everybody who can, by which right, and the commands that swap the roles.",
        _readers,
    ),
    "copies": (
        "show where copies of the keys lie, and what happens to each",
        "No key is asked for. Without a name: all accounts in sight of which copies are found.",
        _of_one_or_all,
    ),
    "audit": (
        "list findings: what is not as it should be",
        "All targets and all searched subscriptions are included.",
        _nothing,
    ),
    "doctor": (
        "check that this deployment works, and show how to fix what does not",
        "Every check is harmless. Permissions are those of the identity that runs this command.",
        _doctor,
    ),
    "deadlines": (
        "list all upcoming deadlines",
        "They are the dates of rotations, of the end of previous keys, and of sunsets.",
        _deadlines,
    ),
    **ENDING_COMMANDS,
    "fingerprint": (
        "print the fingerprint of a key",
        "The key is read from standard input, and is not shown. The command needs no settings and calls nothing.",
        _nothing,
    ),
    **DEPLOYMENT_COMMANDS,
    **ORDER_COMMANDS,
    **MANY_COMMANDS,
}
