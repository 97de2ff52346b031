"""Read the app settings from the environment, once, into one frozen value.

They are read on first use and not at import: if an import fails, a function app has no functions and shows no reason.
All problems are reported together, each with the name of its setting. No setting holds one of our keys.
`AzureWebJobsStorage` may be a connection string with the storage account's key, so it never appears in a text form of
the settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from urllib.parse import urlsplit

from shared.domain import times
from shared.domain.acts import Limits
from shared.domain.errors import FixConfiguration
from shared.domain.model import AccountId, Cadence, Target
from shared.domain.rates import ARM_WRITES, SECRET_CREATIONS, Rates
from shared.domain.scopes import OperatorScopes
from shared.domain.window import Window
from shared.settings.audit_scope import AuditScope, audit_scope
from shared.settings.call_log import CallLog, read_call_log
from shared.settings.consumers import check_overlap, consumer_kinds, listed
from shared.settings.explicit_targets import read_targets
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
    rate,
    secret_templates,
    subscription_ids,
    topic_id,
    vault_url,
    vault_urls,
    yes_or_no,
)
from shared.settings.reading import read
from shared.settings.runbook import WITHOUT_KEYS, page_beside
from shared.settings.schedule import pause_within_a_minute
from shared.settings.storage import Storage, read_storage
from shared.settings.target_fields import Defaults, check_cadence

PUBLIC_CLOUD = "https://management.azure.com"
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
    "ROTATION_CONSUMERS",
    "ROTATION_WARNINGS",
    "ROTATION_NOTICE",
    "ROTATION_WINDOW",
    "ROTATION_LOOK_EVERY",
    "ROTATION_BRAKE",
    "ROTATION_ARM_WRITES",
    "ROTATION_SECRET_CREATIONS",
    "ROTATION_REQUESTS_PER_TARGET",
    "ROTATION_REQUESTS_IN_ALL",
    "ROTATION_TELEMETRY",
    "ROTATION_LOG_WORKSPACE_ID",
    "ROTATION_LOG_LOOK_BACK",
    "ROTATION_AUDIT_SCOPE",
    "ROTATION_CALLERS",
    "ROTATION_SIGN_IN",
    "ROTATION_OPERATOR_SCOPES",
    "ROTATION_ANNOUNCE_NEEDS_LISTENER",
    "ROTATION_RUNBOOK_URL",
    "EVENT_GRID_TOPIC_ENDPOINT",
    "EVENT_GRID_TOPIC_ID",
    "AZURE_CLIENT_ID",
    "AZURE_RESOURCE_MANAGER_ENDPOINT",
    "AZURE_LOG_ANALYTICS_ENDPOINT",
)


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
    runbook: ROTATION_RUNBOOK_URL. Where people read docs/runbook.md, so that pages can link to its entries, and events
        to the page beside it (`without_keys`). Default: none, and pages name the entries.
    client_id: AZURE_CLIENT_ID, the app's user-assigned identity. None for the system-assigned one.
    resource_manager: AZURE_RESOURCE_MANAGER_ENDPOINT. Default the public cloud's.
    storage: AzureWebJobsStorage, for leases and the record of failures.
    vaults: ROTATION_VAULTS. Further vaults that the tags of accounts may name.
    secrets: ROTATION_SECRETS. Templates of the names that the tags of accounts may give their secrets. Default: none,
        so that each secret has its default name.
    brake: ROTATION_BRAKE. How many accounts may fail in one tick before the other turns of that tick stop. Default 10.
    limits: ROTATION_REQUESTS_PER_TARGET, default 5, and ROTATION_REQUESTS_IN_ALL, default 60: how many rotations and
        leaks people may ask for in one hour. The first leak of a target is never refused.
    rates: ROTATION_ARM_WRITES, default 10 a second in each subscription, and ROTATION_SECRET_CREATIONS, default 30 a
        second in each vault: what the app counts on when it spreads scheduled turns. Lower where others use it up, too.
    telemetry: ROTATION_TELEMETRY. Default off.
    call_log: ROTATION_LOG_WORKSPACE_ID and what belongs to it. None: calls are not counted.
    audit_scope: ROTATION_AUDIT_SCOPE. Where audit and readiness look for accounts beside the subscriptions of the
        settings. Default: nowhere.
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
    rates: Rates = field(default_factory=Rates)
    telemetry: Sending = Sending.OFF
    call_log: CallLog | None = None
    sign_in: SignIn = SignIn.OPTIONAL
    operator_scopes: OperatorScopes = field(default_factory=OperatorScopes)
    pause: timedelta | None = None
    topic_id: str | None = None
    needs_listener: bool = False
    runbook: str | None = None
    proxy: Proxy = NO_PROXY
    audit_scope: AuditScope | None = None

    @property
    def remarks(self) -> tuple[str, ...]:
        """Sentences about the whole app that the status page shows: the mode is observe, no topic is set."""
        observing = "The mode is observe: nothing is changed, even if something is due."
        no_topic = (
            "No Event Grid topic is set: announcements are only logged, and no consumer is warned before a key ends."
        )
        return (*([observing] if self.mode is Mode.OBSERVE else []), *([] if self.topic else [no_topic]))

    @property
    def without_keys(self) -> str | None:
        """Where consumers read docs/without-keys.md: beside the runbook. None if that is not known."""
        return page_beside(self.runbook, WITHOUT_KEYS)

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
        mode=read(environment, "ROTATION_MODE", Mode.ROTATE, problems, one_of(Mode)),
        targets=read_targets(environment.get("ROTATION_TARGETS", ""), defaults, problems),
        subscriptions=read(environment, "ROTATION_SUBSCRIPTIONS", (), problems, subscription_ids),
        defaults=defaults,
        vaults=read(environment, "ROTATION_VAULTS", frozenset(), problems, vault_urls),
        secrets=read(environment, "ROTATION_SECRETS", (), problems, secret_templates),
        brake=read(environment, "ROTATION_BRAKE", 10, problems, count),
        limits=Limits(
            read(environment, "ROTATION_REQUESTS_PER_TARGET", Limits.per_target, problems, count),
            read(environment, "ROTATION_REQUESTS_IN_ALL", Limits.in_all, problems, count),
        ),
        rates=Rates(
            read(environment, "ROTATION_ARM_WRITES", ARM_WRITES, problems, rate(ARM_WRITES)),
            read(environment, "ROTATION_SECRET_CREATIONS", SECRET_CREATIONS, problems, rate(SECRET_CREATIONS)),
        ),
        telemetry=read_telemetry(environment, problems),
        call_log=read_call_log(environment, problems),
        audit_scope=read(environment, "ROTATION_AUDIT_SCOPE", None, problems, audit_scope),
        sign_in=read(environment, "ROTATION_SIGN_IN", SignIn.OPTIONAL, problems, one_of(SignIn)),
        operator_scopes=operator_scopes(environment, problems),
        look_every=read(environment, "ROTATION_LOOK_EVERY", timedelta(hours=1), problems, times.parse_duration),
        topic=read(environment, "EVENT_GRID_TOPIC_ENDPOINT", None, problems, https_url),
        topic_id=read(environment, "EVENT_GRID_TOPIC_ID", None, problems, topic_id),
        needs_listener=read(environment, "ROTATION_ANNOUNCE_NEEDS_LISTENER", False, problems, yes_or_no),
        runbook=read(environment, "ROTATION_RUNBOOK_URL", None, problems, https_url),
        client_id=environment.get("AZURE_CLIENT_ID", "").strip() or None,
        resource_manager=read(environment, "AZURE_RESOURCE_MANAGER_ENDPOINT", PUBLIC_CLOUD, problems, https_url),
        storage=read_storage(environment, problems),
        pause=read(environment, "ROTATION_SCHEDULE", None, problems, pause_within_a_minute),
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
    return Sending(read(environment, "ROTATION_TELEMETRY", Sending.OFF, problems, one_of(Sending)))


def _defaults(environment: Mapping[str, str], problems: Problems) -> Defaults:
    plain, before = Cadence(), len(problems)
    period = read(environment, "ROTATION_PERIOD", plain.period, problems, times.parse_duration)
    usual = tuple(lead for lead in plain.warnings if lead < period)
    cadence = Cadence(
        period=period,
        overlap=read(environment, "ROTATION_OVERLAP", plain.overlap, problems, times.parse_duration),
        warnings=read(environment, "ROTATION_WARNINGS", usual, problems, lead_times),
        notice=read(environment, "ROTATION_NOTICE", plain.notice, problems, times.parse_duration),
        window=read(environment, "ROTATION_WINDOW", None, problems, Window.parse),
    )
    lag = read(environment, "ROTATION_CONSUMER_LAG", Defaults.lag, problems, times.parse_duration)
    consumers = read(environment, "ROTATION_CONSUMERS", (), problems, consumer_kinds)
    if len(problems) == before:
        problems.extend(check_cadence(cadence, lag, "ROTATION_PERIOD, ROTATION_OVERLAP"))
        check_overlap(cadence.overlap, listed(consumers, lag), "ROTATION_OVERLAP, ROTATION_CONSUMERS", problems)
    vault = read(environment, "ROTATION_VAULT_URL", None, problems, vault_url)
    sealed_since = read(environment, "ROTATION_SEALED_SINCE", None, problems, past_time)
    app = read_storage(environment, Problems()).mark  # its problems are read with the setting itself
    return Defaults(vault, cadence, lag, sealed_since, app, consumers)


def _check_that_something_is_enrolled(settings: Settings, problems: Problems) -> None:
    """Add a problem if there is no target and no subscription, unless a problem with one of them explains it."""
    explained = any(problem.setting in ("ROTATION_TARGETS", "ROTATION_SUBSCRIPTIONS") for problem in problems)
    if not (explained or settings.targets or settings.subscriptions):
        what = "neither is set, so there is nothing to rotate"
        problems.add("ROTATION_TARGETS, ROTATION_SUBSCRIPTIONS", what)
