"""Connections of hubs and of workspaces of Azure Machine Learning."""

from __future__ import annotations

from shared.copies.connections import read_connections
from shared.copies.traces import HolderList, KeyPlace

HUBS = KeyPlace(
    "hub-connection",
    "Connections of hubs and Machine Learning workspaces",
    ("microsoft.machinelearningservices/workspaces",),
    ((HolderList.HUB_CONNECTIONS, read_connections),),
    "Let the connection use Microsoft Entra ID, and give the workspace's managed identity or its users the role "
    "Cognitive Services OpenAI User on the account",
    "A connection that names no account cannot be judged.",
)
