"""Who is enrolled: explicit targets from the settings, and accounts that carry our tags. Explicit ones win.

Reading is strict and gathers every problem, each with the name of the thing it is about. A tagged account with a
bad tag is one bad line; the others go on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

from shared.domain import times
from shared.domain.model import AccountId, Adopt, Cadence, ProofPolicy, Target
from shared.domain.publication import LONGEST_TAG
from shared.domain.requests import AwaitedDeployment, environment_name, soak_time
from shared.domain.text import without_keys
from shared.domain.times import sane
from shared.domain.window import Window

TAG = "key-rotation"
FIELDS = (
    "account", "vault", "secret", "name", "period", "overlap", "warnings", "window", "owner",
    "adopt", "proof", "sunset", "after-deployment",
)  # fmt: skip
TAGGED = ("secret", "vault", "period", "overlap", "owner", "sunset", "after-deployment")
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9-]{0,62}$")
_ANY_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")  # also one that is made of an account's name
_SECRET = re.compile(r"^[0-9a-zA-Z-]{1,127}$")
_VAULT = re.compile(r"^https://[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*(:\d+)?/?$")
MOST_WARNINGS = 8


@dataclass(frozen=True)
class Defaults:
    """What holds for a target that does not say otherwise. `lag` is the slowest consumer's refresh."""

    vault_url: str | None = None
    cadence: Cadence = field(default_factory=Cadence)
    lag: timedelta = timedelta(hours=24)


class Problems(list[str]):
    """Everything found wrong, each line naming its thing."""

    def read[T](self, thing: str, text: object, reader: Callable[[str], T]) -> T | None:
        """The value, or none with the problem noted."""
        if not isinstance(text, str):
            self.append(f"{thing}: {text!r} is not text")
            return None
        try:
            return reader(text)
        except ValueError as problem:
            self.append(f"{thing}: {problem}")
            return None


def read_target(entry: Mapping[str, Any], thing: str, defaults: Defaults, problems: Problems) -> Target | None:
    """One target from a mapping with the public field names, or none with the problems noted."""
    before = len(problems)
    problems.extend(
        f"{thing}: {name!r} is not a field; known: {', '.join(FIELDS)}" for name in entry if name not in FIELDS
    )
    account = problems.read(f"{thing}, account", entry.get("account", ""), AccountId.parse)
    rhythm = _cadence(entry, thing, defaults, problems)
    if account is not None and len(str(account)) > LONGEST_TAG:
        problems.append(f"{thing}, account: is {len(str(account))} characters long; a secret's tag holds {LONGEST_TAG}")
    name = _get(entry, "name", None, thing, problems, _matching(_NAME))
    vault = _get(entry, "vault", defaults.vault_url, thing, problems, vault_url)
    if vault is None and entry.get("vault") is None:
        problems.append(f"{thing}: no vault: name one here or set ROTATION_VAULT_URL")
    secret = _get(entry, "secret", None, thing, problems, _matching(_SECRET))
    more = {
        "owner": _get(entry, "owner", None, thing, problems, _owner),
        "adopt": _get(entry, "adopt", Adopt.PUBLISH, thing, problems, one_of(Adopt)),
        "proof": _get(entry, "proof", ProofPolicy.REQUIRE, thing, problems, one_of(ProofPolicy)),
        "sunset": _get(entry, "sunset", None, thing, problems, moment),
        "after_deployment": _get(entry, "after-deployment", None, thing, problems, after_deployment),
    }
    if account is None or rhythm is None or len(problems) > before:
        return None
    return Target(
        name=name or default_name(account),
        account=account,
        vault_url=vault,
        secret=secret or default_secret(account),
        cadence=rhythm,
        **more,
    )


def read_tags(account: AccountId, tags: Mapping[str, str], defaults: Defaults, problems: Problems) -> Target | None:
    """The target that an account's tags ask for; none when the account is not enrolled or a tag is wrong."""
    lowered = {name.lower(): value for name, value in tags.items()}
    word, before = lowered.get(TAG, "").strip().lower(), len(problems)
    if word in ("", "off"):
        return None
    if word != "on":
        problems.append(f"account {account.name}, tag {TAG}: is {word[:40]!r}, neither on nor off")
    strange = sorted(name for name in lowered if name.startswith(f"{TAG}-") and name[len(TAG) + 1 :] not in TAGGED)
    if strange:
        known = ", ".join(f"{TAG}-{name}" for name in TAGGED)
        problems.append(f"account {account.name}: {', '.join(strange)[:200]} is no tag of ours; known: {known}")
    entry = {name: lowered[f"{TAG}-{name}"] for name in TAGGED if f"{TAG}-{name}" in lowered}
    target = read_target({"account": str(account), **entry}, f"account {account.name}, tags", defaults, problems)
    return target if len(problems) == before else None


def could_be_a_name(text: str) -> bool:
    """Whether a target may be called that. What looks like a key is not taken for a name: it would be repeated."""
    return _ANY_NAME.fullmatch(text) is not None and without_keys(text) == text


def default_name(account: AccountId) -> str:
    """The target's name where nobody chose one, and always where it is enrolled by tags."""
    return account.name.replace("_", "-").replace(".", "-")


def default_secret(account: AccountId) -> str:
    """The secret's name where nobody chose one: the account's, in the characters that a secret may have."""
    return f"{re.sub('[^0-9a-zA-Z-]', '-', account.name)}-key"


def check_cadence(cadence: Cadence, lag: timedelta, thing: str) -> list[str]:
    """What does not fit together in a rhythm."""
    problems = []
    if cadence.overlap < lag:
        problems.append(
            f"{thing}: the overlap {times.iso_duration(cadence.overlap)} is shorter than the slowest consumer's refresh, "
            f"{times.iso_duration(lag)}: lengthen it, or set ROTATION_CONSUMER_LAG if all consumers are faster"
        )
    if cadence.overlap + cadence.notice >= cadence.period:
        problems.append(
            f"{thing}: overlap and notice together ({times.iso_duration(cadence.overlap + cadence.notice)}) "
            f"leave no time in the period {times.iso_duration(cadence.period)}"
        )
    late = [times.iso_duration(lead) for lead in cadence.warnings if lead >= cadence.period]
    if late:
        problems.append(f"{thing}: warnings {', '.join(late)} are not shorter than the period")
    if len(cadence.warnings) > MOST_WARNINGS:
        problems.append(f"{thing}: {len(cadence.warnings)} warnings; {MOST_WARNINGS} at most")
    return problems


def warnings_from(text: str) -> tuple[timedelta, ...]:
    """`P14D,P7D,P1D`, in any order; longest first afterwards."""
    return tuple(sorted({times.parse_duration(part) for part in text.split(",")}, reverse=True))


def vault_url(text: str) -> str:
    if not _VAULT.match(text.strip()):
        raise ValueError(f"{text!r} is not a vault's address such as https://contoso.vault.azure.net")
    return text.strip().rstrip("/")


def moment(text: str) -> datetime:
    """A date, or a date and time with its zone; a bare date is its first moment in UTC."""
    try:
        value = datetime.fromisoformat(text.strip())
        whole_day = len(text.strip()) == len("2026-01-31") and date.fromisoformat(text.strip()) is not None
    except ValueError:
        raise ValueError(f"{text!r} is not a date such as 2027-03-31 or 2027-03-31T18:00:00Z") from None
    if whole_day:
        value = value.replace(tzinfo=UTC)
    if value.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone: end it with Z or an offset")
    return sane(value)


def after_deployment(text: str) -> AwaitedDeployment:
    """An environment's name, and a soak time where there is one: `production`, or `production PT2H`."""
    environment, _, soak = text.strip().partition(" ")
    return AwaitedDeployment(environment_name(environment), soak_time(soak) if soak else timedelta(0))


def _cadence(entry: Mapping[str, Any], thing: str, defaults: Defaults, problems: Problems) -> Cadence | None:
    rhythm, before = defaults.cadence, len(problems)
    rhythm = replace(
        rhythm,
        period=_get(entry, "period", rhythm.period, thing, problems, times.parse_duration),
        overlap=_get(entry, "overlap", rhythm.overlap, thing, problems, times.parse_duration),
        window=_get(entry, "window", rhythm.window, thing, problems, Window.parse),
    )
    given = entry.get("warnings")
    listed = ",".join(given) if isinstance(given, list) and all(isinstance(w, str) for w in given) else given
    if listed is not None:
        rhythm = replace(rhythm, warnings=problems.read(f"{thing}, warnings", listed, warnings_from) or ())
    else:
        rhythm = replace(rhythm, warnings=tuple(lead for lead in rhythm.warnings if lead < rhythm.period))
    if len(problems) == before:
        problems.extend(check_cadence(rhythm, defaults.lag, thing))
    return rhythm if len(problems) == before else None


def _get[T, D](
    entry: Mapping[str, Any], name: str, default: D, thing: str, problems: Problems, reader: Callable[[str], T]
) -> Any:  # noqa: ANN401 - the reader's type, or the default's
    if entry.get(name) is None:
        return default
    value = problems.read(f"{thing}, {name}", entry[name], reader)
    return default if value is None else value


def _matching(shape: re.Pattern[str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not shape.fullmatch(text):
            raise ValueError(f"{text!r} has other characters than letters, digits and dashes, or is too long")
        return text

    return read


def one_of[E: StrEnum](choices: type[E]) -> Callable[[str], E]:
    """A reader for one of an enumeration's public words."""

    def read(text: str) -> E:
        known = {choice.value: choice for choice in choices}
        if text.strip() not in known:
            raise ValueError(f"{text!r} is not one of: {', '.join(known)}")
        return known[text.strip()]

    return read


def _owner(text: str) -> str:
    if len(text) > 200 or not text.isprintable():
        raise ValueError("an owner is printable text of at most 200 characters")
    return text
