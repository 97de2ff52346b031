"""Compares recorded exchanges with the OpenAPI descriptions in `specs/`.

Swagger 2.0 is close enough to JSON Schema to validate bodies: `$ref`s are followed across files, and null counts as
absent. A property that no definition has is a problem too; otherwise a misspelt property would pass. An operation that
several versions describe must fit all of them. Of a streamed answer each event must fit.
"""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

from jsonschema import Draft4Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

SPECS = Path(__file__).parent / "specs"
DESCRIPTIONS = {
    "arm": (
        "cognitiveservices-arm/cognitiveservices.2025-09-01.subset.json",
        "resource-graph/resourcegraph.2024-04-01.subset.json",
        "monitor/diagnosticsettings.2021-05-01-preview.subset.json",
        "authorization/authorization.2022-04-01.subset.json",
        "authorization/pim-and-classic.subset.json",
        "authorization/keyvault-vaults.2026-02-01.subset.json",
        "monitor/metrics.2024-02-01.subset.json",
        "policy-state/policyassignments.2025-01-01.subset.json",
        "policy-state/policyexemptions.2022-07-01-preview.handmade.json",
        "policy-state/policyinsights.2024-10-01.subset.json",
        "connections/cognitiveservices-connections.2026-03-01.subset.json",
        "connections/machinelearning-connections.2025-09-01.subset.json",
        "connections/logicapps-connections.2016-06-01.subset.json",
        "connections/datafactory-linkedservices.2018-06-01.subset.json",
        "apim/apimanagement.2024-05-01.subset.json",
        "web/web-configreferences.2025-05-01.subset.json",
        "container-apps/containerapps.2025-07-01.subset.json",
    ),
    "search": ("search/search-dataplane.2026-04-01.handmade.json",),
    "kv": ("keyvault-secrets/secrets.2026-04-01.json",),
    "eg": ("eventgrid/EventGrid.2018-01-01.json",),
    "aoai": (
        "azure-openai/azureopenai.authoring.2024-10-21.models-subset.json",
        "azure-openai/inference.2023-05-15.chat-rebuilt.json",
        "azure-openai/inference.2024-10-21.chat-rebuilt.json",
        "azure-openai/openai-v1.chat-rebuilt.json",
    ),
}
EVENT = b"data: "  # what an event of a stream begins with
Json = Any


@dataclass(frozen=True)
class Exchange:
    """One request as it arrived and the answer as it was sent."""

    service: str
    method: str
    url: str
    request: bytes
    status: int
    response: bytes

    def __str__(self) -> str:
        return f"{self.method} {urlsplit(self.url).path} -> {self.status}"


def problems(exchange: Exchange) -> list[str]:
    """Return what the service's description does not allow in an exchange; an empty list if all is allowed."""
    described = operations(exchange)
    if not described:
        return [] if exchange.status in (404, 501) else ["the description does not have this operation"]
    found = [
        [*_request_problems(exchange, file, facts), *_response_problems(exchange, file, facts)]
        for file, facts in described
    ]
    return list(dict.fromkeys(problem for each in found for problem in each))


def operations(exchange: Exchange) -> list[tuple[str, Json]]:
    """Return the description files that have the operation of an exchange, and the operation in each of them."""
    path, method = _local_path(exchange), exchange.method.lower()
    found = []
    for file in DESCRIPTIONS[exchange.service]:
        fitting = [methods for pattern, methods in _paths(file) if pattern.fullmatch(path) and method in methods]
        found += [(file, methods[method]) for methods in fitting[:1]]
    return found


def _request_problems(exchange: Exchange, file: str, facts: Json) -> list[str]:
    if exchange.status >= 400:
        return []
    given, found = {name.lower() for name in parse_qs(urlsplit(exchange.url).query)}, []
    for parameter in facts["parameters"]:
        where, parameter = _follow(file, parameter)
        if parameter["in"] == "query" and parameter.get("required") and parameter["name"].lower() not in given:
            found.append(f"query parameter {parameter['name']} is missing")
        if parameter["in"] == "body":
            found += _body_problems(where, parameter["schema"], exchange.request, "request")
    return found


def _response_problems(exchange: Exchange, file: str, facts: Json) -> list[str]:
    declared = facts["responses"].get(str(exchange.status))
    if declared is None and exchange.status < 400:
        return [f"status {exchange.status} is not declared"]
    schema = (declared or facts["responses"]["default"]).get("schema")
    if schema is None:
        refused = exchange.status >= 400
        return ["a body was sent where none is declared"] if exchange.response and not refused else []
    if exchange.response.startswith(EVENT):
        return _stream_problems(file, declared, exchange.response)
    return _body_problems(file, schema, exchange.response, "response")


def _stream_problems(file: str, declared: Json, body: bytes) -> list[str]:
    """Return what a description does not allow in server-sent events. None if it has no streamed answer."""
    *events, last = [event.removeprefix(EVENT) for event in body.split(b"\n\n") if event]
    found = [] if last == b"[DONE]" else ["the response does not end with [DONE]"]
    schema = declared.get("x-stream-schema")
    return found + [one for event in events if schema for one in _body_problems(file, schema, event, "response")]


def _body_problems(file: str, schema: Json, body: bytes, side: str) -> list[str]:
    try:
        value = _without_null(json.loads(body))
    except ValueError:
        return [f"the {side} body is not JSON"]
    uri = (SPECS / file).as_uri()
    validator = Draft4Validator({"allOf": [_absolute(schema, uri)]}, registry=_registry())
    # The message of an error can quote the whole body with its keys, so show only the path and the rule.
    found = [f"{side} {error.json_path}: {error.validator}" for error in validator.iter_errors(value)]
    return found + [f"{side}: no definition has {name}" for name in _unknown(file, schema, value, "$")]


def _unknown(file: str, schema: Json, value: Json, at: str) -> list[str]:
    """Return the properties of a value that the schema does not have. `additionalProperties` allows any."""
    file, schema = _of_kind(*_follow(file, schema), value)
    if isinstance(value, list):
        return [name for item in value for name in _unknown(file, schema.get("items", {}), item, f"{at}[]")]
    known, is_open = _properties(file, schema)
    if not isinstance(value, dict) or is_open:
        return []
    found = []
    for name, part in value.items():
        fitting = next((facts for each, facts in known.items() if _is_named(name, each)), None)
        found += _unknown(*fitting, part, f"{at}.{name}") if fitting else [f"{at}.{name}"]
    return found


def _of_kind(file: str, schema: Json, value: Json) -> tuple[str, Json]:
    """Return the definition that the value's discriminator names, or the schema itself."""
    named = value.get(schema.get("discriminator", "")) if isinstance(value, dict) else None
    kinds = _load(file).get("definitions", {}).values() if named else ()
    return file, next((one for one in kinds if one.get("x-ms-discriminator-value") == named), schema)


def _is_named(name: str, described: str) -> bool:
    """Return whether a property is meant by a described name, which may have a hole: `{kind}Parameters`."""
    return re.fullmatch(re.sub(r"\\{\w+\\}", r"\\w+", re.escape(described)), name) is not None


def _properties(file: str, schema: Json) -> tuple[dict[str, tuple[str, Json]], bool]:
    file, schema = _follow(file, schema)
    known = {name: (file, facts) for name, facts in schema.get("properties", {}).items()}
    is_open = "additionalProperties" in schema
    for part in schema.get("allOf", []):
        inherited, inherited_open = _properties(file, part)
        known, is_open = {**inherited, **known}, is_open or inherited_open
    return known, is_open or not known


def _follow(file: str, facts: Json) -> tuple[str, Json]:
    while "$ref" in facts:
        path, _, place = facts["$ref"].partition("#/")
        if path:
            file = str((SPECS / file).parent.joinpath(path).resolve().relative_to(SPECS))
        facts = _load(file)
        for step in place.split("/"):
            facts = facts[step.replace("~1", "/")]
    return file, facts


def _absolute(schema: Json, uri: str) -> Json:
    """Return a schema with absolute references. With `modelAsString`, values outside the enum are allowed too."""
    if isinstance(schema, dict):
        if schema.get("x-ms-enum", {}).get("modelAsString"):
            schema = {name: part for name, part in schema.items() if name != "enum"}
        return {
            name: urljoin(uri, part) if name == "$ref" and isinstance(part, str) else _absolute(part, uri)
            for name, part in schema.items()
        }
    return [_absolute(part, uri) for part in schema] if isinstance(schema, list) else schema


def _without_null(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _without_null(part) for name, part in value.items() if part is not None}
    return [_without_null(part) for part in value] if isinstance(value, list) else value


def _local_path(exchange: Exchange) -> str:
    """Return the path as the description writes it, without the part that stands for the host."""
    path = urlsplit(exchange.url).path
    if exchange.service in ("eg", "search"):
        return "/" + path.removeprefix("/").partition("/")[2]
    if exchange.service == "aoai":
        return path.partition("/openai")[2]
    if exchange.service == "kv" and exchange.method in ("GET", "PATCH"):
        # A request for the latest version has an empty last segment or none.
        return re.sub(r"^(/secrets/[^/]+)/?$", r"\1/latest", path)
    return path


@cache
def _load(file: str) -> Json:
    return json.loads((SPECS / file).read_text())


@cache
def _paths(file: str) -> list[tuple[re.Pattern[str], Json]]:
    description = _load(file)
    if "eventgrid" in file:
        return [(re.compile("/api/events"), description["x-ms-paths"]["?overload=cloudEvent"])]
    # Fixed paths come first, so that /secrets/{name}/versions is not read as a version called "versions".
    paths = sorted(description["paths"].items(), key=lambda item: item[0].count("{"))
    return [(re.compile(_pattern(path), re.IGNORECASE), methods) for path, methods in paths]


def _pattern(path: str) -> str:
    """Return a pattern for a described path. A scope is a resource id, with slashes."""
    return re.sub(r"\{[^}]+\}", "[^/]+", re.sub(r"\{(scope|resourceUri|resourceId)\}", ".+", path))


@cache
def _registry() -> Registry[Json]:
    files = [path for path in SPECS.rglob("*.json") if "observed" not in path.parts]
    resources = [
        (path.as_uri(), Resource.from_contents(_absolute(_load(str(path)), path.as_uri()), DRAFT4)) for path in files
    ]
    return Registry().with_resources(resources)
