"""The pages of Azure Resource Manager's lists: a skip token says where the next one begins."""

from collections.abc import Callable, Sequence
from typing import Any

from lab.emulator.errors import AzureError
from lab.emulator.surfaces.common import Call


def page[T](call: Call, found: Sequence[T], size: int, shown: Callable[[T], dict[str, Any]]) -> dict[str, Any]:
    """Return the page of a list that the call's skip token names, and the address of the next one."""
    start = _skip(call)
    body: dict[str, Any] = {"value": [shown(one) for one in found[start : start + size]]}
    if start + size < len(found):
        here = call.request.url.with_host(call.request.url.host or "")
        body["nextLink"] = str(here.update_query({"$skiptoken": str(start + size)}))
    return body


def _skip(call: Call) -> int:
    token = call.query("$skiptoken", "0")
    if not token.isdecimal() or len(token) > 9:
        raise AzureError(400, "InvalidSkipToken", "The skip token is invalid.", gateway=True)
    return int(token)
