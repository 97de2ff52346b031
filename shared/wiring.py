"""Makes a ready `Rotation` of the settings: the only place that chooses the real parts.

Importing this module imports nothing of Azure; the first trigger that needs Azure does. A process has one credential,
one pool of connections and one client for each service, all used from the worker's one event loop.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.storage.blob.aio import BlobServiceClient

    from shared.adapters.azure_reads import AzureReads
    from shared.adapters.blob_leases import BlobLeases
    from shared.adapters.connections import Connections
    from shared.adapters.key_policies import KeyPolicies
    from shared.adapters.openai_accounts import OpenAIAccounts
    from shared.copies.looks import CopyLooks
    from shared.copies.ports import KeyHolders
    from shared.doctor.ports import Examiner
    from shared.domain.errors import FixConfiguration
    from shared.fleet.rotation import Rotation
    from shared.ports import CallLogs, Listeners, Outside, Refusals, TrialChecks
    from shared.readers.ports import Rights
    from shared.readiness.ports import ReadOnly
    from shared.settings.call_log import CallLog
    from shared.settings.environment import Settings
    from shared.telemetry import Telemetry

from shared.domain.names import LOGGER

log = logging.getLogger(LOGGER)
# Loggers that write a record at INFO for every call. The worker would send each of them to the host.
_TALKATIVE = ("azure", "msal", "aiohttp.access")


class _Process:
    """What this process has opened.

    rotation: The process's `Rotation`. None before its first use.
    made: The parts that belong to it. None before its first use.
    loop: The event loop that the `Rotation` belongs to. Another loop, such as another test's, opens its own.
    telemetry: The process's telemetry. None before its first use.
    """

    rotation: Rotation | None = None
    made: _Made | None = None
    loop: asyncio.AbstractEventLoop | None = None
    telemetry: Telemetry | None = None


def telemetry() -> Telemetry:
    """Return this process's telemetry, chosen on first use. It works with invalid settings, too, and reports them."""
    if _Process.telemetry is None:
        _Process.telemetry = choose_telemetry(os.environ)
    return _Process.telemetry


def choose_telemetry(environment: Mapping[str, str]) -> Telemetry:
    """Return the telemetry that the environment names. OpenTelemetry is imported only if it is named."""
    from shared.settings.environment import Sending, read_telemetry
    from shared.settings.problems import Problems
    from shared.telemetry import Off

    if read_telemetry(environment, Problems()) is Sending.OFF:
        return Off()
    try:
        from shared.adapters.otel import OpenTelemetry

        return OpenTelemetry(environment)
    except Exception as error:  # noqa: BLE001 - keys are rotated without it
        log.error("telemetry: could not be set up (%s); nothing is sent", type(error).__name__)  # noqa: TRY400
        return Off()


async def rotation() -> Rotation:
    """Return this process's `Rotation`, made on first use. Raises FixConfiguration with all problems found."""
    loop = asyncio.get_running_loop()
    if _Process.rotation is None or _Process.loop is not loop:
        _Process.made = _make(os.environ)
        _Process.rotation, _Process.loop = _Process.made.rotation, loop
    return _Process.rotation


async def read_only() -> ReadOnly:
    """Return what readiness sees beyond the targets, through this process's clients. Raises FixConfiguration."""
    app = await rotation()
    if _Process.made is None or _Process.made.rotation is not app:
        raise LookupError("this process has no parts of its own to read with")
    return _Process.made.read_only


async def copy_looks() -> CopyLooks:
    """Return the looks of this process for copies of keys, through its clients. Raises FixConfiguration."""
    app = await rotation()
    if _Process.made is None or _Process.made.rotation is not app:
        raise LookupError("this process has no parts of its own to read with")
    return _Process.made.copy_looks


async def rights() -> Rights:
    """Return who has which right around accounts and vaults, through this process's clients. It has seen nothing yet,
    so each request takes a new one. Raises FixConfiguration."""
    app = await rotation()
    if _Process.made is None or _Process.made.rotation is not app:
        raise LookupError("this process has no parts of its own to read with")
    return _Process.made.rights()


def invalid_settings() -> FixConfiguration | None:
    """Return why this process's settings are invalid; None if they are valid. Nothing of Azure is imported."""
    from shared.domain.errors import FixConfiguration
    from shared.settings.environment import read_settings

    if _Process.rotation is not None:
        return None
    try:
        read_settings(os.environ)
    except FixConfiguration as error:
        return error
    return None


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Give the calls of the block that many seconds together: no client sleeps or waits for an answer after that."""
    from shared.adapters.waits import time_limit as limit

    with limit(seconds):
        yield


def time_for(app: Rotation | None) -> datetime:
    """Return the time by the clock of this `Rotation`; by the machine's clock if invalid settings left none."""
    from shared.adapters.clock import RealClock

    return app.outside.clock.now() if app else RealClock().now()


@dataclass(frozen=True)
class Opened:
    """The real parts, with those that only the command line needs.

    rotation: The `Rotation` over the real parts.
    read_only: What audit and readiness see beyond the targets.
    examiner: Examines the deployment for the doctor.
    workspaces: The logs of calls in one workspace each, by the workspace's id. Empty if none is configured.
    rights: Returns what shows who has which right around an account and its vault. It uses again what it saw, so each
        question takes a new one.
    key_holders: The resources in which copies of keys can lie.
    copy_looks: The looks into them.
    key_policies: What policies of Azure do to accounts whose keys are to be on.
    """

    rotation: Rotation
    read_only: ReadOnly
    examiner: Examiner
    workspaces: Mapping[str, CallLogs]
    rights: Callable[[], Rights]
    key_holders: KeyHolders
    copy_looks: CopyLooks
    key_policies: KeyPolicies


@asynccontextmanager
async def opened(environment: Mapping[str, str]) -> AsyncIterator[Opened]:
    """Open the real parts for a program that ends, and close them afterwards. Raises FixConfiguration."""
    from shared.adapters.examination import AzureExaminer
    from shared.adapters.identity import is_managed

    made = _make(environment)
    examiner = AzureExaminer(
        made.credential,
        made.storage_credential,
        made.rotation.settings.resource_manager,
        made.connections,
        managed=is_managed(environment),
    )
    try:
        yield Opened(
            made.rotation,
            made.read_only,
            examiner,
            made.workspaces(),
            made.rights,
            made.key_holders,
            made.copy_looks,
            made.key_policies,
        )
    finally:
        await made.close()


def build(environment: Mapping[str, str]) -> Rotation:
    """Return a `Rotation` over the real parts. Must be called inside the event loop that will use it."""
    return _make(environment).rotation


@dataclass(frozen=True)
class _Made:
    rotation: Rotation
    accounts: OpenAIAccounts
    credential: AsyncTokenCredential
    storage_credential: AsyncTokenCredential
    connections: Connections
    emulated_search: str  # search services have hosts of their own, which an emulated Azure on this machine cannot have

    @cached_property
    def read_only(self) -> ReadOnly:
        """What audit and readiness see beyond the targets, made once, so that answers given just now are known. Nothing
        is asked before they use it."""
        from shared.adapters.log_settings import DiagnosticSettings
        from shared.adapters.resource_graph import ResourceGraph
        from shared.readiness.ports import ReadOnly
        from shared.readiness.sight import AccountsInSight

        graph = ResourceGraph(self.reads)
        sight = AccountsInSight(self.accounts, graph, self.rotation.settings)
        return ReadOnly(sight, DiagnosticSettings(self.reads), graph)

    def rights(self) -> Rights:
        """Return what shows who has which right, which has seen nothing yet. Nothing is asked before it is used."""
        from shared.adapters.examination import principal_of
        from shared.adapters.rights import AzureRights

        manager = self.rotation.settings.resource_manager
        return AzureRights(self.reads, own=partial(principal_of, self.credential, manager))

    @cached_property
    def reads(self) -> AzureReads:
        """What reads Azure: one for all, because the quota of Resource Graph is counted for the whole identity."""
        from shared.adapters.azure_reads import AzureReads

        return AzureReads(self.credential, self.rotation.settings.resource_manager, self.connections)

    @cached_property
    def key_holders(self) -> KeyHolders:
        """The resources in which copies of keys can lie. Nothing is asked before they are used."""
        from shared.adapters.copies import AzureKeyHolders
        from shared.adapters.search_reads import SearchReads

        manager = self.rotation.settings.resource_manager
        search = SearchReads(self.credential, manager, self.connections, self.emulated_search)
        return AzureKeyHolders(self.reads, search)

    @cached_property
    def copy_looks(self) -> CopyLooks:
        """The looks into them, made once, so that there is one at a time."""
        from shared.copies.looks import CopyLooks

        return CopyLooks(self.key_holders)

    def refusals(self) -> Refusals:
        """Return what counts refused calls. Nothing is asked before it is used."""
        from shared.adapters.account_refusals import AccountRefusals

        return AccountRefusals(self.reads)

    @property
    def key_policies(self) -> KeyPolicies:
        """What policies of Azure do to accounts whose keys are to be on. Nothing is asked before it is used."""
        from shared.adapters.key_policies import KeyPolicies

        return KeyPolicies(self.reads, self.rotation.outside.clock)

    def trial_checks(self) -> TrialChecks:
        """Return what looks for what speaks against a trial. Nothing is asked before it is used."""
        from shared.adapters.trial_checks import AzureTrialChecks

        outside, scope = self.rotation.outside, self.rotation.settings.audit_scope
        groups = scope.groups if scope else ()
        return AzureTrialChecks(self.key_policies, outside.accounts, self.copy_looks, outside.clock, groups)

    def workspaces(self) -> dict[str, CallLogs]:
        """Return the logs of calls in each workspace by itself. Nothing is asked before they are used."""
        found = self.rotation.settings.call_log
        alone = {one: replace(found, workspaces=(one,)) for one in found.workspaces} if found else {}
        made = {one: _logs(log, self.credential, self.connections) for one, log in alone.items()}
        return {one: logs for one, logs in made.items() if logs is not None}

    async def close(self) -> None:
        await self.connections.close()
        for credential in {id(one): one for one in (self.credential, self.storage_credential)}.values():
            await credential.close()


def _logs(found: CallLog | None, credential: AsyncTokenCredential, connections: Connections) -> CallLogs | None:
    """Return the client for the call log; None if no log workspace is configured. Then its code is not imported."""
    if found is None:
        return None
    from shared.adapters.log_analytics import LogAnalytics

    return LogAnalytics(credential, found, connections)


def _listeners(settings: Settings, credential: AsyncTokenCredential, connections: Connections) -> Listeners | None:
    """Return what asks who listens to the topic; None if no topic is set, and ends need no listener.

    Without the topic's resource id nobody is asked, and it says that it does not know.
    """
    if settings.topic is None and not settings.needs_listener:
        return None
    from shared.turns.listening import AskedHourly, Unknown

    if settings.topic is None or settings.topic_id is None:
        missing = "EVENT_GRID_TOPIC_ENDPOINT" if settings.topic is None else "EVENT_GRID_TOPIC_ID"
        return Unknown(f"{missing} is not set.", f"set {missing}")
    from shared.adapters.event_subscriptions import EventSubscriptions

    asked = EventSubscriptions(credential, settings.resource_manager, settings.topic_id, connections)
    return AskedHourly(asked)


def _make(environment: Mapping[str, str]) -> _Made:
    from shared.adapters.blob_leases import BlobLeases
    from shared.adapters.connections import Connections
    from shared.adapters.identity import open_credential
    from shared.adapters.openai_accounts import OpenAIAccounts
    from shared.fleet.rotation import Rotation
    from shared.settings.environment import read_settings

    settings = read_settings(environment)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    connections = Connections(settings.proxy)
    credential = open_credential(settings.client_id, environment, connections)
    storage = credential
    if settings.storage.client_id not in (None, settings.client_id):
        storage = open_credential(settings.storage.client_id, environment, connections)
    accounts = OpenAIAccounts(credential, settings.resource_manager, connections)
    leases = BlobLeases(settings.storage, storage, connections)
    outside = _outside(settings, accounts, leases, credential, storage, connections)
    outside = _with_surveys(outside, leases.service, settings)
    search = environment.get("EMULATED_SEARCH_ENDPOINT", "")
    made = _Made(Rotation(settings, outside), accounts, credential, storage, connections, search)
    _with_trials(made)
    return made


def _outside(
    settings: Settings,
    accounts: OpenAIAccounts,
    leases: BlobLeases,
    credential: AsyncTokenCredential,
    storage: AsyncTokenCredential,
    connections: Connections,
) -> Outside:
    """Return everything outside that turns and ticks need, but what belongs to the surveys of readiness."""
    from shared.adapters.blob_failures import BlobFailures
    from shared.adapters.blob_notes import BlobNotes
    from shared.adapters.blob_throttles import BlobThrottles
    from shared.adapters.blob_view import BlobView
    from shared.adapters.clock import RealClock
    from shared.adapters.event_grid import EventGrid, LogOnly
    from shared.adapters.key_vault import KeyVault
    from shared.adapters.later_turns import StorageQueue
    from shared.adapters.openai_endpoint import OpenAIEndpoint
    from shared.at_once import AtOnce
    from shared.ports import Outside

    listeners = _listeners(settings, credential, connections)
    page = settings.without_keys
    return Outside(
        accounts=accounts,
        endpoint=OpenAIEndpoint(connections, settings.resource_manager),
        vault=KeyVault(credential, connections),
        clock=RealClock(),
        announcer=EventGrid(credential, settings.topic, connections, page) if settings.topic else LogOnly(page),
        leases=leases,
        notes=BlobNotes(leases.service),
        logs=_logs(settings.call_log, credential, connections),
        failures=BlobFailures(leases.service),
        listeners=listeners,
        ends_need=listeners if settings.needs_listener else None,
        throttles=BlobThrottles(leases.service),
        later=StorageQueue(settings.storage, storage, connections),
        together=AtOnce(),
        views=BlobView(leases.service),
    )


def _with_trials(made: _Made) -> None:
    """Give the rotation the two ports of trials. Their code is imported when a turn needs them."""
    from shared.adapters.on_use import RefusalsOnUse, TrialChecksOnUse

    checks, refusals = TrialChecksOnUse(made.trial_checks), RefusalsOnUse(made.refusals)
    made.rotation.outside = replace(made.rotation.outside, refusals=refusals, trial_checks=checks)


def _with_surveys(outside: Outside, storage: BlobServiceClient, settings: Settings) -> Outside:
    """Return the outside with the places for surveys of readiness, where a setting asks for these."""
    if settings.call_log is None and settings.audit_scope is None:
        return outside
    from shared.adapters.blob_view import READINESS, WEEKS, BlobView
    from shared.readiness.surveyed import SurveyedReadiness

    surveys, weeks = BlobView(storage, READINESS), BlobView(storage, WEEKS)
    return replace(outside, surveys=surveys, weeks=weeks, readiness=SurveyedReadiness(surveys))
