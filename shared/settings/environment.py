"""Read the app settings from the environment, once, into one frozen value.

They are read on first use and not at import: if an import fails, a function app has no functions and shows no reason.
All problems are reported together, each with the name of its setting. No setting holds one of our keys.
`AzureWebJobsStorage` may be a connection string with the storage account's key, so it never appears in a text form of
the settings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from shared.domain import times
from shared.domain.acts import Limits
from shared.domain.errors import FixConfiguration
from shared.domain.model import AccountId, Cadence, Target
from shared.domain.names import STORAGE
from shared.domain.scopes import OperatorScopes
from shared.domain.window import Window
from shared.settings.names import check_names
from shared.settings.operators import check_that_operators_are_known, operator_scopes
from shared.settings.problems import Problems
from shared.settings.proxy import NO_PROXY, Proxy, read_proxy
from shared.settings.readers import (
    count,
    https_url,
    lead_times,
    one_of,
    past_time,
    secret_templates,
    subscription_ids,
    topic_id,
    vault_url,
    vault_urls,
    workspace_id,
    yes_or_no,
)
from shared.settings.schedule import pause_within_a_minute
from shared.settings.target_fields import Claim, Defaults, check_cadence, claims, target_from_fields

PUBLIC_CLOUD = "https://management.azure.com"
PUBLIC_LOGS = "https://api.loganalytics.io"
NAMES = (
    "ROTATION_SCHEDULE",
    "ROTATION_MODE",
    "ROTATION_TARGETS",
    "ROTATION_SUBSCRIPTIONS",
    "ROTATION_VAULT_URL",
    "ROTATION_VAULTS",
    "ROTATION_SECRETS",
    "ROTATION_SEALED_SINCE",
    "ROTATION_PERIOD",
    "ROTATION_OVERLAP",
    "ROTATION_CONSUMER_LAG",
    "ROTATION_WARNINGS",
    "ROTATION_NOTICE",
    "ROTATION_WINDOW",
    "ROTATION_LOOK_EVERY",
    "ROTATION_BRAKE",
    "ROTATION_REQUESTS_PER_TARGET",
    "ROTATION_REQUESTS_IN_ALL",
    "ROTATION_TELEMETRY",
    "ROTATION_LOG_WORKSPACE_ID",
    "ROTATION_LOG_LOOK_BACK",
    "ROTATION_SIGN_IN",
    "ROTATION_OPERATOR_SCOPES",
    "ROTATION_ANNOUNCE_NEEDS_LISTENER",
    "EVENT_GRID_TOPIC_ENDPOINT",
    "EVENT_GRID_TOPIC_ID",
    "AZURE_CLIENT_ID",
    "AZURE_RESOURCE_MANAGER_ENDPOINT",
    "AZURE_LOG_ANALYTICS_ENDPOINT",
)
_CONNECTION = re.compile(r"(^|;)\s*(AccountName=|BlobEndpoint=https?://|UseDevelopmentStorage=true)", re.IGNORECASE)
_STORAGE_ACCOUNT = re.compile(r"^[a-z0-9]{3,24}$")


class Mode(StrEnum):
    """What the app does: rotate keys, or plan and change nothing."""

    ROTATE = "rotate"
    OBSERVE = "observe"


class Sending(StrEnum):
    """Where metrics and traces go: nowhere, or to an OpenTelemetry collector."""

    OFF = "off"
    OTLP = "otlp"


class SignIn(StrEnum):
    """Whether HTTP callers must sign in through App Service authentication, or may bring a function key."""

    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True)
class Storage:
    """The storage account of the function host, in one of the two forms that the host accepts.

    connection_string: The whole connection string. None in the identity form. It may hold a key and is left out of
        `repr`.
    blob_url: The address of the blob service in the identity form. None if there is a connection string.
    queue_url: The same of the queue service. None also if only the blob service's address is set.
    client_id: The user-assigned identity that opens the account in the identity form. None for the system-assigned one.
    """

    connection_string: str | None = field(default=None, repr=False)
    blob_url: str | None = None
    queue_url: str | None = None
    client_id: str | None = None


@dataclass(frozen=True)
class CallLog:
    """The Log Analytics workspace to which accounts log their calls.

    workspace: The id by which it is queried, a GUID.
    look_back: How far back calls are counted. Default 7 days.
    endpoint: The query service. Default the public cloud's.
    """

    workspace: str
    look_back: timedelta = timedelta(days=7)
    endpoint: str = PUBLIC_LOGS


@dataclass(frozen=True)
class Settings:
    """All settings, checked together.

    mode: ROTATION_MODE. Default rotate.
    targets: ROTATION_TARGETS. No two of them share a name, an account or a secret.
    subscriptions: ROTATION_SUBSCRIPTIONS, in lower case. Their tagged accounts are enrolled.
    defaults: Values for targets that do not set their own.
    look_every: ROTATION_LOOK_EVERY. How often each target gets a turn although the listings show nothing to do. Only a
        turn sees that the live key was regenerated from outside. Default 1 hour.
    topic: EVENT_GRID_TOPIC_ENDPOINT. None: announcements are only logged, and P3 is off.
    topic_id: EVENT_GRID_TOPIC_ID, the resource id of that topic. None: it is not known who listens to it.
    needs_listener: ROTATION_ANNOUNCE_NEEDS_LISTENER. Whether keys end on schedule only if somebody is known to listen
        to their announcements. Default false.
    client_id: AZURE_CLIENT_ID, the app's user-assigned identity. None for the system-assigned one.
    resource_manager: AZURE_RESOURCE_MANAGER_ENDPOINT. Default the public cloud's.
    storage: AzureWebJobsStorage, for leases and the record of failures.
    vaults: ROTATION_VAULTS. Further vaults that the tags of accounts may name.
    secrets: ROTATION_SECRETS. Templates of the names that the tags of accounts may give their secrets. Default: none,
        so that each secret has its default name.
    brake: ROTATION_BRAKE. How many accounts may fail in one tick before the other turns of that tick stop. Default 10.
    limits: ROTATION_REQUESTS_PER_TARGET, default 5, and ROTATION_REQUESTS_IN_ALL, default 60: how many rotations and
        leaks people may ask for in one hour. The first leak of a target is never refused.
    telemetry: ROTATION_TELEMETRY. Default off.
    call_log: ROTATION_LOG_WORKSPACE_ID and what belongs to it. None: calls with a key are not counted.
    sign_in: ROTATION_SIGN_IN. Default optional: App Service authentication if it is on, function keys otherwise.
        Required: without App Service authentication every HTTP request is refused.
    operator_scopes: ROTATION_OPERATOR_SCOPES. The operators who may act on some accounts only. Default: nobody is
        limited. Ids need `sign_in` to be required, because a function key does not say who acts.
    pause: ROTATION_SCHEDULE, if it is due more than once in every minute: the longest pause between two ticks. None for
        any other schedule, whose last run the function host notes.
    proxy: HTTPS_PROXY and NO_PROXY, the proxy that calls go through. Default: none.
    """

    mode: Mode
    targets: tuple[Target, ...]
    subscriptions: tuple[str, ...]
    defaults: Defaults
    look_every: timedelta
    topic: str | None
    client_id: str | None
    resource_manager: str
    storage: Storage
    vaults: frozenset[str] = frozenset()
    secrets: tuple[str, ...] = ()
    brake: int = 10
    limits: Limits = field(default_factory=Limits)
    telemetry: Sending = Sending.OFF
    call_log: CallLog | None = None
    sign_in: SignIn = SignIn.OPTIONAL
    operator_scopes: OperatorScopes = field(default_factory=OperatorScopes)
    pause: timedelta | None = None
    topic_id: str | None = None
    needs_listener: bool = False
    proxy: Proxy = NO_PROXY

    @property
    def remarks(self) -> tuple[str, ...]:
        """Sentences about the whole app that the status page shows: the mode is observe, no topic is set."""
        observing = "The mode is observe: nothing is changed, even if something is due."
        no_topic = (
            "No Event Grid topic is set: announcements are only logged, and no consumer is warned before a key ends."
        )
        return (*([observing] if self.mode is Mode.OBSERVE else []), *([] if self.topic else [no_topic]))

    def trusts(self, vault: str) -> bool:
        """Return whether a tag may name this vault.

        People who can tag an account must not choose where its key goes.
        """
        known = {self.defaults.vault_url, *self.vaults, *(target.vault_url for target in self.targets)}
        return vault.casefold() in {one.casefold() for one in known if one}

    def vault_called(self, name: str) -> str | None:
        """Return the address of the vault of that name, in lower case, among those that a tag may name. None if there
        is none."""
        known = {self.defaults.vault_url, *self.vaults, *(target.vault_url for target in self.targets)}
        hosts = {(urlsplit(one).hostname or "").partition(".")[0].casefold(): one for one in known if one}
        return hosts.get(name)

    def explicit_target(self, account: AccountId) -> Target | None:
        """Return the target of ROTATION_TARGETS that has this account. None if there is none."""
        return self._by_account.get(str(account).casefold())

    @cached_property
    def _by_account(self) -> dict[str, Target]:
        return {str(target.account).casefold(): target for target in self.targets}


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings. Raises FixConfiguration that lists every problem with the setting's name."""
    problems = Problems()
    defaults = _defaults(environment, problems)
    settings = Settings(
        mode=_read(environment, "ROTATION_MODE", Mode.ROTATE, problems, one_of(Mode)),
        targets=_targets(environment.get("ROTATION_TARGETS", ""), defaults, problems),
        subscriptions=_read(environment, "ROTATION_SUBSCRIPTIONS", (), problems, subscription_ids),
        defaults=defaults,
        vaults=_read(environment, "ROTATION_VAULTS", frozenset(), problems, vault_urls),
        secrets=_read(environment, "ROTATION_SECRETS", (), problems, secret_templates),
        brake=_read(environment, "ROTATION_BRAKE", 10, problems, count),
        limits=Limits(
            _read(environment, "ROTATION_REQUESTS_PER_TARGET", Limits.per_target, problems, count),
            _read(environment, "ROTATION_REQUESTS_IN_ALL", Limits.in_all, problems, count),
        ),
        telemetry=read_telemetry(environment, problems),
        call_log=_call_log(environment, problems),
        sign_in=_read(environment, "ROTATION_SIGN_IN", SignIn.OPTIONAL, problems, one_of(SignIn)),
        operator_scopes=operator_scopes(environment, problems),
        look_every=_read(environment, "ROTATION_LOOK_EVERY", timedelta(hours=1), problems, times.parse_duration),
        topic=_read(environment, "EVENT_GRID_TOPIC_ENDPOINT", None, problems, https_url),
        topic_id=_read(environment, "EVENT_GRID_TOPIC_ID", None, problems, topic_id),
        needs_listener=_read(environment, "ROTATION_ANNOUNCE_NEEDS_LISTENER", False, problems, yes_or_no),
        client_id=environment.get("AZURE_CLIENT_ID", "").strip() or None,
        resource_manager=_read(environment, "AZURE_RESOURCE_MANAGER_ENDPOINT", PUBLIC_CLOUD, problems, https_url),
        storage=_storage(environment, problems),
        pause=_read(environment, "ROTATION_SCHEDULE", None, problems, pause_within_a_minute),
        proxy=read_proxy(environment, problems),
    )
    _check_that_something_is_enrolled(settings, problems)
    check_that_operators_are_known(settings.operator_scopes, problems, sign_in=settings.sign_in is SignIn.REQUIRED)
    check_names(environment, NAMES, problems)
    if problems:
        raise FixConfiguration.of_settings(
            FixConfiguration(one.thing, f"{one.what}.", one.step or "correct it") for one in problems
        )
    return settings


def read_telemetry(environment: Mapping[str, str], problems: Problems) -> Sending:
    """Return ROTATION_TELEMETRY alone, so that invalid other settings can still be reported by telemetry."""
    return Sending(_read(environment, "ROTATION_TELEMETRY", Sending.OFF, problems, one_of(Sending)))


def _defaults(environment: Mapping[str, str], problems: Problems) -> Defaults:
    plain, before = Cadence(), len(problems)
    period = _read(environment, "ROTATION_PERIOD", plain.period, problems, times.parse_duration)
    usual = tuple(lead for lead in plain.warnings if lead < period)
    cadence = Cadence(
        period=period,
        overlap=_read(environment, "ROTATION_OVERLAP", plain.overlap, problems, times.parse_duration),
        warnings=_read(environment, "ROTATION_WARNINGS", usual, problems, lead_times),
        notice=_read(environment, "ROTATION_NOTICE", plain.notice, problems, times.parse_duration),
        window=_read(environment, "ROTATION_WINDOW", None, problems, Window.parse),
    )
    lag = _read(environment, "ROTATION_CONSUMER_LAG", Defaults.lag, problems, times.parse_duration)
    if len(problems) == before:
        problems.extend(check_cadence(cadence, lag, "ROTATION_PERIOD, ROTATION_OVERLAP"))
    vault = _read(environment, "ROTATION_VAULT_URL", None, problems, vault_url)
    return Defaults(vault, cadence, lag, _read(environment, "ROTATION_SEALED_SINCE", None, problems, past_time))


def _targets(text: str, defaults: Defaults, problems: Problems) -> tuple[Target, ...]:
    if not text.strip():
        return ()
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError) as problem:
        problems.add("ROTATION_TARGETS", f"is not JSON ({problem})")
        return ()
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        problems.add("ROTATION_TARGETS", "is not a JSON array of objects")
        return ()
    targets = [
        target_from_fields(entry, f"ROTATION_TARGETS[{n}]", defaults, problems) for n, entry in enumerate(entries)
    ]
    found = tuple(target for target in targets if target is not None)
    _check_claims(found, problems)
    return found


def _check_claims(targets: tuple[Target, ...], problems: Problems) -> None:
    """Add a problem for each name, account or secret that two targets have: all names, then accounts, then secrets."""
    taken: set[Claim] = set()
    for of_one_kind in zip(*map(claims, targets), strict=True):
        for claim in of_one_kind:
            if claim in taken:
                problems.add("ROTATION_TARGETS", f"two targets have the {claim.kind} {claim.text}")
            taken.add(claim)


def _storage(environment: Mapping[str, str], problems: Problems) -> Storage:
    """Read `AzureWebJobsStorage`, or its form with `__accountName` or `__blobServiceUri` (docs/facts.md, Storage)."""
    text = environment.get(STORAGE)
    account, url = environment.get(f"{STORAGE}__accountName"), environment.get(f"{STORAGE}__blobServiceUri")
    queue = environment.get(f"{STORAGE}__queueServiceUri")
    if text:
        if not _CONNECTION.search(text):
            problems.add(STORAGE, "is not a connection string")
        return Storage(connection_string=text)
    if url:
        url = problems.read(f"{STORAGE}__blobServiceUri", url, https_url)
    if queue:
        queue = problems.read(f"{STORAGE}__queueServiceUri", queue, https_url)
    if account and not _STORAGE_ACCOUNT.match(account):
        problems.add(f"{STORAGE}__accountName", f"{account!r} is not a storage account's name")
    if not (account or url):
        problems.add(STORAGE, f"is not set, nor {STORAGE}__accountName: leases need the host's storage account")
    return Storage(
        blob_url=url or f"https://{account}.blob.core.windows.net",
        queue_url=queue or (f"https://{account}.queue.core.windows.net" if account else None),
        client_id=environment.get(f"{STORAGE}__clientId") or environment.get("AZURE_CLIENT_ID") or None,
    )


def _call_log(environment: Mapping[str, str], problems: Problems) -> CallLog | None:
    workspace = _read(environment, "ROTATION_LOG_WORKSPACE_ID", None, problems, workspace_id)
    look_back = _read(environment, "ROTATION_LOG_LOOK_BACK", CallLog.look_back, problems, times.parse_duration)
    endpoint = _read(environment, "AZURE_LOG_ANALYTICS_ENDPOINT", PUBLIC_LOGS, problems, https_url)
    return CallLog(workspace, look_back, endpoint) if workspace else None


def _check_that_something_is_enrolled(settings: Settings, problems: Problems) -> None:
    """Add a problem if there is no target and no subscription, unless a problem with one of them explains it."""
    explained = any(problem.setting in ("ROTATION_TARGETS", "ROTATION_SUBSCRIPTIONS") for problem in problems)
    if not (explained or settings.targets or settings.subscriptions):
        what = "neither is set, so there is nothing to rotate"
        problems.add("ROTATION_TARGETS, ROTATION_SUBSCRIPTIONS", what)


def _read[T, D](
    environment: Mapping[str, str], name: str, default: D, problems: Problems, reader: Callable[[str], T]
) -> Any:  # noqa: ANN401 - the reader's type, or the default's
    text = environment.get(name, "")
    if not text.strip():
        return default
    value = problems.read(name, text, reader)
    return default if value is None else value
