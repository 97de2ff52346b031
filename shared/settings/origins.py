"""Where each setting of one target comes from: a tag of its account, ROTATION_TARGETS, a setting of the app, a default.

People must know where to change what they see.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shared.domain.consumers import Consumers
from shared.domain.model import Cadence, Target
from shared.domain.relative import exact, length_in_words
from shared.domain.times import iso_duration, parse_duration
from shared.settings.target_fields import TAG, TAGGED

_SETTINGS = {
    "vault": "ROTATION_VAULT_URL",
    "period": "ROTATION_PERIOD",
    "overlap": "ROTATION_OVERLAP",
    "warnings": "ROTATION_WARNINGS",
    "notice": "ROTATION_NOTICE",
    "window": "ROTATION_WINDOW",
    "consumers": "ROTATION_CONSUMERS",
}
DEFAULT = "default"


@dataclass(frozen=True)
class SettingShown:
    """One setting of a target.

    name: The setting, in words.
    value: Its value, in words.
    origin: Where the value comes from: the name of a tag or of a setting, or `default`.
    """

    name: str
    value: str
    origin: str


def settings_shown(
    target: Target, tags: Mapping[str, str] | None, environment: Mapping[str, str]
) -> list[SettingShown]:
    """Return the settings of a target with their origins.

    tags: The tags of the account, by any case. None for a target of ROTATION_TARGETS.
    environment: The app's settings.
    """
    entry = _entry_of(target, environment) if tags is None else {}
    tagged = {name.lower() for name in tags or ()}

    def origin(field: str) -> str:
        found = _origin(field, entry, tagged, environment)
        if field == "overlap" and found in (DEFAULT, "ROTATION_OVERLAP") and _is_lengthened(target, environment):
            return _origin("consumers", entry, tagged, environment)
        return found

    return [SettingShown(name, value, origin(field)) for field, name, value in _values(target)]


def _values(target: Target) -> Iterator[tuple[str, str, str]]:
    """Yield the field, its name in words and its value in words."""
    cadence = target.cadence
    yield "owner", "Owner", target.owner or "nobody is named"
    yield "vault", "Vault", target.vault_url
    yield "secret", "Secret", target.secret
    yield "period", "New key", f"every {length_in_words(cadence.period)}"
    yield "overlap", "Overlap", f"the previous key works for {length_in_words(cadence.overlap)}"
    yield "warnings", "Warnings", f"{', '.join(map(length_in_words, cadence.warnings))} ahead"
    yield "notice", "Notice", f"no end sooner than {length_in_words(cadence.notice)} after it was announced"
    yield "window", "Window", str(cadence.window) if cadence.window else "at any time"
    yield "proof", "Proof", "required before publishing" if target.proof == "require" else "preferred"
    yield "sunset", "All keys end", exact(target.sunset) if target.sunset else "no date is agreed"
    waits = target.after_deployment
    yield "after-deployment", "Waits for", f"a deployment to {waits.environment}" if waits else "no deployment"
    yield "consumers", "Consumers", _consumers_in_words(target.consumers)


def _consumers_in_words(consumers: Consumers | None) -> str:
    if consumers is None:
        return "none are listed"
    said = [f"{', '.join(consumers.kinds)}: the overlap must be {iso_duration(consumers.least_overlap)} at least"]
    said += [f"slowest is {consumers.slowest}"] if consumers.slowest else []
    said += [f"never noticed by {', '.join(consumers.never_notice)}"] if consumers.never_notice else []
    return "; ".join(said)


def _is_lengthened(target: Target, environment: Mapping[str, str]) -> bool:
    """Return whether the overlap is longer than the app's, because the listed consumers need it."""
    said = environment.get("ROTATION_OVERLAP", "").strip()
    usual = parse_duration(said) if said else Cadence.overlap
    return target.consumers is not None and usual < target.cadence.overlap == target.consumers.least_overlap


def _origin(field: str, entry: Mapping[str, object], tagged: set[str], environment: Mapping[str, str]) -> str:
    if entry.get(field) is not None:
        return "ROTATION_TARGETS"
    if field in TAGGED and f"{TAG}-{field}" in tagged:
        return f"tag {TAG}-{field}"
    setting = _SETTINGS.get(field)
    return setting if setting and environment.get(setting, "").strip() else DEFAULT


def _entry_of(target: Target, environment: Mapping[str, str]) -> Mapping[str, object]:
    """Return the entry of ROTATION_TARGETS that describes the target. The app has read it before, so it is valid."""
    entries = json.loads(environment.get("ROTATION_TARGETS") or "[]")
    return next((one for one in entries if target.account.same_as(str(one.get("account", "")))), {})
