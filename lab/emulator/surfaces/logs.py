"""The query endpoint of Log Analytics, for the one query that the app sends.

The Kusto language is not imitated. The known query is answered from the call logs of the workspaces that the request
names; any other query, and a timespan that is not written in days, hours, minutes and seconds, is refused with
NotImitated. `call_log` holds the data, and `call_usage` computes the answer.
"""

import json
import re
import zlib
from collections.abc import Callable
from typing import Any, override

from aiohttp import web

from lab.emulator.call_log import Workspace
from lab.emulator.call_usage import usage_rows
from lab.emulator.directory import Identity
from lab.emulator.errors import AzureError, NotImitatedError
from lab.emulator.surfaces.common import Call, Route, Surface, entra_identity, error_body, json_answer, route

AUDIENCE = "https://api.loganalytics.io"
MOST_WORKSPACES = 10
_WORKSPACES = "Microsoft.OperationalInsights/workspaces"
_RIGHTS = (f"{_WORKSPACES}/read", f"{_WORKSPACES}/query/read", f"{_WORKSPACES}/query/AzureDiagnostics/read")
# The query that is known, word by word. Spaces and line breaks count as one space.
_TEXT = """
let until = ago(15m); let since = until - SECONDSs;
let logged = AzureDiagnostics | where TimeGenerated > since - 15m
| where ResourceProvider =~ "MICROSOFT.COGNITIVESERVICES" and Category == "RequestResponse";
let workspaces = toscalar(logged | summarize make_set(TenantId));
let counted = materialize(logged ACCOUNT
| extend account = tolower(_ResourceId), properties = tostring(column_ifexists("properties_s", ""))
| extend p = parse_json(properties)
| extend caller = coalesce(tostring(p.callerObjectId), tostring(p.objectId), tostring(p.objectid))
| extend address = tostring(column_ifexists("CallerIPAddress", ""))
| extend client = substring(coalesce(tostring(p.userAgent), tostring(column_ifexists("userAgent_s", ""))), 0, 200)
| extend lists = OperationName contains "models"
and not(OperationName matches regex "(?i)chat|completion|embedding|response|image|audio|speech|video|create|delete")
| extend call = iff(isempty(CorrelationId), tostring(new_guid()), CorrelationId)
| summarize at = min(TimeGenerated), caller = take_anyif(caller, isnotempty(caller)),
address = take_anyif(address, isnotempty(address)), client = take_anyif(client, isnotempty(client)),
models = countif(lists), acts = countif(isnotempty(OperationName) and not(lists)),
full = countif(properties !in ("", "{}")), lines = count(), places = make_set(TenantId),
ended = max(TimeGenerated) by account, call
| extend shared = lines > 2 * array_length(places) or ended - at > 5m
| extend at = iff(shared and ended >= since, max_of(at, since), at)
| where at >= since and at < until
| extend way = case(shared, "unclear", isnotempty(caller), "identity", models > 0 and acts == 0, "models",
full == 0, "unclear", "key")
| extend address = iff(way == "key", address, ""), client = iff(way == "key", client, "")
| summarize number = count(), last_at = max(at)
by account, way, day = format_datetime(at, "yyyy-MM-dd"), caller, address, client);
let days = counted
| summarize keyed = sumif(number, way == "key"), named = sumif(number, way == "identity") by account, day
| sort by day asc | summarize days = make_list(pack_array(day, keyed, named)) by account;
let callers = counted | where way == "key"
| summarize number = sum(number), last_at = max(last_at) by account, address, client
| sort by number desc, address asc, client asc
| summarize callers = make_list(pack_array(address, client, number, last_at), 20), different = count() by account;
let identities = counted | where way == "identity"
| summarize number = sum(number), last_at = max(last_at) by account, caller
| sort by number desc, caller asc
| summarize identities = make_list(pack_array(caller, number, last_at), 20) by account;
counted
| summarize last_key = maxif(last_at, way == "key"), last_identity = maxif(last_at, way == "identity"),
unclear = sumif(number, way == "unclear") by account
| join kind=leftouter days on account
| join kind=leftouter callers on account
| join kind=leftouter identities on account
| project account, since = since, until = until, workspaces = workspaces, days, callers,
different = coalesce(different, 0), identities, last_key, last_identity, unclear
"""
_KNOWN = re.compile(
    re.escape(" ".join(_TEXT.split()))
    .replace("SECONDS", r"(?P<seconds>\d{1,9})")
    .replace(
        r"ACCOUNT\ ",
        r'(?:\|\ where\ _ResourceId\ =\~\ (?P<account>"[^"\\]+")\ )?'
        r"(?:\|\ where\ hash\(tolower\(_ResourceId\),\ (?P<of>\d{1,3})\)\ ==\ (?P<part>\d{1,3})\ )?",
    )
)
_SPAN = re.compile(r"P(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?)?")
_UNITS = (86400, 3600, 60, 1)
_TYPES = {
    "account": "string", "since": "datetime", "until": "datetime", "workspaces": "dynamic", "days": "dynamic",
    "callers": "dynamic", "different": "long", "identities": "dynamic", "last_key": "datetime",
    "last_identity": "datetime", "unclear": "long",
}  # fmt: skip
_PARTIAL = {"code": "PartialError", "message": "There were some errors when processing your query."}


class Logs(Surface):
    """The query endpoint of the world's workspaces."""

    service = "logs"

    @override
    def make_routes(self) -> list[Route]:
        """Return the one operation: query."""
        return [route("POST", r"/v1/workspaces/(?P<workspace>[^/]+)/query", "logs.query", self.query)]

    @override
    def target(self, call: Call) -> str:
        """Return the workspace id in the path."""
        return call.parts["workspace"]

    @override
    def identify(self, call: Call) -> Identity:
        """Return the identity of the caller. Raises AzureError 401 without a valid token for Log Analytics."""
        identity = entra_identity(call, (AUDIENCE, f"https://{call.request.host}"))
        if identity is None:
            message = "Valid authentication was not provided"
            raise AzureError(401, "AuthorizationRequiredError", message, headers={"WWW-Authenticate": "Bearer"})
        return identity

    def query(self, call: Call) -> web.Response:
        """Return how the accounts were called that are logged in the workspaces.

        204 without a body if the workspaces hold no data at all, and an incomplete or empty answer if a workspace says
        so. Raises AzureError 404 for an unknown workspace, 403 without the rights to read each workspace, to query it
        and to read the table (docs/facts.md, Logs), 400 for an invalid body or a column that is missing, and
        NotImitatedError for another query.
        """
        first = self._found(call.parts["workspace"])
        self._check_rights(call, first)
        body = _body(call)
        asked = [first, *(self._found(one) for one in _others(body))]
        for workspace in asked:
            self._check_rights(call, workspace)
            _check_columns(str(body.get("query")), workspace)
        which, seconds = _asked_for(body)
        if all(workspace.no_data and not workspace.calls for workspace in asked):
            return web.Response(status=204)
        if any(workspace.answers == "empty" for workspace in asked):
            return web.Response(status=200)
        rows = usage_rows(asked, seconds, which)
        if any(workspace.answers == "partial" for workspace in asked):
            return json_answer({**_tables(rows[::2]), "error": _PARTIAL})
        return json_answer(_tables(rows))

    def _found(self, name: str) -> Workspace:
        """The workspace of that id or resource id. Names, which Azure takes too, are not imitated."""
        known = [one for one in self.world.workspaces if name.lower() in (one.id, one.resource_id.lower())]
        if not known:
            raise AzureError(404, "PathNotFoundError", "The requested path does not exist")
        return known[0]

    def _check_rights(self, call: Call, workspace: Workspace) -> None:
        for action in _RIGHTS:
            if call.caller is None or not self.world.directory.allows(call.caller, action, workspace.resource_id):
                message = "The provided credentials have insufficient access to perform the requested operation"
                raise AzureError(403, "InsufficientAccessError", message)

    @override
    def refusal(self, error: AzureError, call: Call) -> web.Response:
        """Return an error in the form of Log Analytics."""
        return json_answer(error_body(error), error.status)


def _bad() -> AzureError:
    return AzureError(400, "BadArgumentError", "The request had some invalid properties")


def _body(call: Call) -> dict[str, Any]:
    try:
        return call.json_object()
    except ValueError as error:
        raise _bad() from error


def _others(body: dict[str, Any]) -> list[str]:
    """The further workspaces that the body names."""
    others = body.get("workspaces") or []
    if not isinstance(others, list) or not all(isinstance(one, str) for one in others):
        raise _bad()
    if len(others) >= MOST_WORKSPACES:
        raise _bad()
    return others


def _check_columns(query: str, workspace: Workspace) -> None:
    """Refuse a query that names a column which the table lacks, unless it does so within column_ifexists."""
    bare = re.sub(r'column_ifexists\("\w+"', "", query)
    if any(re.search(rf"\b{column}\b", bare) for column in workspace.lacks):
        raise _bad()


def _asked_for(body: dict[str, Any]) -> tuple[Callable[[str], bool], float]:
    """Return which accounts the query asks for, by their ids in lower case, and the length of the span in seconds.

    Azure applies the timespan beside the query's own bounds. One that is shorter than the query reads is not imitated.
    """
    text = " ".join(str(body.get("query")).split())
    known, span = _KNOWN.fullmatch(text), _SPAN.fullmatch(str(body.get("timespan")))
    if known is None:
        raise NotImitatedError("any query except the one that tells how accounts were called")
    if span is None or not any(span.groups()):
        raise NotImitatedError(f"the timespan {body.get('timespan')!r}")
    seconds = float(known["seconds"])
    if sum(float(part or 0) * unit for part, unit in zip(span.groups(), _UNITS, strict=True)) < seconds + 2 * 900:
        raise NotImitatedError("a timespan that is shorter than the query's own span")
    account = json.loads(known["account"]).lower() if known["account"] else None
    part, of = int(known["part"] or 0), int(known["of"] or 1)
    return lambda name: account in (None, name) and part_of(name, of) == part, seconds


def part_of(account: str, of: int) -> int:
    """Return the part to which an account belongs, if all are divided in so many. Azure's own way is not imitated."""
    return zlib.crc32(account.encode()) % of


def _tables(rows: list[list[Any]]) -> dict[str, Any]:
    """The answer's one table. Values of a dynamic column are JSON in a text."""
    columns = [{"name": name, "type": sort} for name, sort in _TYPES.items()]
    told = [
        [
            json.dumps(value) if sort == "dynamic" and value is not None else value
            for value, sort in zip(row, _TYPES.values(), strict=True)
        ]
        for row in rows
    ]
    return {"tables": [{"name": "PrimaryResult", "columns": columns, "rows": told}]}
