"""Which account an address belongs to, and which secret it is: what places are compared by.

A custom subdomain is one account's alone, whatever Azure domain follows it. The name of a vault is unique, too, and
some places name a vault without its domain. So only these first labels are compared.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import urlsplit

_OF_ONE_ACCOUNT = re.compile(
    r"([a-z0-9][a-z0-9-]*)(?:\.privatelink)?\.(?:openai|cognitiveservices|services\.ai)\.azure\.(?:com|us|cn)"
)
_ACCOUNT = re.compile(
    r"/subscriptions/[^/]+/resourcegroups/[^/]+/providers/microsoft\.cognitiveservices/accounts/[^/]+"
)
_OF_A_REGION = (".api.cognitive.microsoft.com", ".api.cognitive.microsoft.us", ".api.cognitive.azure.cn")


def account_label(host: str) -> str:
    """Return the custom subdomain in the host of an account, in lower case. Empty if the host names no account.

    host: The host, with or without a port.
    """
    found = _OF_ONE_ACCOUNT.fullmatch(host.lower().partition(":")[0])
    return found[1] if found else ""


def is_regional(host: str) -> bool:
    """Return whether all accounts of a region answer at the host, so that it names none of them."""
    return host.lower().partition(":")[0].endswith(_OF_A_REGION)


def account_in(resource: str) -> str:
    """Return the id of the account in a resource id of it or of its parts, such as a project, in lower case.

    Another resource id comes back as it is.
    """
    lower = resource.lower()
    found = _ACCOUNT.match(lower)
    return found[0] if found else lower


def secret_of(vault: str, name: str) -> str:
    """Return what a secret is compared by.

    vault: The vault's name or host.
    name: The secret's name.
    """
    label, dot, _ = vault.lower().partition(".")
    whole = not dot or label.isdecimal()  # a bare name, or the address of a machine
    return f"{vault.lower() if whole else label}/{name.lower()}"


def secret_at(url: str) -> str:
    """Return what a secret is compared by. Empty if the address is not a secret's.

    url: The secret's address, with or without a version.
    """
    parts = urlsplit(url)
    names = parts.path.strip("/").split("/")
    return secret_of(parts.netloc, names[1]) if len(names) in (2, 3) and names[0] == "secrets" else ""


def version_mark(version: str) -> str:
    """Return what a version of a secret is compared by. Empty for none.

    A version has 32 hexadecimal digits, as keys had until 2023. So what others wrote in its place is compared and never
    shown.
    """
    return hashlib.sha256(version.lower().encode(errors="surrogatepass")).hexdigest()[:16] if version else ""
