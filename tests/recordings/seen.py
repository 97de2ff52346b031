"""What is recorded of a world and of an answer: data as it is, and `<text>` in place of every sentence."""

import json
import re
from datetime import UTC, datetime
from typing import Any

from lab.emulator.accounts import Account, fingerprint
from lab.emulator.vaults import SecretVersion
from lab.emulator.world import World

TEXT = "<text>"
PROSE = {
    "why", "says", "detail", "nextStep", "whatHappens", "whatToDo", "mend", "lastAnswer", "announcingFailed",
    "forgotten", "unproven",
}  # fmt: skip
_CODE_AND_WORDS = re.compile(r"^([A-Z][A-Za-z]+): .*", re.DOTALL)
_ICS_PROSE = ("SUMMARY", "DESCRIPTION")


def plain(data: Any) -> Any:
    """Return data for JSON without its sentences."""
    if isinstance(data, dict):
        return {name: TEXT if name in PROSE and value else plain(value) for name, value in data.items()}
    if isinstance(data, list):
        return [plain(one) for one in data]
    return data


def event(wire: dict[str, Any]) -> dict[str, Any]:
    """Return an accepted event. The reason of a failure is a code and a sentence; the code stays."""
    said = plain(wire)
    reason = said["data"].get("reason")
    if reason:
        said["data"]["reason"] = _CODE_AND_WORDS.sub(rf"\1: {TEXT}", reason)
    return said


def body(kind: str, text: str, now: datetime) -> Any:
    """Return the body of an answer."""
    if "json" in kind:
        return plain(json.loads(text))
    return calendar(text, now) if kind == "text/calendar" else TEXT


def calendar(text: str, now: datetime) -> list[str]:
    """Return the unfolded lines of a calendar, with `<now>` in place of the present time."""
    lines = text.replace("\r\n ", "").splitlines()
    made = f"DTSTAMP:{now:%Y%m%dT%H%M%SZ}"
    return ["DTSTAMP:<now>" if line == made else _line(line) for line in lines]


def _line(line: str) -> str:
    name = re.split("[;:]", line, maxsplit=1)[0]
    return f"{name}:{TEXT}" if name in _ICS_PROSE else line


def world(there: World) -> dict[str, Any]:
    """Return every version of every secret, and the keys of every account by the emulator's fingerprints."""
    found: dict[str, Any] = {}
    for vault in there.vaults.values():
        for where, secrets in (("", vault.secrets), ("deleted ", vault.deleted)):
            for secret in secrets.values():
                found |= {f"{where}{one.name}/{n}": _version(one) for n, one in enumerate(secret.versions, 1)}
    return found | {f"account {one.name}": _account(one) for one in there.accounts}


def _version(one: SecretVersion) -> dict[str, Any]:
    return {
        "version": one.version,
        "value": fingerprint(one.value),
        "enabled": one.enabled,
        "contentType": one.content_type,
        "created": _moment(one.created),
        "expires": _moment(one.expires) if one.expires else None,
        "tags": dict(one.tags),
    }


def _account(one: Account) -> dict[str, Any]:
    keys = {slot: fingerprint(key.value) for slot, key in one.keys.items()}
    return {**keys, "keysAreOff": bool(one.disable_local_auth)}


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
