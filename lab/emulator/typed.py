"""Checks facts that come from JSON against the types of a dataclass, so that nothing of a wrong type is stored."""

from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints


def check(kind: type, facts: Mapping[str, Any]) -> None:
    """Raise ValueError if a fact is not a field of the dataclass `kind`, or has another type than that field."""
    hints = get_type_hints(kind)
    for name, value in facts.items():
        if name not in hints:
            raise ValueError(f"there is no field {name}; fields are {', '.join(hints)}")
        if not _fits(value, hints[name]):
            raise ValueError(f"{name} has the wrong type {type(value).__name__}")


def _fits(value: object, hint: Any) -> bool:  # noqa: ANN401  (any annotation)
    """Return whether a value of JSON has an annotated type. What JSON cannot hold fits nothing."""
    origin = get_origin(hint)
    if hint is Any:
        return True
    if origin is UnionType:
        return any(_fits(value, one) for one in get_args(hint))
    if origin is Literal:
        return value in get_args(hint)
    if origin is dict:
        inner = get_args(hint)[1]
        return isinstance(value, dict) and all(_fits(one, inner) for one in value.values())
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return hint in (str, bool, NoneType) and isinstance(value, hint)
