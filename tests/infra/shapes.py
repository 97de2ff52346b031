"""Which list of known properties applies to a resource: by its type, and for a site's settings also by its name."""

from __future__ import annotations

from tests.infra.bicep import Declared, literal, properties

BY_NAME = ("Microsoft.Web/sites/config",)


def kind_of(resource: Declared) -> str:
    """Return the resource's key in data/properties.json."""
    if resource.type not in BY_NAME:
        return resource.type
    return f"{resource.type}#{literal(properties(resource.body)['name'])}"
