"""The query endpoint of Log Analytics, for the one query that the app sends.

The Kusto language is not imitated. The known query is answered from the workspace's call log; any other query, and a
timespan that is not written in days, hours, minutes and seconds, is refused with NotImitated. `call_log` holds the
data.
"""

import re
from typing import Any, override

from aiohttp import web

from lab.emulator.directory import Identity
from lab.emulator.errors import AzureError, NotImitatedError
from lab.emulator.surfaces.common import Call, Route, Surface, entra_identity, error_body, json_answer, route

AUDIENCE = "https://api.loganalytics.io"
_WORKSPACES = "Microsoft.OperationalInsights/workspaces"
_RIGHTS = (f"{_WORKSPACES}/read", f"{_WORKSPACES}/query/read", f"{_WORKSPACES}/query/AzureDiagnostics/read")
_BY_CALL = 'caller = take_anyif(caller, isnotempty(caller)), models = countif(OperationName contains "models")'
_LINES = (
    "AzureDiagnostics",
    '| where ResourceProvider == "MICROSOFT.COGNITIVESERVICES" and Category == "RequestResponse"',
    "| where _ResourceId =~ ACCOUNT",
    '| extend p = parse_json(tostring(column_ifexists("properties_s", "{}")))',
    "| extend caller = coalesce(tostring(p.callerObjectId), tostring(p.objectId), tostring(p.objectid))",
    "| extend call = iff(isempty(CorrelationId), tostring(new_guid()), CorrelationId)",
    f"| summarize {_BY_CALL} by call",
    "| summarize logged = count(), keyCalls = countif(isempty(caller) and models == 0)",
)
_KNOWN = re.compile(re.escape("\n".join(_LINES)).replace("ACCOUNT", r'(?P<account>"[^"\\]+")'))
_SPAN = re.compile(r"P(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?")
_UNITS = (86400, 3600, 60, 1)
_COLUMNS = [{"name": "logged", "type": "long"}, {"name": "keyCalls", "type": "long"}]


class Logs(Surface):
    """The query endpoint of the world's one workspace."""

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
        """Return the number of calls and of key calls of an account within the timespan.

        Raises AzureError 404 for another workspace, 403 without the rights to read the workspace, to query it and
        to read the table (docs/facts.md, Logs), 400 for an invalid body, and NotImitatedError for another query.
        """
        workspace = self.world.workspace
        if call.parts["workspace"].lower() != workspace.id:
            raise AzureError(404, "PathNotFoundError", "The requested path does not exist")
        self._check_rights(call, workspace.resource_id)
        account, seconds = _account_and_seconds(call)
        row = list(workspace.count(account, seconds))
        return json_answer({"tables": [{"name": "PrimaryResult", "columns": _COLUMNS, "rows": [row]}]})

    def _check_rights(self, call: Call, workspace: str) -> None:
        for action in _RIGHTS:
            if call.caller is None or not self.world.directory.allows(call.caller, action, workspace):
                message = "The provided credentials have insufficient access to perform the requested operation"
                raise AzureError(403, "InsufficientAccessError", message)

    @override
    def refusal(self, error: AzureError, call: Call) -> web.Response:
        """Return an error in the form of Log Analytics."""
        return json_answer(error_body(error), error.status)


def _account_and_seconds(call: Call) -> tuple[str, float]:
    """Return the account that the query names, and the length of the timespan in seconds."""
    try:
        body: dict[str, Any] = call.json_object()
    except ValueError as error:
        raise AzureError(400, "BadArgumentError", "The request had some invalid properties") from error
    known, span = _KNOWN.fullmatch(str(body.get("query"))), _SPAN.fullmatch(str(body.get("timespan")))
    if known is None:
        raise NotImitatedError("any query except the one that counts the calls of an account")
    if span is None or not any(span.groups()):
        raise NotImitatedError(f"the timespan {body.get('timespan')!r}")
    seconds = sum(int(part or 0) * unit for part, unit in zip(span.groups(), _UNITS, strict=True))
    return known["account"].strip('"'), seconds
