"""Which addresses can be the endpoint of an account, so that a key is sent to no other host.

Endpoints come from Azure Resource Manager and from tags. Both are judged here, by the same rule, and once more before
each try of a key. Only the address is judged; that the host is Azure's own is then shown by its certificate.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from shared.adapters.connections import is_loopback

# The domains of such accounts in the public cloud, in Azure Government and in Azure China (docs/facts.md, Calls). Only
# Azure gives out names in them. A cloud with other domains is not served: its accounts end in PersonMustLook.
_DOMAINS = (
    ".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com", ".api.cognitive.microsoft.com",
    ".openai.azure.us", ".cognitiveservices.azure.us", ".services.ai.azure.us", ".api.cognitive.microsoft.us",
    ".openai.azure.cn", ".cognitiveservices.azure.cn", ".services.ai.azure.cn", ".api.cognitive.azure.cn",
)  # fmt: skip
# A host and nothing else: no user, port, path, query or fragment, and no character that two parsers read differently.
_PLAIN = re.compile(r"https://([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)/?", re.ASCII)


def could_be_an_endpoint(endpoint: str, resource_manager: str) -> bool:
    """Return whether an account can have this endpoint.

    endpoint: The address, as Azure Resource Manager or a tag names it.
    resource_manager: The address of Azure Resource Manager. Only if it is on this machine (the emulator), may an
        endpoint be so, too.
    """
    plain = _PLAIN.fullmatch(endpoint)
    if plain is not None and plain[1].lower().endswith(_DOMAINS):
        return True
    return is_loopback(resource_manager) and _is_emulated(endpoint)


def _is_emulated(endpoint: str) -> bool:
    try:
        parts = urlsplit(endpoint)
        plain = parts.username is None and not parts.query and not parts.fragment
        return parts.scheme == "https" and plain and is_loopback(endpoint)
    except ValueError:
        return False
