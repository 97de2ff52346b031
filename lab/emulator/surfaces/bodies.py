"""The types of the values in JSON bodies. A value of a wrong type is refused, as Azure does, and never stored.

Each function takes a value and the name by which a refusal calls it. It returns the value with its type known, and
raises WrongTypeError for another type. In all bodies null counts as absent; callers leave it out before they ask.
"""

from typing import Any


class WrongTypeError(ValueError):
    """A value in a body has another type than the interface description gives it."""


def json_object(value: object, name: str) -> dict[str, Any]:
    """Return a JSON object."""
    if not isinstance(value, dict):
        raise WrongTypeError(f"The value of {name} must be an object.")
    return value


def json_list(value: object, name: str) -> list[Any]:
    """Return a JSON array."""
    if not isinstance(value, list):
        raise WrongTypeError(f"The value of {name} must be an array.")
    return value


def text(value: object, name: str) -> str:
    """Return a text."""
    if not isinstance(value, str):
        raise WrongTypeError(f"The value of {name} must be a string.")
    return value


def boolean(value: object, name: str) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise WrongTypeError(f"The value of {name} must be true or false.")
    return value


def whole(value: object, name: str) -> int:
    """Return a whole number that fits in 64 bits."""
    if not isinstance(value, int) or isinstance(value, bool) or not -(2**63) <= value < 2**63:
        raise WrongTypeError(f"The value of {name} must be an integer.")
    return value


def texts(value: object, name: str) -> dict[str, str]:
    """Return an object whose values are texts, such as tags."""
    return {key: text(one, f"{name}.{key}") for key, one in json_object(value, name).items()}


def present(body: dict[str, Any]) -> dict[str, Any]:
    """Return the members of an object that are not null."""
    return {name: value for name, value in body.items() if value is not None}
