"""The environment, read in one place into one frozen value.

Read on first use, not at import: an import that fails leaves a function app with no functions and no
explanation. Everything wrong is reported at once, each line naming its setting. No setting holds a key of ours;
`AzureWebJobsStorage` may be a connection string and is kept out of every text form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from shared.domain import times
from shared.domain.errors import FixConfiguration
from shared.domain.model import Cadence, Target
from shared.domain.names import STORAGE
from shared.domain.window import Window
from shared.settings.target_fields import (
    Defaults,
    Problems,
    check_cadence,
    one_of,
    read_target,
    vault_url,
    warnings_from,
)

PUBLIC_CLOUD = "https://management.azure.com"
PUBLIC_LOGS = "https://api.loganalytics.io"
NAMES = (
    "ROTATION_SCHEDULE",
    "ROTATION_MODE",
    "ROTATION_TARGETS",
    "ROTATION_SUBSCRIPTIONS",
    "ROTATION_VAULT_URL",
    "ROTATION_VAULTS",
    "ROTATION_PERIOD",
    "ROTATION_OVERLAP",
    "ROTATION_CONSUMER_LAG",
    "ROTATION_WARNINGS",
    "ROTATION_NOTICE",
    "ROTATION_WINDOW",
    "ROTATION_LOOK_EVERY",
    "ROTATION_BRAKE",
    "ROTATION_TELEMETRY",
    "ROTATION_LOG_WORKSPACE_ID",
    "ROTATION_LOG_LOOK_BACK",
    "EVENT_GRID_TOPIC_ENDPOINT",
    "AZURE_CLIENT_ID",
    "AZURE_RESOURCE_MANAGER_ENDPOINT",
    "AZURE_LOG_ANALYTICS_ENDPOINT",
)
_GUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", re.IGNORECASE)
_CONNECTION = re.compile(r"(^|;)\s*(AccountName=|BlobEndpoint=https?://|UseDevelopmentStorage=true)", re.IGNORECASE)
_STORAGE_ACCOUNT = re.compile(r"^[a-z0-9]{3,24}$")
_HTTPS = re.compile(r"^https://[A-Za-z0-9.-]+(:\d+)?(/[\w./-]*)?$")


class Mode(StrEnum):
    ROTATE = "rotate"
    OBSERVE = "observe"


class Sending(StrEnum):
    OFF = "off"
    OTLP = "otlp"


@dataclass(frozen=True)
class Storage:
    """The host's own storage account, in one of the two forms the host takes."""

    connection_string: str | None = field(default=None, repr=False)
    blob_url: str | None = None
    client_id: str | None = None


@dataclass(frozen=True)
class CallLog:
    """Where calls of accounts are logged, by the workspace's id, and how far back they are counted."""

    workspace: str
    look_back: timedelta = timedelta(days=7)
    endpoint: str = PUBLIC_LOGS


@dataclass(frozen=True)
class Settings:
    """All settings, checked together."""

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
    brake: int = 10
    telemetry: Sending = Sending.OFF
    call_log: CallLog | None = None

    @property
    def remarks(self) -> tuple[str, ...]:
        """What holds for every target and should be known to whoever looks at one."""
        observing = "The mode is observe: nothing is changed, whatever is due."
        untold = "No topic is set: announcements stand in the log only, and nobody is warned before a key ends."
        return (*([observing] if self.mode is Mode.OBSERVE else []), *([] if self.topic else [untold]))

    def trusts(self, vault: str) -> bool:
        """Whether a tag may name this vault. People who can tag an account must not choose where its key goes."""
        known = {self.defaults.vault_url, *self.vaults, *(target.vault_url for target in self.targets)}
        return vault.casefold() in {one.casefold() for one in known if one}


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Raises FixConfiguration listing every problem, by the setting's name."""
    problems = Problems()
    defaults = _defaults(environment, problems)
    settings = Settings(
        mode=_read(environment, "ROTATION_MODE", Mode.ROTATE, problems, one_of(Mode)),
        targets=_targets(environment.get("ROTATION_TARGETS", ""), defaults, problems),
        subscriptions=_read(environment, "ROTATION_SUBSCRIPTIONS", (), problems, _subscriptions),
        defaults=defaults,
        vaults=_read(environment, "ROTATION_VAULTS", frozenset(), problems, _vaults),
        brake=_read(environment, "ROTATION_BRAKE", 10, problems, _count),
        telemetry=read_telemetry(environment, problems),
        call_log=_call_log(environment, problems),
        look_every=_read(environment, "ROTATION_LOOK_EVERY", timedelta(hours=1), problems, times.parse_duration),
        topic=_read(environment, "EVENT_GRID_TOPIC_ENDPOINT", None, problems, _address),
        client_id=environment.get("AZURE_CLIENT_ID", "").strip() or None,
        resource_manager=_read(environment, "AZURE_RESOURCE_MANAGER_ENDPOINT", PUBLIC_CLOUD, problems, _address),
        storage=_storage(environment, problems),
    )
    problems.extend(_nobody_enrolled(settings, problems))
    problems.extend(_misspelt(environment))
    if problems:
        raise FixConfiguration("settings", "; ".join(problems) + ".", "correct the settings named and restart the app")
    return settings


def read_telemetry(environment: Mapping[str, str], problems: Problems) -> Sending:
    return Sending(_read(environment, "ROTATION_TELEMETRY", Sending.OFF, problems, one_of(Sending)))


def _defaults(environment: Mapping[str, str], problems: Problems) -> Defaults:
    plain, before = Cadence(), len(problems)
    period = _read(environment, "ROTATION_PERIOD", plain.period, problems, times.parse_duration)
    usual = tuple(lead for lead in plain.warnings if lead < period)
    cadence = Cadence(
        period=period,
        overlap=_read(environment, "ROTATION_OVERLAP", plain.overlap, problems, times.parse_duration),
        warnings=_read(environment, "ROTATION_WARNINGS", usual, problems, warnings_from),
        notice=_read(environment, "ROTATION_NOTICE", plain.notice, problems, times.parse_duration),
        window=_read(environment, "ROTATION_WINDOW", None, problems, Window.parse),
    )
    lag = _read(environment, "ROTATION_CONSUMER_LAG", timedelta(hours=24), problems, times.parse_duration)
    if len(problems) == before:
        problems.extend(check_cadence(cadence, lag, "ROTATION_PERIOD, ROTATION_OVERLAP"))
    return Defaults(_read(environment, "ROTATION_VAULT_URL", None, problems, vault_url), cadence, lag)


def _targets(text: str, defaults: Defaults, problems: Problems) -> tuple[Target, ...]:
    if not text.strip():
        return ()
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError) as problem:
        problems.append(f"ROTATION_TARGETS: is not JSON ({problem})")
        return ()
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        problems.append("ROTATION_TARGETS: is not a JSON array of objects")
        return ()
    targets = [read_target(entry, f"ROTATION_TARGETS[{n}]", defaults, problems) for n, entry in enumerate(entries)]
    found = tuple(target for target in targets if target is not None)
    problems.extend(f"ROTATION_TARGETS: {clash}" for clash in clashes(found))
    return found


def clashes(targets: tuple[Target, ...]) -> list[str]:
    """What two targets must not share: a name, an account (two rotators would destroy each other's keys), a secret."""
    found: list[str] = []
    for what, of in (
        ("the name", lambda target: target.name),
        ("the account", lambda target: str(target.account)),
        ("the secret", lambda target: target.secret_url),
    ):
        seen: dict[str, str] = {}
        for target in targets:
            text: str = of(target)
            if text.casefold() in seen:
                found.append(f"two targets have {what} {text}")
            seen[text.casefold()] = target.name
    return found


def _storage(environment: Mapping[str, str], problems: Problems) -> Storage:
    """`AzureWebJobsStorage` as a connection string, or its identity form with `__accountName` or `__blobServiceUri`."""
    text = environment.get(STORAGE)
    account, url = environment.get(f"{STORAGE}__accountName"), environment.get(f"{STORAGE}__blobServiceUri")
    if text:
        if not _CONNECTION.search(text):
            problems.append(f"{STORAGE}: is not a connection string")
        return Storage(connection_string=text)
    if url:
        url = problems.read(f"{STORAGE}__blobServiceUri", url, _address)
    if account and not _STORAGE_ACCOUNT.match(account):
        problems.append(f"{STORAGE}__accountName: {account!r} is not a storage account's name")
    if not (account or url):
        problems.append(f"{STORAGE}: is not set, nor {STORAGE}__accountName: leases need the host's storage account")
    return Storage(
        blob_url=url or f"https://{account}.blob.core.windows.net",
        client_id=environment.get(f"{STORAGE}__clientId") or environment.get("AZURE_CLIENT_ID") or None,
    )


def _call_log(environment: Mapping[str, str], problems: Problems) -> CallLog | None:
    workspace = _read(environment, "ROTATION_LOG_WORKSPACE_ID", None, problems, _workspace)
    look_back = _read(environment, "ROTATION_LOG_LOOK_BACK", CallLog.look_back, problems, times.parse_duration)
    endpoint = _read(environment, "AZURE_LOG_ANALYTICS_ENDPOINT", PUBLIC_LOGS, problems, _address)
    return CallLog(workspace, look_back, endpoint) if workspace else None


def _nobody_enrolled(settings: Settings, problems: Problems) -> list[str]:
    said = any("ROTATION_TARGETS" in problem or "ROTATION_SUBSCRIPTIONS" in problem for problem in problems)
    if said or settings.targets or settings.subscriptions:
        return []
    return ["ROTATION_TARGETS, ROTATION_SUBSCRIPTIONS: neither is set, so there is nothing to rotate"]


def _misspelt(environment: Mapping[str, str]) -> list[str]:
    """A setting that looks like ours and is not read would be a silent default."""
    strange = [name for name in environment if name.startswith("ROTATION_") and name not in NAMES]
    return [f"{name}: is not a setting; known: {', '.join(NAMES)}" for name in strange]


def _read[T, D](
    environment: Mapping[str, str], name: str, default: D, problems: Problems, reader: Callable[[str], T]
) -> Any:  # noqa: ANN401 - the reader's type, or the default's
    text = environment.get(name, "")
    if not text.strip():
        return default
    value = problems.read(name, text, reader)
    return default if value is None else value


def _subscriptions(text: str) -> tuple[str, ...]:
    ids = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    wrong = [part for part in ids if not _GUID.match(part)]
    if wrong:
        raise ValueError(f"{', '.join(map(repr, wrong))}: not a subscription id")
    return ids


def _workspace(text: str) -> str:
    if not _GUID.match(text.strip()):
        raise ValueError(f"{text[:40]!r} is not the id of a workspace, a GUID that Azure calls its customerId")
    return text.strip().lower()


def _count(text: str) -> int:
    if not text.strip().isascii() or not text.strip().isdigit() or not 1 <= int(text) <= 100_000:
        raise ValueError(f"{text[:40]!r} is not a whole number from 1 to 100000")
    return int(text)


def _vaults(text: str) -> frozenset[str]:
    return frozenset(vault_url(part) for part in text.split(",") if part.strip())


def _address(text: str) -> str:
    if not _HTTPS.match(text.strip()):
        raise ValueError(f"{text!r} is not an https address")
    return text.strip().rstrip("/")
