"""Runs the shipped alert queries over the app's telemetry: the part of the Kusto language that they use, and no more.

Any other operator raises NotImplementedError, so that no test passes because a query was misread.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

type Row = dict[str, Any]
type Tables = dict[str, list[Row]]


def ask(query: str, tables: Tables) -> list[Row]:
    """Return the rows that a query finds. Raises NotImplementedError if the query uses anything else."""
    text = re.sub(r"//.*", "", query).strip()
    head, *pipes = _parts(text, "|")
    rows = _union(head, tables) if head.startswith("union") else list(tables[head])
    for pipe in pipes:
        rows = _applied(pipe, rows)
    return rows


def _parts(text: str, mark: str) -> list[str]:
    """Split a text at a mark, except inside brackets and quotes."""
    parts, depth, quoted = [""], 0, False
    for character in text:
        quoted ^= character == '"'
        depth += 0 if quoted else {"(": 1, ")": -1}.get(character, 0)
        if character == mark and depth == 0 and not quoted:
            parts.append("")
        else:
            parts[-1] += character
    return [" ".join(part.split()) for part in parts]


def _union(head: str, tables: Tables) -> list[Row]:
    inner = _parts(head.removeprefix("union"), ",")
    return [row for one in inner for row in ask(one.strip()[1:-1], tables)]


def _applied(pipe: str, rows: list[Row]) -> list[Row]:
    word, _, rest = pipe.partition(" ")
    match word:
        case "where":
            holds = _expression(rest)
            return [row for row in rows if holds(row)]
        case "project":
            columns = [_column(part) for part in _parts(rest, ",")]
            return [{name: value(row) for name, value in columns} for row in rows]
        case "extend":
            columns = [_column(part) for part in _parts(rest, ",")]
            return [row | {name: value(row) for name, value in columns} for row in rows]
        case "mv-expand":
            return _expanded(rest, rows)
        case "parse":
            return [row | found for row in rows if (found := _parsed(rest, row)) is not None]
        case "summarize":
            return _summarized(rest, rows)
    raise NotImplementedError(pipe)


def _column(text: str) -> tuple[str, Callable[[Row], Any]]:
    """Return a column's name and how its value is made. A column without an expression is copied."""
    name, _, source = text.partition(" = ")
    return name, _expression(source or name)


def _expression(text: str) -> Callable[[Row], Any]:
    """Return an expression as a function of a row.

    It becomes a Python expression, which binds `and` before `or` as Kusto does.
    """
    words = re.findall(r'"[^"]*"|[\w.]+|==|!=|>=|[(),]', text)
    if re.sub(r"\s", "", "".join(words)) != re.sub(r"\s", "", text):
        raise NotImplementedError(text)
    if unknown := {word for word, after in pairwise(words) if after == "(" and word[0].isalpha()} - CALLABLE:
        raise NotImplementedError(f"{text}: {unknown}")
    code = " ".join(map(_translated, words))
    code = re.sub(r"(see\('\w+'\)) (startswith|contains) (\"[^\"]*\")", r"\1.\2(\3)", code)
    try:
        made = compile(code, text, "eval")
    except SyntaxError as error:
        raise NotImplementedError(text) from error
    return lambda row: _plain(eval(made, {**FUNCTIONS, "see": lambda path: Text(_member(row, path))}))


def _translated(word: str) -> str:
    if word[0] in '"(),=>!' or word.isdigit():
        return word
    known = WORDS.get(word) or (word if word in FUNCTIONS else None)
    return known or f"see({word!r})"


def _member(row: Row, path: str) -> Any:
    """Return a column, or a member of a dynamic one: nothing if it has no such member."""
    name, *members = path.split(".")
    value = row[name]
    for member in members:
        value = value.get(member) if isinstance(value, dict) else None
    return value


WORDS = {word: word for word in ("and", "or", "in", "startswith", "contains")} | {"true": "True", "false": "False"}


class Text:
    """A value as Kusto compares it: `startswith` and `contains` ignore case."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return bool(self.value == _plain(other))

    __hash__ = None  # type: ignore[assignment]

    def __ge__(self, other: int) -> bool:
        return bool(self.value >= other)

    def __bool__(self) -> bool:
        return bool(self.value)

    def startswith(self, text: str) -> bool:
        return str(self.value).lower().startswith(text.lower())

    def contains(self, text: str) -> bool:
        return text.lower() in str(self.value).lower()


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Text) else value


def _parse_json(text: Any) -> Text:
    try:
        return Text(json.loads(_plain(text)))
    except ValueError:
        return Text(None)  # as Kusto, which keeps the text; no member of it is anything


def _tostring(value: Any) -> Text:
    plain = _plain(value)
    return Text("" if plain is None else plain if isinstance(plain, str) else json.dumps(plain))


def _toint(value: Any) -> Text:
    plain = _plain(value)
    return Text(int(plain) if isinstance(plain, int | float | str) and str(plain).strip() else None)


def _extract(pattern: str, group: int, value: Any) -> Text:
    found = re.search(pattern, _plain(value))
    return Text(found[group] if found else "")


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "parse_json": _parse_json,
    "tostring": _tostring,
    "toint": _toint,
    "extract": _extract,
    "bag_keys": lambda value: Text(list(_plain(value) or ())),
    "substring": lambda value, first: Text(_plain(value)[first:]),
    "isnotempty": lambda value: _plain(value) not in (None, ""),
    "coalesce": lambda *values: next((one for one in values if _plain(one) not in (None, "")), values[-1]),
}

CALLABLE = {*FUNCTIONS, "and", "or", "in"}


def _expanded(rest: str, rows: list[Row]) -> list[Row]:
    """Return a row for each member of a list."""
    shape = re.fullmatch(r"(\w+) = (.+) to typeof\(string\)", rest)
    if shape is None:
        raise NotImplementedError(rest)
    name, members = shape[1], _expression(shape[2])
    return [row | {name: one} for row in rows for one in members(row)]


def _parsed(rest: str, row: Row) -> Row | None:
    source, _, pattern = rest.partition(" with ")
    parts = re.findall(r'"([^"]*)"|(\w+)|\*', pattern)
    regex = "".join(re.escape(fixed) if fixed else f"(?P<{name}>.*?)" if name else ".*" for fixed, name in parts)
    found = re.match(regex, row[source], re.DOTALL)
    return found.groupdict() if found else None


def _summarized(rest: str, rows: list[Row]) -> list[Row]:
    """Group the rows: count the hours in which there is one, or add numbers up."""
    shape = re.fullmatch(r"(\w+) = (dcount\(bin\((\w+), 1h\)\)|sum\((.*)\)) by (\w+)", rest)
    if shape is None:
        raise NotImplementedError(rest)
    name, _, time, added, by = shape.groups()
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[by], []).append(row)
    measure = _hours(time) if time else _sum(added)
    return [{by: key, name: measure(group)} for key, group in groups.items()]


def _hours(time: str) -> Callable[[list[Row]], int]:
    return lambda rows: len({row[time].replace(minute=0, second=0, microsecond=0) for row in rows})


def _sum(text: str) -> Callable[[list[Row]], int]:
    number = _expression(text)
    return lambda rows: sum(number(row) or 0 for row in rows)


def duration(text: str) -> timedelta:
    """Return an ISO 8601 duration of days, hours and minutes. Raises ValueError for any other text."""
    found = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?", text)
    if found is None:
        raise ValueError(text)
    days, hours, minutes = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)
