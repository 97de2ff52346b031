"""Which target a request asks for: by its name in the path, or by the account's resource id in the query."""

from __future__ import annotations

import re

from shared.domain.errors import UnknownTarget
from shared.domain.model import AccountId
from shared.domain.text import plain, quotable
from shared.web.bodies import BadRequest

_OBJECT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
BY_ACCOUNT = "-"  # in the path, where the query names the account: no target has this name
_FORM = (
    "/subscriptions/<guid>/resourceGroups/<group>/providers/Microsoft.CognitiveServices/accounts/<name>, "
    "in /api/targets/-/...?account=<id>"
)
_ONE_OF_THEM = "ask for /api/targets/<name>, or for /api/targets/-?account=<resource id>"


def asked_for(name: str, account: str) -> str | AccountId:
    """Return the target's name, or the account whose target is asked for.

    name: The name in the path.
    account: The parameter `account` of the query. Empty if it has none.

    Raises UnknownTarget unless exactly one of the two is named, and BadRequest if the account is not a resource id.
    """
    if name != BY_ACCOUNT and not account:
        return name
    if name != BY_ACCOUNT or not account:
        raise UnknownTarget("account", "a target is asked for by its name or by its account, not both.", _ONE_OF_THEM)
    try:
        return AccountId.parse(account)
    except ValueError:
        shown = quotable(plain(account))[:300]
        raise BadRequest(422, "BadField", f"account: {shown!r} is no resource id of an account: {_FORM}.") from None


def is_object_id(text: str) -> bool:
    """Return whether a text can be the object id of somebody in Microsoft Entra ID."""
    return _OBJECT_ID.fullmatch(text) is not None


def address_of(which: str | AccountId, name: str) -> str:
    """Return the path under which a target is seen, for a caller who asked for it in this way."""
    return f"/api/targets/{name}" if isinstance(which, str) else f"/api/targets/{BY_ACCOUNT}?account={which}"
