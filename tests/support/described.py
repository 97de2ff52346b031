"""Answers made of Azure's own descriptions, with a text of the test's choice in every place where text can stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from tests.lab.emulator.contract import DESCRIPTIONS, Exchange, _follow, _load, operations

type Text = Callable[[str, list[str]], str]  # of a member's name and its enumeration
_DEEPEST = 8


def described_answer(service: str, url: str, text: Text) -> dict[str, Any]:
    """Return what a list can answer: an entry of each kind that the description of the service has.

    service: The service, as the emulator names it.
    url: The address of the list.
    text: Returns the text of a member, given by its name and the values that its description lists.
    """
    found = operations(Exchange(service, "GET", url, b"", 200, b""))
    if not found:
        raise LookupError(f"{DESCRIPTIONS[service]} do not describe {urlsplit(url).path}")
    file, facts = found[0]
    whole = _made(file, facts["responses"]["200"]["schema"], "", text, 0)
    file, schema = _follow(file, facts["responses"]["200"]["schema"])
    entries = list(_kinds(*_follow(file, schema["properties"]["value"]["items"]), text))
    return {"value": entries or whole["value"]}


def described_error(text: str) -> dict[str, Any]:
    """Return an error with the text in each place where Azure's form of an error has one."""
    inner = {"code": text, "message": text, "target": text}
    return {"error": {**inner, "details": [inner], "additionalInfo": [{"type": text, "info": {"text": text}}]}}


def _kinds(file: str, schema: Any, text: Text) -> Iterator[Any]:
    """Yield one entry for each kind that stands anywhere in the entry, as its discriminators tell them apart."""
    names = {one["x-ms-discriminator-value"]: one for one in _load(file)["definitions"].values() if _is_kind(one)}
    yield _made(file, schema, "", text, 0)
    for kind in names:
        yield _made(
            file, schema, "", lambda name, known, kind=kind: kind if kind in known else text(name, known), 0, kind
        )


def _is_kind(definition: Any) -> bool:
    return "x-ms-discriminator-value" in definition


def _made(file: str, schema: Any, name: str, text: Text, depth: int, kind: str = "") -> Any:
    file, schema = _follow(file, schema)
    if depth > _DEEPEST:
        return None
    if "discriminator" in schema and kind:
        own = [one for one in _load(file)["definitions"].values() if one.get("x-ms-discriminator-value") == kind]
        made = {**_properties(file, schema, text, depth, kind)}
        for one in own:
            made |= _properties(file, one, text, depth, kind)
        return made | {schema["discriminator"]: kind}
    match schema.get("type"):
        case "array":
            return [_made(file, schema["items"], name, text, depth + 1, kind)]
        case "boolean":
            return True
        case "integer" | "number":
            return 1
        case "string":
            return text(name, schema.get("enum", []))
    made = _properties(file, schema, text, depth, kind)
    return made or _undescribed(name, text)


def _undescribed(name: str, text: Text) -> Any:
    """Return a value that is described as anything: a text, or for the headers of a linked service what its owner can
    write there."""
    if name != "authHeaders":
        return text(name, [])
    members = {each: text(each, []) for each in ("value", "secretName", "secretVersion")}
    store = {each: text(each, []) for each in ("referenceName", "type")}
    kinds = ("SecureString", "AzureKeyVaultSecret", text("type", []))
    return {f"{kind}-{text('', [])}"[:200]: {"type": kind, **members, "store": store} for kind in kinds}


def _properties(file: str, schema: Any, text: Text, depth: int, kind: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for part in schema.get("allOf", []):
        made |= _properties(*_follow(file, part), text, depth, kind)
    for name, facts in schema.get("properties", {}).items():
        made[name.replace("{kind}", "azureBlob")] = _made(file, facts, name, text, depth + 1, kind)
    if "additionalProperties" in schema:
        any_name = text("", [])
        open_part = _made(file, schema["additionalProperties"], "", text, depth + 1, kind)
        made |= {"api-key": open_part, "ResourceId": open_part, any_name: open_part}
        made["azureOpenAIResourceName"] = text("azureOpenAIResourceName", [])
    return made
