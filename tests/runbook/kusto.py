"""Runs the shipped alert queries over the app's telemetry: the part of the Kusto language that they use, and no more.

Any other operator raises NotImplementedError, so that no test passes because a query was misread.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
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
            holds = _condition(rest)
            return [row for row in rows if holds(row)]
        case "project":
            columns = [_column(part) for part in _parts(rest, ",")]
            return [{name: value(row) for name, value in columns} for row in rows]
        case "parse":
            return [row | found for row in rows if (found := _parsed(rest, row)) is not None]
        case "summarize":
            return _summarized(rest, rows)
    raise NotImplementedError(pipe)


def _column(text: str) -> tuple[str, Callable[[Row], Any]]:
    name, _, source = text.partition(" = ")
    source = source or name
    if cut := re.fullmatch(r"substring\((\w+), (\d+)\)", source):
        return name, lambda row: row[cut[1]][int(cut[2]) :]
    if taken := re.fullmatch(r'extract\("(.*)", 1, (\w+)\)', source):
        return name, lambda row: found[1] if (found := re.search(taken[1], row[taken[2]])) else ""
    if re.fullmatch(r"\w+", source):
        return name, lambda row: row[source]
    raise NotImplementedError(text)


def _condition(text: str) -> Callable[[Row], bool]:
    """Return a condition as a function, by way of a Python expression, which binds `and` before `or` as Kusto does."""
    words = re.findall(r'"[^"]*"|\w+|==|>=|[(),]', text)
    if re.sub(r"\s", "", "".join(words)) != re.sub(r"\s", "", text):
        raise NotImplementedError(text)
    code = " ".join(
        word if word[0] in '"(),=>' or word.isdigit() else WORDS.get(word, f"see({word!r})") for word in words
    )
    code = re.sub(r"(see\('\w+'\)) (startswith|contains) (\"[^\"]*\")", r"\1.\2(\3)", code)
    try:
        made = compile(code, text, "eval")
    except SyntaxError as error:
        raise NotImplementedError(text) from error
    return lambda row: bool(eval(made, {"see": lambda name: Text(row[name])}))


WORDS = {word: word for word in ("and", "or", "in", "startswith", "contains")} | {"true": "True", "false": "False"}


class Text:
    """A value as Kusto compares it: `startswith` and `contains` ignore case."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return bool(self.value == other)

    __hash__ = None  # type: ignore[assignment]

    def __ge__(self, other: int) -> bool:
        return bool(self.value >= other)

    def startswith(self, text: str) -> bool:
        return str(self.value).lower().startswith(text.lower())

    def contains(self, text: str) -> bool:
        return text.lower() in str(self.value).lower()


def _parsed(rest: str, row: Row) -> Row | None:
    source, _, pattern = rest.partition(" with ")
    parts = re.findall(r'"([^"]*)"|(\w+)|\*', pattern)
    regex = "".join(re.escape(fixed) if fixed else f"(?P<{name}>.*?)" if name else ".*" for fixed, name in parts)
    found = re.match(regex, row[source], re.DOTALL)
    return found.groupdict() if found else None


def _summarized(rest: str, rows: list[Row]) -> list[Row]:
    shape = re.fullmatch(r"(\w+) = dcount\(bin\((\w+), 1h\)\) by (\w+)", rest)
    if shape is None:
        raise NotImplementedError(rest)
    name, time, by = shape.groups()
    hours: dict[Any, set[datetime]] = {}
    for row in rows:
        hours.setdefault(row[by], set()).add(row[time].replace(minute=0, second=0, microsecond=0))
    return [{by: key, name: len(seen)} for key, seen in hours.items()]


def duration(text: str) -> timedelta:
    """Return an ISO 8601 duration of days, hours and minutes. Raises ValueError for any other text."""
    found = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?", text)
    if found is None:
        raise ValueError(text)
    days, hours, minutes = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)
