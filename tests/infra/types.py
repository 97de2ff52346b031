"""Checks evaluated resources against the Bicep compiler's published types, as far as data/types/ records them.

scripts/bicep_types.py writes that folder. A value is described by `is`: string, int, bool, array, object, null, any
or union (of `any`). A string can have `min` and `max` (its length), a `pattern`, and `of`: the values that are allowed,
or, with `open`, the values that are known. An int can have `min` and `max`, an array `items`, `min` and `max`. An
object has `properties`, each perhaps `required` or `read-only`, and `others`, if any other name is allowed. Where one
property tells objects apart, `by` is its name and `kinds` has the object for each of its values. The inside of an
`unrecorded` object was not recorded, because no template wrote into it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.infra.deployment import Resource, Unknown

TYPES = Path(__file__).parent / "data" / "types"
type Facts = Mapping[str, Any]


def recorded(folder: Path = TYPES) -> dict[str, Facts]:
    """Return the recorded facts of every resource type in a folder, by type and version."""
    files = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    return {name: facts for file in files for name, facts in file["types"].items()}


def problems(one: Resource, types: Mapping[str, Facts]) -> Iterator[str]:
    """Yield what the compiler, or Azure after it, would object to in a resource. An existing one only has a name."""
    facts = types.get(f"{one.type}@{one.version}")
    if facts is None:
        yield f"{one.type}@{one.version} is not recorded; run scripts/bicep_types.py"
        return
    if facts["name"].lower() != one.type.lower():
        yield f"{one.type} is spelt {facts['name']}"
    if not one.existing:
        body = {"name": one.name.rpartition("/")[2], **one.body}
        yield from check(body, facts["body"], one.type.rpartition("/")[2])


def check(value: Any, facts: Facts, at: str) -> Iterator[str]:
    """Yield what is wrong with a value. A value that only Azure knows is not checked, and null counts as left out."""
    if value is None or isinstance(value, Unknown):
        return
    yield from _CHECKS[facts["is"]](value, facts, at)


def _string(value: Any, facts: Facts, at: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"{at}: {value!r} is not a string"
        return
    allowed = facts.get("of", ())
    same = value.lower() in [one.lower() for one in allowed] if facts.get("open") else value in allowed
    if allowed and not same:
        yield f"{at}: {value!r} is none of {', '.join(allowed)}"
    yield from _bounds(len(value), facts, f"{at}: the length of {value!r}")
    if "pattern" in facts and not re.search(facts["pattern"], value):
        yield f"{at}: {value!r} does not match {facts['pattern']}"


def _int(value: Any, facts: Facts, at: str) -> Iterator[str]:
    if not isinstance(value, int) or isinstance(value, bool):
        yield f"{at}: {value!r} is not an int"
    else:
        yield from _bounds(value, facts, f"{at}: {value}")


def _bounds(number: int, facts: Facts, what: str) -> Iterator[str]:
    if number < facts.get("min", number):
        yield f"{what} is less than {facts['min']}"
    if number > facts.get("max", number):
        yield f"{what} is more than {facts['max']}"


def _bool(value: Any, facts: Facts, at: str) -> Iterator[str]:
    if not isinstance(value, bool):
        yield f"{at}: {value!r} is not a bool"


def _array(value: Any, facts: Facts, at: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{at}: {value!r} is not an array"
        return
    yield from _bounds(len(value), facts, f"{at}: the number of elements")
    for place, one in enumerate(value):
        yield from check(one, facts["items"], f"{at}[{place}]")


def _object(value: Any, facts: Facts, at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{at}: {value!r} is not an object"
    elif facts.get("unrecorded"):
        if value:
            yield f"{at}: what is in it is not recorded; run scripts/bicep_types.py"
    elif "by" in facts:
        yield from _told_apart(value, facts, at)
    else:
        yield from _properties(value, facts["properties"], facts.get("others"), at)


def _told_apart(value: dict[str, Any], facts: Facts, at: str) -> Iterator[str]:
    kind = value.get(facts["by"])
    if isinstance(kind, Unknown):
        return
    if kind not in facts["kinds"]:
        yield f"{at}.{facts['by']}: {kind!r} is none of {', '.join(facts['kinds'])}"
        return
    own = facts["kinds"][kind]
    if own.get("unrecorded"):
        yield f"{at}: the kind {kind} is not recorded; run scripts/bicep_types.py"
    else:
        yield from _properties(value, {**facts["properties"], **own["properties"]}, own.get("others"), at)


def _properties(value: dict[str, Any], known: Facts, others: Facts | None, at: str) -> Iterator[str]:
    for name, facts in known.items():
        if facts.get("required") and value.get(name) is None:
            yield f"{at}.{name} is missing"
    for name, inner in value.items():
        if name in known and known[name].get("read-only"):
            yield f"{at}.{name} is read-only"
        elif name in known:
            yield from check(inner, known[name], f"{at}.{name}")
        elif others is not None:
            yield from check(inner, others, f"{at}.{name}")
        else:
            yield f"{at}.{name} is not known"


def _union(value: Any, facts: Facts, at: str) -> Iterator[str]:
    tries = [list(check(value, one, at)) for one in facts["any"]]
    if all(tries):
        yield from min(tries, key=len)


_CHECKS: dict[str, Callable[[Any, Facts, str], Iterator[str]]] = {
    "any": lambda *_: iter(()),
    "array": _array,
    "bool": _bool,
    "int": _int,
    "null": lambda value, _, at: iter([f"{at}: {value!r} is not null"]),
    "object": _object,
    "string": _string,
    "union": _union,
}
