"""The shipped queries, asked of what the app said: the little of Kusto's language that they use, and no more.

An operator that is not known here is refused, so that a query can never pass by being misunderstood.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

type Row = dict[str, Any]
type Tables = dict[str, list[Row]]


def ask(query: str, tables: Tables) -> list[Row]:
    text = re.sub(r"//.*", "", query).strip()
    head, *pipes = _pipes(text)
    rows = _union(head, tables) if head.startswith("union") else list(tables[head])
    for pipe in pipes:
        rows = _applied(pipe, rows)
    return rows


def _pipes(text: str) -> list[str]:
    """The parts between bars that stand in no bracket."""
    parts, depth = [""], 0
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "|" and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [" ".join(part.split()) for part in parts]


def _union(head: str, tables: Tables) -> list[Row]:
    inner = re.findall(r"\((App\w+ \|.*?)\)(?=, \(|$)", head)
    if len(inner) != 2:
        raise NotImplementedError(head)
    return [row for one in inner for row in ask(one, tables)]


def _applied(pipe: str, rows: list[Row]) -> list[Row]:
    word, _, rest = pipe.partition(" ")
    match word:
        case "where":
            holds = _condition(rest)
            return [row for row in rows if holds(row)]
        case "project":
            columns = [_column(part) for part in re.split(r", (?=\w+(?:$|,| =))", rest)]
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
    """Words of Kusto as those of Python, which binds `and` before `or` like Kusto."""
    code = re.sub(r'(\w+) startswith ("[^"]*")', r'str(row["\1"]).lower().startswith(\2.lower())', text)
    code = re.sub(r'(\w+) contains ("[^"]*")', r'(\2.lower() in str(row["\1"]).lower())', code)
    code = re.sub(r"\b(\w+) (==|in|>=) (?=[\"(\dt])", r'row["\1"] \2 ', code)
    code = re.sub(r"\btrue\b", "True", re.sub(r"\bfalse\b", "False", code))
    return lambda row: bool(eval(code, {"str": str}, {"row": row}))  # noqa: S307 - our own files


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
    found = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?", text)
    if found is None:
        raise ValueError(text)
    days, hours, minutes = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)
