"""Wakes what keeps an old key for hours, as soon as another key is published.

    WAKE='[{"kind": "app-service-reference", "id": "<resource id of a site or slot>", "target": "chat"},
           {"kind": "api-management", "id": "<resource id of a named value>"},
           {"kind": "aks-csi-env", "server": "https://<cluster>:443", "certificate": "<base64>", "namespace": "chat",
            "deployment": "chat-app"}]'

Each entry is one program. `target`, if given, is the rotated target that it uses; without it, every rotation wakes it.
`kind` is one of the words of docs/consumers.md. The listener's own identity does the calls (AZURE_CLIENT_ID names it);
README.md beside this file says which rights it needs, and what cannot be woken.

Event Grid may deliver an event again, so each call may be repeated without harm: a refresh fetches what is there, and a
deployment that carries the event's id already is not restarted again.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, override

SETTING = "WAKE"
PUBLISHES = frozenset(["KeyRotation.KeyAdopted", "KeyRotation.KeyRotated", "KeyRotation.DriftHealed"])
KUBERNETES = "6dae42f8-4368-4678-94ff-3c3e57ed2ba3"  # the application that stands for every AKS cluster in Entra
MOUNT_IS_NEW_AFTER = timedelta(
    minutes=3
)  # the driver looks every two minutes; before that, a restart finds the old key
PATIENCE = 20  # seconds for one call
_GROUP = r"/subscriptions/[^/?#]+/resourceGroups/[^/?#]+/providers"
SITE = rf"{_GROUP}/Microsoft\.Web/sites/[^/?#]+(/slots/[^/?#]+)?"
NAMED_VALUE = rf"{_GROUP}/Microsoft\.ApiManagement/service/[^/?#]+/namedValues/[^/?#]+"
NOT_NEEDED = {
    "sdk": "it reads the secret itself",
    "aks-csi-mount": "the driver changes the file",
    "container-apps": "a restart of a revision fetches nothing; the new key arrives within 30 minutes",
    "pinned-version": "it never changes; take the version out of the reference",
    "typed-in": "a person must type the new key",
}


class NotWoken(Exception):
    """Something could not be woken, or it is too early. The event should be delivered again."""


@dataclass(frozen=True)
class Consumer:
    """One program to wake.

    kind: How it gets its key, which decides how it is woken.
    target: The rotated target that it uses. Empty: every one.
    fields: What else its kind needs, by the names in `KINDS`.
    """

    kind: str
    target: str
    fields: Mapping[str, str]

    @property
    def name(self) -> str:
        """How the log calls it."""
        last = self.fields["id"].rpartition("/")[2] if "id" in self.fields else self.fields["deployment"]
        return f"{self.kind} {last}"


@dataclass(frozen=True)
class Published:
    """The event: its id, the target's name, and when its key was published."""

    id: str
    target: str
    at: datetime


def consumers(setting: str) -> list[Consumer]:
    """Return the programs that the setting names. Raises ValueError, which names the setting and the entry."""
    try:
        entries = json.loads(setting or "[]")
    except ValueError as error:
        raise ValueError(f"{SETTING} is not JSON: {error}") from None
    if not isinstance(entries, list):
        raise ValueError(f"{SETTING} is not a list")  # noqa: TRY004 - one error for every invalid setting
    return [_consumer(entry, f"{SETTING}[{place}]") for place, entry in enumerate(entries)]


def _consumer(entry: Any, at: str) -> Consumer:  # noqa: ANN401
    if not isinstance(entry, dict) or not all(isinstance(value, str) for value in entry.values()):
        raise ValueError(f"{at} is not an object of texts")
    fields = dict(entry)
    kind, target = fields.pop("kind", ""), fields.pop("target", "")
    if kind in NOT_NEEDED:
        raise ValueError(f"{at}.kind: {kind} cannot be woken: {NOT_NEEDED[kind]}. Remove the entry")
    if kind not in KINDS:
        raise ValueError(f"{at}.kind is {kind!r}, and none of {', '.join(KINDS)}")
    patterns, _ = KINDS[kind]
    if fields.keys() != patterns.keys():
        raise ValueError(f"{at} ({kind}) needs {', '.join(patterns)}, and has {', '.join(fields) or 'nothing'}")
    for name, pattern in patterns.items():
        if not re.fullmatch(pattern, fields[name], re.IGNORECASE):
            raise ValueError(f"{at}.{name} ({kind}) does not have the form {pattern}")
    return Consumer(kind, target, fields)


def wake_all(kind: str, event_id: str, data: Mapping[str, Any], token: Callable[[str], str]) -> None:
    """Wake every program that uses the target of an event, and log each outcome.

    kind, event_id, data: Type, id and data of the event. token: Returns a token for a scope.
    Raises NotWoken after all were tried, if one failed, and ValueError if the setting is invalid.
    """
    if kind not in PUBLISHES:
        return
    published = Published(event_id, str(data["target"]), datetime.fromisoformat(str(data["happenedAt"])))
    failed = []
    for one in consumers(os.environ.get(SETTING, "")):
        if one.target in ("", published.target):
            try:
                logging.info(
                    "woke %s for %s: %s", one.name, published.target, KINDS[one.kind][1](one, published, token)
                )
            except (NotWoken, OSError, ValueError) as error:
                logging.error("did not wake %s for %s: %s", one.name, published.target, error)  # noqa: TRY400
                failed.append(one.name)
    if failed:
        raise NotWoken(f"{', '.join(failed)}: Event Grid delivers the event again")


# --- one function for each way to wake ---


def _references(one: Consumer, _event: Published, token: Callable[[str], str]) -> str:
    """Let App Service fetch the secrets of all Key Vault references of a site again. Return how they are afterwards."""
    manager, path = _manager(), f"{one.fields['id']}/config/configreferences/appsettings"
    status, _said = call("POST", f"{manager}{path}/refresh?api-version=2022-03-01", token(f"{manager}/.default"))
    try:
        _status, now = call("GET", f"{manager}{path}?api-version=2025-05-01", token(f"{manager}/.default"))
    except (NotWoken, OSError) as error:
        return f"refreshed ({status}); its references could not be read: {error}"
    shown = [f"{_last(each['id'])} is {each['properties'].get('status')}" for each in now.get("value", [])]
    return f"refreshed ({status}); {', '.join(shown) or 'it has no Key Vault reference'}"


def _named_value(one: Consumer, _event: Published, token: Callable[[str], str]) -> str:
    """Let API Management fetch the secret of a named value again. Return how the last fetch went."""
    manager, path = _manager(), one.fields["id"]
    access = token(f"{manager}/.default")
    status, _said = call("POST", f"{manager}{path}/refreshSecret?api-version=2024-05-01", access)
    try:
        _status, now = call("GET", f"{manager}{path}?api-version=2024-05-01", access)
    except (NotWoken, OSError) as error:
        return f"accepted ({status}); the named value could not be read: {error}"
    last = now.get("properties", {}).get("keyVault", {}).get("lastStatus", {})
    return f"accepted ({status}); last fetch: {last.get('code', 'none')} at {last.get('timeStampUtc', 'no time')}"


def _deployment(one: Consumer, published: Published, token: Callable[[str], str]) -> str:
    """Restart the pods of a deployment, one after the other, once for each event. Return its generation.

    Raises NotWoken until the driver has had the time to fetch the new key: a pod that starts earlier gets the old one.
    """
    early = published.at + MOUNT_IS_NEW_AFTER - datetime.now(UTC)
    if early > timedelta():
        raise NotWoken(f"too early by {early.total_seconds():.0f} seconds; Event Grid delivers the event again")
    names = {name: urllib.parse.quote(one.fields[name]) for name in ("namespace", "deployment")}
    path = f"/apis/apps/v1/namespaces/{names['namespace']}/deployments/{names['deployment']}"
    change = {"spec": {"template": {"metadata": {"annotations": {"key-rotation/woken-for": published.id}}}}}
    trust = ssl.create_default_context(cadata=base64.b64decode(one.fields["certificate"]).decode())
    status, now = call("PATCH", one.fields["server"] + path, token(f"{KUBERNETES}/.default"), change, trust)
    return f"restarting ({status}); generation {now.get('metadata', {}).get('generation')}"


_WORD = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_CLUSTER = {"server": r"https://[^/?#]+", "certificate": r"[A-Za-z0-9+/]+=*", "namespace": _WORD, "deployment": _WORD}
type Wake = Callable[[Consumer, Published, Callable[[str], str]], str]
KINDS: dict[str, tuple[dict[str, str], Wake]] = {
    "app-service-reference": ({"id": SITE}, _references),
    "api-management": ({"id": NAMED_VALUE}, _named_value),
    "aks-csi-env": (_CLUSTER, _deployment),
    "read-at-start": (_CLUSTER, _deployment),
}


# --- calls ---


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nothing: the token is for the address that was asked."""

    @override
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def call(
    method: str, url: str, token: str, body: object = None, trust: ssl.SSLContext | None = None
) -> tuple[int, dict[str, Any]]:
    """Return status and JSON of an answer. Raises NotWoken for a refusal, with what the service says, and OSError."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    if method == "PATCH":
        headers["Content-Type"] = "application/merge-patch+json"
    content = b"" if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, None if method == "GET" else content, headers, method=method)  # noqa: S310
    opener = urllib.request.build_opener(_NoRedirect, urllib.request.HTTPSHandler(context=trust))
    try:
        with opener.open(request, timeout=PATIENCE) as answer:
            return answer.status, _json(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            said = error.read(2000).decode("utf-8", "replace").strip()
        raise NotWoken(f"{method} was refused: {error.code} {said[:500]}") from None


def _json(body: bytes) -> dict[str, Any]:
    """Return a JSON object. Anything else counts as an empty one: no page says how a refresh is answered."""
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _manager() -> str:
    """Return the address of Azure Resource Manager. Another cloud than the public one has another."""
    return os.environ.get("AZURE_RESOURCE_MANAGER_ENDPOINT", "https://management.azure.com").rstrip("/")


def _last(resource: str) -> str:
    return resource.rpartition("/")[2]
