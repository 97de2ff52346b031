"""Count an account's calls with a key, in the Log Analytics workspace that its diagnostic settings write to.

An entry of the category RequestResponse carries the caller's Entra object id; one without was called with a key
(azure-facts, section 8). Listing models is left out of the count: that is how this app proves keys. A count of
nothing is believed only where something was logged, so an account whose log goes elsewhere never seems unused.
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
from shared.domain.times import iso_duration

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

_QUERY = """AzureDiagnostics
| where ResourceProvider == "MICROSOFT.COGNITIVESERVICES" and Category == "RequestResponse"
| where _ResourceId =~ {account}
| extend caller = tostring(parse_json(properties_s).objectId)
| summarize logged = count(), keyCalls = countif(isempty(caller) and OperationName !contains "models")"""
_LONGEST = "wait=25"  # seconds, less than a client waits for its answer
_DOING = "count calls with a key"


class LogAnalytics:
    """One workspace, by its id, over the query interface."""

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
        with azure_errors(f"workspace {self._workspace}", _DOING):
            answer = await self._ask(account)
        logged, calls = self._read(answer)
        if not logged:
            raise self._nothing_logged(account)
        return calls

    async def _ask(self, account: AccountId) -> Any:  # noqa: ANN401 - whatever was answered
        query = _QUERY.format(account=json.dumps(str(account)))
        body = {"query": query, "timespan": iso_duration(self._look_back)}
        request = HttpRequest("POST", self._address, json=body, headers={"Prefer": _LONGEST})
        response = await self._client.send_request(request, retry_on_methods=["POST"])  # asking twice changes nothing
        if response.status_code != 200:
            raise HttpResponseError(response=response)
        return response.json()

    def _read(self, answer: Any) -> tuple[int, int]:  # noqa: ANN401
        """Both counts. An answer that Azure itself calls partial counts nothing."""
        thing = f"workspace {self._workspace}"
        if isinstance(answer, dict) and "error" in answer:
            raise TryLater(thing, f"could not {_DOING}: only a part of the answer came.")
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
            f"{what}, so nobody can say that keys are not used, and they do not end.",
            "send the account's RequestResponse log there; where it is sent, call the account once without a key",
        )
