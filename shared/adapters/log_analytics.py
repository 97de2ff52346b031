"""Count an account's calls with a key, in the Log Analytics workspace to which its diagnostic settings write.

The category RequestResponse has two rows for each call, one of them nearly empty; both have the call's CorrelationId.
The caller's Entra object id is in one of them, under one of three names; a call without it used a key, as far as the
log can tell. Rows without a CorrelationId are calls of their own. Calls that list models are
not counted, because this app proves keys with them. A count of zero is accepted only if any call was logged, so an
account whose log goes to another workspace never looks unused.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from azure.core import AsyncPipelineClient
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.policies import AsyncBearerTokenCredentialPolicy, AsyncRetryPolicy, UserAgentPolicy
from azure.core.rest import HttpRequest

from shared.adapters.connections import Connections
from shared.adapters.translate import azure_errors
from shared.domain.errors import FixConfiguration, TryLater, UnexpectedAnswer
from shared.domain.model import AccountId
from shared.domain.refusal import Call
from shared.domain.times import iso_duration

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

_QUERY = """AzureDiagnostics
| where ResourceProvider == "MICROSOFT.COGNITIVESERVICES" and Category == "RequestResponse"
| where _ResourceId =~ {account}
| extend p = parse_json(tostring(column_ifexists("properties_s", "{{}}")))
| extend caller = coalesce(tostring(p.callerObjectId), tostring(p.objectId), tostring(p.objectid))
| extend call = iff(isempty(CorrelationId), tostring(new_guid()), CorrelationId)
| summarize caller = take_anyif(caller, isnotempty(caller)), models = countif(OperationName contains "models") by call
| summarize logged = count(), keyCalls = countif(isempty(caller) and models == 0)"""
_LONGEST = "wait=25"  # seconds that the query may take; the client waits 30 for its answer
_DOING = "count calls with a key"


class LogAnalytics:
    """One workspace, through its query interface.

    credential: The app's identity.
    endpoint: The query service.
    workspace: The workspace's id, a GUID.
    look_back: How far back calls are counted.
    connections: The process's sessions.
    """

    def __init__(
        self,
        credential: AsyncTokenCredential,
        endpoint: str,
        workspace: str,
        look_back: timedelta,
        connections: Connections,
    ) -> None:
        self._workspace, self._look_back = workspace, look_back
        self._address = f"{endpoint}/v1/workspaces/{workspace}/query"
        bearer = AsyncBearerTokenCredentialPolicy(credential, f"{endpoint}/.default")
        policies = [UserAgentPolicy("key-rotation"), AsyncRetryPolicy(retry_total=1), bearer]
        self._client: Any = AsyncPipelineClient(endpoint, policies=policies, transport=connections.transport())

    async def key_calls(self, account: AccountId) -> int:
        """Return how many calls with a key the account received in the look-back window.

        Raises FixConfiguration if no call of any kind was logged, and TryLater or UnexpectedAnswer if the answer is
        incomplete or cannot be read.
        """
        with azure_errors(f"workspace {self._workspace}", _DOING, Call.QUERY_LOGS):
            answer = await self._ask(account)
        logged, calls = self._read(answer)
        if not logged:
            raise self._nothing_logged(account)
        return calls

    async def _ask(self, account: AccountId) -> Any:  # noqa: ANN401 - any JSON
        query = _QUERY.format(account=json.dumps(str(account)))
        body = {"query": query, "timespan": iso_duration(self._look_back)}
        request = HttpRequest("POST", self._address, json=body, headers={"Prefer": _LONGEST})
        response = await self._client.send_request(request, retry_on_methods=["POST"])  # a query changes nothing
        if response.status_code != 200:
            raise HttpResponseError(response=response)
        return response.json()

    def _read(self, answer: Any) -> tuple[int, int]:  # noqa: ANN401
        """How many calls were logged, and how many used a key. An answer that Azure calls partial is refused."""
        thing = f"workspace {self._workspace}"
        if isinstance(answer, dict) and "error" in answer:
            raise TryLater(thing, f"could not {_DOING}: Azure returned only a part of the answer.")
        try:
            (table,) = answer["tables"]
            (row,) = table["rows"]
            named = dict(zip((column["name"] for column in table["columns"]), row, strict=True))
            logged, calls = named["logged"], named["keyCalls"]
        except (KeyError, TypeError, ValueError):
            raise UnexpectedAnswer(thing, f"could not {_DOING}: the answer could not be read.") from None
        if type(logged) is not int or type(calls) is not int or not 0 <= calls <= logged:
            raise UnexpectedAnswer(thing, f"could not {_DOING}: the answer holds no counts.")
        return logged, calls

    def _nothing_logged(self, account: AccountId) -> FixConfiguration:
        what = f"no call of any kind was logged in workspace {self._workspace} within {iso_duration(self._look_back)}"
        return FixConfiguration(
            str(account),
            f"{what}, so it is not known whether keys are still used, and they are not switched off.",
            "send the account's RequestResponse log there; if that is set up, call the account once without a key",
        )
