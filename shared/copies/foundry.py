"""Connections of Foundry accounts and of their projects."""

from __future__ import annotations

from shared.copies.connections import read_connections
from shared.copies.traces import HolderList, KeyPlace

_MOVE = (
    "Make a connection of the same name with Microsoft Entra ID in place of the key, and give the project's managed "
    "identity the role Cognitive Services OpenAI User on the account. An account needs no connection to itself"
)
_BLIND = "A connection that names no account, such as one with keys of its own naming, cannot be judged."
_TYPES = ("microsoft.cognitiveservices/accounts",)

FOUNDRY = KeyPlace(
    "foundry-connection",
    "Connections of Foundry accounts",
    _TYPES,
    ((HolderList.CONNECTIONS, read_connections),),
    _MOVE,
    _BLIND,
)
FOUNDRY_PROJECTS = KeyPlace(
    "foundry-project-connection",
    "Connections of Foundry projects",
    _TYPES,
    ((HolderList.PROJECT_CONNECTIONS, read_connections),),
    _MOVE,
    _BLIND,
    through=HolderList.PROJECTS,
)
