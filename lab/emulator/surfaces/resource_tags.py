"""The tags of a resource as a resource of its own: `{scope}/providers/Microsoft.Resources/tags/default`.

A PATCH merges, replaces or deletes tags. Names are compared without regard to case, as Azure does.
"""

from typing import Any

from lab.emulator.surfaces.bodies import WrongTypeError, json_object, present, text, texts

OPERATIONS = ("Merge", "Replace", "Delete")


def changed(tags: dict[str, str], body: dict[str, Any]) -> dict[str, str]:
    """Return the tags after the PATCH that `body` describes.

    `Delete` removes a tag whose value is the given one, or whatever its value is if the given one is empty. Raises
    WrongTypeError if the body has a wrong type or names no operation.
    """
    given = present(body)
    operation = text(given.get("operation"), "operation").capitalize()
    if operation not in OPERATIONS:
        raise WrongTypeError(f"The value of operation must be {', '.join(OPERATIONS)}.")
    named = texts(present(json_object(given.get("properties"), "properties")).get("tags", {}), "tags")
    if operation == "Replace":
        return named
    wanted = {name.lower(): value for name, value in named.items()}
    if operation == "Merge":
        return {name: value for name, value in tags.items() if name.lower() not in wanted} | named
    return {name: value for name, value in tags.items() if wanted.get(name.lower()) not in ("", value)}


def shown(scope: str, tags: dict[str, str]) -> dict[str, Any]:
    """Return the tags of the resource at `scope` as ARM shows them."""
    kind = "Microsoft.Resources/tags"
    return {"id": f"{scope}/providers/{kind}/default", "name": "default", "type": kind, "properties": {"tags": tags}}
