"""The diagnostic settings of a resource as Azure Resource Manager lists them, api-version 2021-05-01-preview.

`resources` holds them; `management` has the route and checks the right (docs/facts.md, Reads).
"""

from typing import Any

from lab.emulator.resources import DiagnosticSetting

VERSION = "2021-05-01-preview"
PAGE = 20  # more than a resource can have


def shown(resource: str, one: DiagnosticSetting) -> dict[str, Any]:
    """Return a diagnostic setting of a resource, given by its id, as ARM shows it."""
    logs = [{"category": name, "enabled": True} for name in one.categories]
    logs += [{"categoryGroup": name, "enabled": True} for name in one.groups]
    logs += [{"category": name, "enabled": False} for name in one.off]
    unkept = {"enabled": False, "days": 0}
    return {
        "id": f"{resource}/providers/microsoft.insights/diagnosticSettings/{one.name}",
        "type": "Microsoft.Insights/diagnosticSettings",
        "name": one.name,
        "properties": {
            "workspaceId": one.workspace,
            "logs": [{**log, "retentionPolicy": unkept} for log in logs],
            "metrics": [],
        },
    }
