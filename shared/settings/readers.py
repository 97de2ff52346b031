"""Readers: each turns the text of one field into its value.

Every reader raises ValueError if the text is invalid. The error says what is wrong and, where it helps, shows an
example. The caller names the setting or tag.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from shared.domain import times
from shared.domain.requests import AwaitedDeployment, environment_name, soak_time

LONGEST_OWNER = 200  # characters
MOST_COUNTED = 100_000
MOST_WORKSPACES = 10  # that one query may reach (docs/facts.md, Logs)
_VAULT = re.compile(r"^https://[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*(:\d+)?/?$")
_TEMPLATE = re.compile(r"([0-9a-zA-Z-]|\{account\}|\{group\}|\{subscription\})+")
_GUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", re.IGNORECASE)
_TOPIC = re.compile(
    r"^/subscriptions/[0-9a-f-]{36}/resourceGroups/[\w.()-]{1,90}/providers/Microsoft\.EventGrid/topics/[a-z0-9-]{3,50}$",
    re.IGNORECASE,
)
_HTTPS = re.compile(r"^https://[A-Za-z0-9.-]+(:\d+)?(/[\w./-]*)?$")


def vault_url(text: str) -> str:
    """Read a vault's address without a slash at its end."""
    if not _VAULT.match(text.strip()):
        raise ValueError(f"{text!r} is not a vault's address such as https://contoso.vault.azure.net")
    return text.strip().rstrip("/")


def vault_urls(text: str) -> frozenset[str]:
    """Read the vaults' addresses in a list with commas."""
    return frozenset(vault_url(part) for part in text.split(",") if part.strip())


def secret_templates(text: str) -> tuple[str, ...]:
    """Read the templates of secret names in a list with commas, such as `{account}-key-2`.

    Each must name the account and hold more than that, or it could be another account's name with its default ending.
    """
    templates = tuple(part.strip() for part in text.split(",") if part.strip())
    for template in templates:
        if "{account}" not in template or template == "{account}" or not _TEMPLATE.fullmatch(template):
            raise ValueError(
                f"{template!r} is not a template of letters, digits, dashes, {{account}} and perhaps {{group}} and "
                "{subscription}; it must hold {account} and more than that"
            )
    return templates


def https_url(text: str) -> str:
    """Read an https address without a slash at its end."""
    if not _HTTPS.match(text.strip()):
        raise ValueError(f"{text!r} is not an https address")
    return text.strip().rstrip("/")


def subscription_ids(text: str) -> tuple[str, ...]:
    """Read the subscription ids in a list with commas, in lower case."""
    ids = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    invalid = [part for part in ids if not _GUID.match(part)]
    if invalid:
        raise ValueError(f"{', '.join(map(repr, invalid))}: not a subscription id")
    return ids


def workspace_ids(text: str) -> tuple[str, ...]:
    """Read the ids by which Log Analytics workspaces are queried, in a list with commas: each once, in lower case."""
    ids = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
    for one in ids:
        if not _GUID.match(one):
            raise ValueError(f"{one[:40]!r} is not the id of a workspace, a GUID that Azure calls its customerId")
    if len(ids) > MOST_WORKSPACES:
        raise ValueError(f"names {len(ids)} workspaces, and one query reaches {MOST_WORKSPACES}")
    return ids


def topic_id(text: str) -> str:
    """Read the resource id of a custom Event Grid topic."""
    if not _TOPIC.match(text.strip()):
        raise ValueError(
            f"{text[:200]!r} is not the resource id of a topic: /subscriptions/<guid>/resourceGroups/<group>"
            "/providers/Microsoft.EventGrid/topics/<name>"
        )
    return text.strip()


def yes_or_no(text: str) -> bool:
    """Read a setting that is true or false, in letters of any case."""
    known = {"true": True, "false": False}
    if text.strip().lower() not in known:
        raise ValueError(f"{text[:40]!r} is not true or false")
    return known[text.strip().lower()]


def count(text: str) -> int:
    """Read a setting that is a whole number from 1 to 100000."""
    if not text.strip().isascii() or not text.strip().isdigit() or not 1 <= int(text) <= MOST_COUNTED:
        raise ValueError(f"{text[:40]!r} is not a whole number from 1 to {MOST_COUNTED}")
    return int(text)


def rate(most: int) -> Callable[[str], int]:
    """Return a reader of a whole number of calls a second, from 1 to the most that Azure allows."""

    def read(text: str) -> int:
        if not text.strip().isascii() or not text.strip().isdigit() or not 1 <= int(text) <= most:
            raise ValueError(
                f"{text[:40]!r} is not a whole number from 1 to {most}, the most that Azure allows a second"
            )
        return int(text)

    return read


def lead_times(text: str) -> tuple[timedelta, ...]:
    """Read the durations in a list such as `P14D,P7D,P1D`, each once, the longest first."""
    return tuple(sorted({times.parse_duration(part) for part in text.split(",")}, reverse=True))


def date_or_time(text: str) -> datetime:
    """Read the time that a date, or a date with time and zone, stands for. A date alone is its midnight in UTC."""
    try:
        value = datetime.fromisoformat(text.strip())
        date_only = len(text.strip()) == len("2026-01-31") and date.fromisoformat(text.strip()) is not None
    except ValueError:
        raise ValueError(f"{text!r} is not a date such as 2027-03-31 or 2027-03-31T18:00:00Z") from None
    if date_only:
        value = value.replace(tzinfo=UTC)
    if value.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone: end it with Z or an offset")
    return times.sane(value)


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


def past_time(text: str) -> datetime:
    """Read a time as `date_or_time` does, which must not be in the future."""
    value = date_or_time(text)
    if value > now():
        raise ValueError(f"{text!r} is in the future")
    return value


def after_deployment(text: str) -> AwaitedDeployment:
    """Read the field or tag `after-deployment`: an environment's name, and a soak time if there is one.

    Examples: `production`, `production PT2H`.
    """
    environment, _, soak = text.strip().partition(" ")
    return AwaitedDeployment(environment_name(environment), soak_time(soak) if soak else timedelta(0))


def owner(text: str) -> str:
    """Read an owner: text that can stand in an event and on a page: printable and not too long."""
    if len(text) > LONGEST_OWNER or not text.isprintable():
        raise ValueError(f"an owner is printable text of at most {LONGEST_OWNER} characters")
    return text


def matching(pattern: str) -> Callable[[str], str]:
    """Return a reader that takes a whole text of this form. See `shared.domain.names` for the patterns."""

    def read(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"{text!r} has other characters than letters, digits and dashes, or is too long")
        return text

    return read


def one_of[E: StrEnum](choices: type[E]) -> Callable[[str], E]:
    """Return a reader that takes one of an enumeration's public words."""

    def read(text: str) -> E:
        known = {choice.value: choice for choice in choices}
        if text.strip() not in known:
            raise ValueError(f"{text!r} is not one of: {', '.join(known)}")
        return known[text.strip()]

    return read
