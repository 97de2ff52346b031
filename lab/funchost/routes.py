"""Route templates of HTTP functions: `items/{id:int}`, `{name?}`, `{*rest}`, matched without regard to case."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from lab.funchost.errors import BindingError

_PARAMETER = re.compile(r"\{(\*?)([A-Za-z_][A-Za-z0-9_]*)((?::[^{}?]+)*)(\?)?\}")
_CONSTRAINTS: dict[str, str] = {
    "int": r"[+-]?\d+",
    "long": r"[+-]?\d+",
    "decimal": r"[+-]?\d+(?:\.\d+)?",
    "double": r"[+-]?\d+(?:\.\d+)?",
    "float": r"[+-]?\d+(?:\.\d+)?",
    "bool": r"(?:true|false)",
    "alpha": r"[a-z]*",
    "guid": r"\{?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?",
    "datetime": r"[^/]+",
}
_RESERVED = ("admin", "runtime")


@dataclass(frozen=True, slots=True)
class Route:
    """A template and what it takes to match a path below the route prefix."""

    template: str
    pattern: re.Pattern[str]
    rank: tuple[int, ...]

    def match(self, path: str) -> dict[str, str] | None:
        found = self.pattern.fullmatch(path.strip("/"))
        if found is None:
            return None
        return {name: unquote(value) for name, value in found.groupdict().items() if value is not None}


def parse_route(template: str) -> Route:
    """A BindingError says why the platform would not register it."""
    segments = [each for each in template.strip("/").split("/") if each]
    if segments and segments[0].lower() in _RESERVED:
        raise BindingError(f"the route {template!r} begins with {segments[0]}, which belongs to the host")
    parts = [_segment(each, template) for each in segments]
    pattern = parts[0][0] if parts else ""
    for text, optional, _ in parts[1:]:
        pattern += f"(?:/{text})?" if optional else f"/{text}"
    if len(parts) == 1 and parts[0][1]:
        pattern = f"(?:{pattern})?"
    try:
        compiled = re.compile(pattern, re.IGNORECASE)
    except re.error as error:  # a parameter named twice, or a regex constraint that is none
        raise BindingError(f"the route {template!r} cannot be read: {error}") from None
    return Route(template, compiled, tuple(rank for _, _, rank in parts))


def _segment(segment: str, template: str) -> tuple[str, bool, int]:
    """Its pattern, whether it may be absent, and its rank: literal before constrained before free before rest."""
    pattern, position, rank, optional = "", 0, 0, False
    for match in _PARAMETER.finditer(segment):
        star, name, constraints, question = match.groups()
        pattern += re.escape(segment[position : match.start()])
        position = match.end()
        inner = ".*" if star else _constrained(constraints, template)
        pattern += f"(?P<{name}>{inner})"
        rank = max(rank, 3 if star else 1 if constraints else 2)
        optional = optional or bool(question) or bool(star)
    rest = segment[position:]
    if set(rest) & set("{}"):
        raise BindingError(f"the route {template!r} cannot be read at {segment!r}")
    return pattern + re.escape(rest), optional and not rest, rank


def _constrained(constraints: str, template: str) -> str:
    kinds = [each for each in constraints.split(":") if each]
    if not kinds:
        return "[^/]+"
    return "".join(f"(?={_rule(kind, template)}(?:/|$))" for kind in kinds[1:]) + _rule(kinds[0], template)


def _rule(kind: str, template: str) -> str:
    call = re.fullmatch(r"(\w+)\((.*)\)", kind)
    if call and call[1].lower() in _CALLS:
        return _CALLS[call[1].lower()](call[2])
    if kind.lower() not in _CONSTRAINTS:
        raise BindingError(f"the route {template!r} has the constraint {kind!r}, which this host does not know")
    return _CONSTRAINTS[kind.lower()]


_CALLS: dict[str, Callable[[str], str]] = {
    "length": lambda text: f"[^/]{{{text}}}",
    "minlength": lambda text: f"[^/]{{{text},}}",
    "maxlength": lambda text: f"[^/]{{0,{text}}}",
    "regex": lambda text: f"(?:{text.removeprefix('^').removesuffix('$')})",
}
