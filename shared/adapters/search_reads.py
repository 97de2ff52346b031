"""Read what search services store, through the closed table of operations (`copies_table`).

Each service has a host of its own, and most take API keys only: they refuse every token (docs/facts.md, Copies).
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from azure.core import AsyncPipelineClient
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.policies import AsyncBearerTokenCredentialPolicy, UserAgentPolicy
from azure.core.rest import HttpRequest
from azure.mgmt.core.exceptions import ARMErrorFormat

from shared.adapters.connections import Connections, is_loopback
from shared.adapters.copies_table import SEARCH_READS, SELECTED
from shared.adapters.read_table import ReadOperation, keep
from shared.adapters.translate import azure_errors
from shared.domain.errors import FixConfiguration, GrantRole
from shared.domain.refusal import Call

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

AUDIENCE = "https://search.azure.com/.default"
_DOMAINS = {
    "azure.com": "search.windows.net",
    "usgovcloudapi.net": "search.azure.us",
    "chinacloudapi.cn": "search.azure.cn",
}
_REFUSED = "it takes API keys only, or the identity has no role there that reads its definitions."
_STEP = (
    "let the service's owner allow roles (authOptions aadOrApiKey), and give the identity the role copiesReader there"
)


class SearchReads:
    """The lists of search services, and nothing else.

    credential: The app's identity.
    resource_manager: The address of Azure Resource Manager, which tells the cloud.
    connections: The process's sessions.
    emulated: The address under which an emulated Azure has its search services. Used only if `resource_manager` is on
        this machine.
    """

    def __init__(
        self, credential: AsyncTokenCredential, resource_manager: str, connections: Connections, emulated: str = ""
    ) -> None:
        bearer = AsyncBearerTokenCredentialPolicy(credential, AUDIENCE)
        policies = [UserAgentPolicy("key-rotation"), bearer]  # none is repeated: most refuse, and some are out of reach
        self._client: Any = AsyncPipelineClient(AUDIENCE, policies=policies, transport=connections.transport())
        self._emulated = emulated.rstrip("/") if is_loopback(resource_manager) else ""
        cloud = resource_manager.rstrip("/").lower()
        self._domain = next((domain for end, domain in _DOMAINS.items() if cloud.endswith(end)), "")

    async def entries(self, operation: ReadOperation, service: str) -> list[Any]:
        """Return what an operation lists, with the kept members of each entry. Search has no pages there.

        service: The resource id of the search service.

        Raises GrantRole if the service refuses the identity, as most do, and other RotationErrors.
        """
        if not any(operation is one for one in SEARCH_READS):
            raise ValueError(f"{operation.path} is not in the table of what is read")
        address = self._address(service)
        params = {"api-version": operation.version}
        params |= {"$select": SELECTED[operation.path]} if operation.path in SELECTED else {}
        with azure_errors(service, operation.doing, Call.READ_RESOURCES):
            answer = await self._client.send_request(HttpRequest("GET", address + operation.path, params=params))
            if answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
                raise GrantRole(service, f"could not {operation.doing}: {answer.status_code}, {_REFUSED}", _STEP)
            if answer.status_code != HTTPStatus.OK:
                raise HttpResponseError(response=answer, error_format=ARMErrorFormat)
            found = answer.json()["value"]
            if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
                raise TypeError("no list of objects")
            return [keep(one, operation.kept) for one in found]

    def _address(self, service: str) -> str:
        name = service.rpartition("/")[2].lower()
        if self._emulated:
            return f"{self._emulated}/{name}"
        if not self._domain:
            step = "nothing; search services of this cloud are not looked into"
            raise FixConfiguration(
                service, "could not be looked into: the domain of search services is not known.", step
            )
        return f"https://{name}.{self._domain}"
