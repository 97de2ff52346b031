"""Places that are not looked at, each with the reason. Each answer names them, so nobody takes it for the whole."""

from __future__ import annotations

from shared.copies.kinds import LookedAt

NOT_LOOKED = (
    LookedAt(
        "apim-backend",
        "Backends and policies of API Management",
        why="Azure shows the keys in them to every reader, so this app would receive them by looking. Look for the "
        "headers api-key and Ocp-Apim-Subscription-Key there yourself.",
    ),
    LookedAt(
        "app-value",
        "App settings and connection strings that hold a value",
        why="Azure shows them only together with all other settings of the app, in clear.",
    ),
    LookedAt(
        "app-configuration",
        "App Configuration",
        why="What refers to a secret there is a value, and to read one takes a right to all values.",
    ),
    LookedAt(
        "bot-connection",
        "Connections of Bot Service",
        why="They sign users in and rarely hold a key of an account; their parameters are shown in clear.",
    ),
    LookedAt(
        "outside-azure",
        "Whatever lies outside Azure Resource Manager",
        why="Secrets of repositories and pipelines, Kubernetes, disks, notebooks, credentials of databases, Power "
        "Platform and people's machines are out of its sight.",
    ),
)
