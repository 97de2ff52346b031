"""Route templates of HTTP functions, such as `items/{id:int}`, `{name?}` and `{*rest}`. Matching ignores case.

Choosing among several matching routes is left to `http`, which takes the lowest rank.
"""

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
    """A parsed route template.

    template: The template as it was written.
    pattern: What a path below the route prefix must match.
    rank: The preference among matching routes; a lower one wins. One number per segment: 0 for a literal, 1 for a
        parameter with a constraint, 2 without, 3 for a rest parameter.
    """

    template: str
    pattern: re.Pattern[str]
    rank: tuple[int, ...]

    def match(self, path: str) -> dict[str, str] | None:
        """Return the values of the parameters, or None if the path does not match."""
        found = self.pattern.fullmatch(path.strip("/"))
        if found is None:
            return None
        return {name: unquote(value) for name, value in found.groupdict().items() if value is not None}


def parse_route(template: str) -> Route:
    """Parse a template. Raises BindingError if the Functions host would not register it (docs/facts.md, Index)."""
    segments = [each for each in template.strip("/").split("/") if each]
    if segments and segments[0].lower() in _RESERVED:
        raise BindingError(f"the route {template!r} begins with {segments[0]}, which is reserved for the host")
    parts = [_segment(each, template) for each in segments]
    pattern = parts[0][0] if parts else ""
    for text, optional, _ in parts[1:]:
        pattern += f"(?:/{text})?" if optional else f"/{text}"
    if len(parts) == 1 and parts[0][1]:
        pattern = f"(?:{pattern})?"
    try:
        compiled = re.compile(pattern, re.IGNORECASE)
    except re.error as error:  # a duplicate parameter, or an invalid regex constraint
        raise BindingError(f"the route {template!r} is invalid: {error}") from None
    return Route(template, compiled, tuple(rank for _, _, rank in parts))


def _segment(segment: str, template: str) -> tuple[str, bool, int]:
    """Return the segment's pattern, whether it may be missing, and its rank."""
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
        raise BindingError(f"the route {template!r} is invalid at {segment!r}")
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
        raise BindingError(f"the route {template!r} has the constraint {kind!r}, which this host does not support")
    return _CONSTRAINTS[kind.lower()]


_CALLS: dict[str, Callable[[str], str]] = {
    "length": lambda text: f"[^/]{{{text}}}",
    "minlength": lambda text: f"[^/]{{{text},}}",
    "maxlength": lambda text: f"[^/]{{0,{text}}}",
    "regex": lambda text: f"(?:{text.removeprefix('^').removesuffix('$')})",
}
