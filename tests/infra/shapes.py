"""Which shape a resource has: by its type, and for the settings of a site by its name too."""

from __future__ import annotations

from tests.infra.bicep import Declared, literal, properties

BY_NAME = ("Microsoft.Web/sites/config",)


def kind_of(resource: Declared) -> str:
    if resource.type not in BY_NAME:
        return resource.type
    return f"{resource.type}#{literal(properties(resource.body)['name'])}"
