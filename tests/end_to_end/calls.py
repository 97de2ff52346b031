"""HTTP calls and their answers, and marks on a version as if time had passed, for the tests in this folder."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from jsonschema import Draft202012Validator

from lab.emulator.serve import Azure
from lab.funchost.host import FunctionHost
from lab.simulation.published import note_as_app
from shared.domain.publication import Marks, read_tags
from tests.end_to_end.conftest import ROOT

SCHEMAS = ROOT / "docs" / "schemas"


@dataclass(frozen=True)
class Answer:
    """An HTTP answer. Header names are compared without case."""

    status: int
    data: Any
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Doors:
    """Calls the HTTP routes of a running host, with its function key unless a call says otherwise."""

    host: FunctionHost
    http: aiohttp.ClientSession

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.ask("GET", path, **headers)

    async def post(self, path: str, body: object = None, **headers: str) -> Answer:
        return await self.ask("POST", path, body, **headers)

    async def ask(self, method: str, path: str, body: object = None, *, key: bool = True, **headers: str) -> Answer:
        """Send a request. `body` is sent as JSON, bytes as they are. `_` in a header's name stands for a dash."""
        given = {name.replace("_", "-"): text for name, text in headers.items()}
        shown = {"x-functions-key": self.host.keys.default, **given} if key else given
        content = {"data": body} if isinstance(body, bytes) else {"json": body} if body is not None else {}
        async with self.http.request(method, f"{self.host.url}/api/{path}", headers=shown, **content) as answer:
            is_json = "json" in answer.content_type
            data = await answer.json(content_type=None) if is_json else await answer.text()
            return Answer(answer.status, data, answer.headers.copy())


def marks_of(azure: Azure, name: str) -> Marks:
    """Return the app's marks on the published version."""
    marks = read_tags(azure.world.vaults["keys"].get_secret(f"{name}-key").tags)[3]
    assert marks is not None
    return marks


def noted(azure: Azure, name: str, **changes: Any) -> None:
    """Change the app's marks on the published version, as if they had been written so."""
    note_as_app(azure.world, azure.world.accounts.named(name), **changes)


def the_overlap_is_over(azure: Azure, name: str) -> None:
    """Mark a previous key as ended: it is the spare from now on and holds nothing back."""
    previous = marks_of(azure, name).previous
    if previous is not None:
        noted(azure, name, previous=None, until=None, spare=previous)


def credential(azure: Azure, name: str) -> str:
    """Return which of the account's two keys is published."""
    return azure.world.vaults["keys"].get_secret(f"{name}-key").tags["CredentialId"]


def regenerations(azure: Azure, name: str = "") -> int:
    """Return how often a key was regenerated."""
    return azure.world.journal.count("arm.regenerateKey", name, effect=True)


def events(azure: Azure, name: str, kind: str) -> list[dict[str, Any]]:
    """Return the data of the accepted events of a kind about an account, in order, each checked against its schema."""
    accepted = azure.world.topics["announcements"].events
    found = [one for one in accepted if one["source"].endswith(f"/{name}") and one["type"] == f"KeyRotation.{kind}"]
    schema = Draft202012Validator(json.loads((SCHEMAS / f"{kind}.json").read_text()))
    assert [error.message for one in found for error in schema.iter_errors(one)] == []
    return [one["data"] for one in found]
