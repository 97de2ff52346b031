"""Read one target: from an entry of ROTATION_TARGETS, or from the tags of an account.

Reading is strict and adds every problem to `Problems`. One account with an invalid tag does not stop the others.
Which targets are enrolled in the end, and which target wins, is decided in `shared.fleet.enrolment`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from shared.domain import times
from shared.domain.consumers import ConsumerKind, Consumers
from shared.domain.model import AccountId, Adopt, Cadence, ProofPolicy, Target
from shared.domain.names import ACCOUNT_AS_NAME, SECRET_NAME, TARGET_NAME
from shared.domain.publication import LONGEST_TAG
from shared.domain.window import Window
from shared.settings.consumers import check_overlap, consumer_kinds, listed
from shared.settings.names import instead_of
from shared.settings.problems import FieldProblem, Problems
from shared.settings.readers import after_deployment, date_or_time, lead_times, matching, one_of, owner, vault_url

TAG = "key-rotation"  # the tag that enrols an account; the tags that describe its target begin with this and a dash
FIELDS = (
    "account", "vault", "secret", "name", "period", "overlap", "warnings", "window", "owner",
    "adopt", "proof", "sunset", "after-deployment", "consumers",
)  # fmt: skip
TAGGED = ("secret", "vault", "period", "overlap", "owner", "sunset", "after-deployment", "consumers")
_LISTS = ("warnings", "consumers")  # fields that may be a JSON list of texts; in a tag they are one text with commas
_OLD_KEY = "[0-9A-Fa-f]{32}"
MOST_WARNINGS = 8


@dataclass(frozen=True)
class Defaults:
    """Values for targets that do not set their own.

    vault_url: The vault of a target that names none. Default None: every target must name its vault.
    cadence: Period, overlap, warnings, notice and window.
    lag: How long the slowest consumer takes to read a new secret version. No overlap may be shorter. Default 24 hours,
        the time within which App Service refreshes a Key Vault reference (docs/facts.md, Readers).
    sealed_since: Since when this app seals its marks, in UTC. Default None: marks without a seal never count.
    app: A short hash that tells this app from others. Default None: marks do not say which app wrote them.
    consumers: The kinds of consumers of a target that lists none. The tag of an account adds to them. Default: none.
    """

    vault_url: str | None = None
    cadence: Cadence = field(default_factory=Cadence)
    lag: timedelta = timedelta(hours=24)
    sealed_since: datetime | None = None
    app: str | None = None
    consumers: tuple[ConsumerKind, ...] = ()


@dataclass(frozen=True)
class Claim:
    """Something that only one target may have. Two claims are equal if their values differ in case only.

    kind: `name`, `account` or `secret`.
    value: The name, the account's id or the secret's id, in lower case for comparison.
    text: The same as it was written. Not compared.
    """

    kind: str
    value: str
    text: str = field(compare=False)


def claims(target: Target) -> tuple[Claim, ...]:
    """Return what no other target may share with this one.

    A name leads to one target. Two targets with one account would regenerate each other's keys, because Azure cannot
    keep two rotators apart (docs/facts.md, Keys). Two targets with one secret would overwrite each other's
    publication.
    """
    values = {"name": target.name, "account": str(target.account), "secret": target.secret_url}
    return tuple(Claim(kind, text.casefold(), text) for kind, text in values.items())


def secret_claim(target: Target) -> Claim:
    """Return the claim of a target on its secret."""
    return Claim("secret", target.secret_url.casefold(), target.secret_url)


def target_from_fields(
    entry: Mapping[str, Any],
    thing: str,
    defaults: Defaults,
    problems: Problems,
    also: tuple[ConsumerKind, ...] = (),
) -> Target | None:
    """Return the target that an entry with the public field names describes. Return None if it has a problem.

    thing: How problems name the entry, such as `ROTATION_TARGETS[0]`.
    problems: Every problem is added to them.
    also: Consumers beside those that the entry lists.
    """
    before = len(problems)
    for name in entry:
        if name not in FIELDS:
            problems.add(thing, f"{name!r} is not a field; {instead_of(str(name), FIELDS)}")
    account = problems.read(f"{thing}, account", entry.get("account", ""), AccountId.parse)
    own = _get(entry, "consumers", None, thing, problems, consumer_kinds)
    consumers = listed(defaults.consumers if own is None else (*also, *own), defaults.lag)
    cadence = _cadence(entry, thing, defaults, problems, consumers)
    if account is not None and len(str(account)) > LONGEST_TAG:
        what = f"is {len(str(account))} characters long; a secret's tag holds {LONGEST_TAG}"
        problems.add(f"{thing}, account", what)
    name = _get(entry, "name", None, thing, problems, matching(TARGET_NAME))
    vault = _get(entry, "vault", defaults.vault_url, thing, problems, vault_url)
    if vault is None and entry.get("vault") is None:
        problems.add(thing, "no vault: name one here or set ROTATION_VAULT_URL")
    secret = _get(entry, "secret", None, thing, problems, matching(SECRET_NAME))
    more = {
        "owner": _get(entry, "owner", None, thing, problems, owner),
        "adopt": _get(entry, "adopt", Adopt.PUBLISH, thing, problems, one_of(Adopt)),
        "proof": _get(entry, "proof", ProofPolicy.REQUIRE, thing, problems, one_of(ProofPolicy)),
        "sunset": _get(entry, "sunset", None, thing, problems, date_or_time),
        "after_deployment": _get(entry, "after-deployment", None, thing, problems, after_deployment),
    }
    if account is None or cadence is None or len(problems) > before:
        return None
    return Target(
        name=name or default_name(account),
        account=account,
        vault_url=vault,
        secret=secret or default_secret(account),
        cadence=cadence,
        sealed_since=defaults.sealed_since,
        app=defaults.app,
        consumers=consumers,
        **more,
    )


def target_from_tags(
    account: AccountId, tags: Mapping[str, str], defaults: Defaults, problems: Problems
) -> Target | None:
    """Return the target that an account's tags describe. Return None if it is not tagged `on`, or if a tag is invalid.

    tags: All tags of the account, ours and others. Azure compares the names of tags without case.
    problems: Every problem is added to them.
    """
    lowered = {name.lower(): value for name, value in tags.items()}
    word, before = lowered.get(TAG, "").strip().lower(), len(problems)
    if word in ("", "off"):
        return None
    if word != "on":
        problems.add(f"account {account.name}, tag {TAG}", f"is {word[:40]!r}, neither on nor off")
    unknown = sorted(name for name in lowered if name.startswith(f"{TAG}-") and name[len(TAG) + 1 :] not in TAGGED)
    if unknown:
        known = [f"{TAG}-{name}" for name in TAGGED]
        names = f"{', '.join(unknown)[:200]} is not a tag of this app"
        problems.add(f"account {account.name}", f"{names}; {instead_of(unknown[0], known)}")
    entry = {name: lowered[f"{TAG}-{name}"] for name in TAGGED if f"{TAG}-{name}" in lowered}
    thing, entry = f"account {account.name}, tags", {"account": str(account), **entry}
    # A person who may tag an account must not take a slow consumer off its list, and so shorten what is safe.
    target = target_from_fields(entry, thing, defaults, problems, defaults.consumers)
    return target if len(problems) == before else None


def could_be_a_name(text: str) -> bool:
    """Return whether a target may have this name.

    False for text that can be a key, so that it is never repeated: 32 hexadecimal digits, as keys were until 2023
    (docs/facts.md, Keys). Later keys are longer than any name. Other long names without dashes are names: a reported
    leak must not be lost because of them.
    """
    return re.fullmatch(ACCOUNT_AS_NAME, text) is not None and re.search(_OLD_KEY, text) is None


def default_name(account: AccountId) -> str:
    """Return the name of a target that sets none. A target that is enrolled by tags always has this name."""
    return account.name.replace("_", "-").replace(".", "-")


def default_secret(account: AccountId) -> str:
    """Return the secret's name of a target that sets none: the account's, in the characters that a secret may have."""
    return _filled("{account}-key", account)


def secrets_of(account: AccountId, templates: Iterable[str]) -> list[str]:
    """Return the names that the secret of an account may have: the default one, and one for each template."""
    names = [default_secret(account), *(_filled(template, account) for template in templates)]
    return [name for name in names if re.fullmatch(SECRET_NAME, name)]


def _filled(template: str, account: AccountId) -> str:
    values = {"account": account.name, "group": account.group, "subscription": account.subscription}
    return re.sub("[^0-9a-zA-Z-]", "-", template.format_map(values))


def check_cadence(
    cadence: Cadence, lag: timedelta, thing: str, consumers: Consumers | None = None
) -> list[FieldProblem]:
    """Return what does not fit together: overlap and lag, overlap and period, warnings and period.

    lag: How long the slowest consumer takes to read a new secret version.
    thing: How problems name the cadence.
    consumers: The listed consumers. If the overlap is what they need, the problem says why it is so long.
    """
    found, duration = Problems(), times.iso_duration
    if cadence.overlap < lag:
        found.add(
            thing,
            f"the overlap {duration(cadence.overlap)} is shorter than the slowest consumer's refresh, "
            f"{duration(lag)}: lengthen it, or set ROTATION_CONSUMER_LAG if all consumers are faster",
        )
    if cadence.overlap + cadence.notice >= cadence.period:
        together = f"overlap and notice together ({duration(cadence.overlap + cadence.notice)})"
        why = f"; {consumers.arithmetic}" if consumers and consumers.least_overlap == cadence.overlap else ""
        found.add(thing, f"{together} leave no time in the period {duration(cadence.period)}{why}")
    late = [duration(lead) for lead in cadence.warnings if lead >= cadence.period]
    if late:
        found.add(thing, f"warnings {', '.join(late)} are not shorter than the period")
    if len(cadence.warnings) > MOST_WARNINGS:
        found.add(thing, f"{len(cadence.warnings)} warnings; {MOST_WARNINGS} at most")
    return found


def _cadence(
    entry: Mapping[str, Any], thing: str, defaults: Defaults, problems: Problems, consumers: Consumers | None
) -> Cadence | None:
    found, before = defaults.cadence, len(problems)
    if consumers is not None and consumers.least_overlap > found.overlap:
        found = replace(found, overlap=consumers.least_overlap)
    found = replace(
        found,
        period=_get(entry, "period", found.period, thing, problems, times.parse_duration),
        overlap=_get(entry, "overlap", found.overlap, thing, problems, times.parse_duration),
        window=_get(entry, "window", found.window, thing, problems, Window.parse),
    )
    if entry.get("warnings") is not None:
        found = replace(found, warnings=_get(entry, "warnings", (), thing, problems, lead_times))
    else:
        found = replace(found, warnings=tuple(lead for lead in found.warnings if lead < found.period))
    if len(problems) == before:
        problems.extend(check_cadence(found, defaults.lag, thing, consumers))
        check_overlap(found.overlap, consumers, f"{thing}, overlap", problems)
    return found if len(problems) == before else None


def _get[T, D](
    entry: Mapping[str, Any], name: str, default: D, thing: str, problems: Problems, reader: Callable[[str], T]
) -> Any:  # noqa: ANN401 - the reader's type, or the default's
    if entry.get(name) is None:
        return default
    given = entry[name]
    if name in _LISTS and isinstance(given, list) and all(isinstance(one, str) for one in given):
        given = ",".join(given)
    value = problems.read(f"{thing}, {name}", given, reader)
    return default if value is None else value
