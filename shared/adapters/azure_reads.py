"""Read Azure Resource Manager and Azure Resource Graph, through a closed table of operations (`read_table`,
`rights_table`, `copies_table` and `trials_table`).

One adapter over the pipeline of Azure's clients: management packages for all these services would double the app, and
hand it bodies that it must not see (docs/decisions/0032-reading-azure.md). Next pages are followed up to a bound. Of
each entry only the members that the table names leave this module.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from azure.core import AsyncPipelineClient
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.policies import AsyncBearerTokenCredentialPolicy, AsyncRetryPolicy, UserAgentPolicy
from azure.core.rest import HttpRequest
from azure.mgmt.core.exceptions import ARMErrorFormat

from shared.adapters.connections import Connections
from shared.adapters.copies_table import COPY_READS
from shared.adapters.read_table import READS, ReadOperation, keep
from shared.adapters.rights_table import RIGHTS_READS
from shared.adapters.translate import azure_errors
from shared.adapters.trials_table import TRIAL_READS
from shared.adapters.waits import MOST_POLLED, time_left
from shared.domain.errors import FixConfiguration, GrantRole, RotationError, Throttled, UnexpectedAnswer
from shared.domain.refusal import Call
from shared.domain.text import plain, quotable

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

_RETRIES = 2
_MOST_ROWS = 1000  # on a page of Resource Graph
_MOST_TRIES = 3  # of one query that Resource Graph refuses for its quota
_ID = re.compile(r"(/(?!\.{1,2}(/|\Z))[\w.(-][\w.()-]{0,259})+")  # of a resource: no quote, and no step up
_LEFT, _RESETS = "x-ms-user-quota-remaining", "x-ms-user-quota-resets-after"
_TOO_WIDE = "x-ms-tenant-subscription-limit-hit"
_CLOCK = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})")
_DEFAULT_WAIT = 5.0  # seconds: the length of Resource Graph's window
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TABLE = (*READS, *RIGHTS_READS, *COPY_READS, *TRIAL_READS)
_GRANT = "assign the identity a role with {right}, such as {role} of infra/roles.json; a new one needs minutes"
_NO_GROUP, _NOTHING = "ManagementGroupsContainInvalidIds", "NoValidSubscriptionsInQueryRequest"
_NAME_GROUPS = "name management groups by their names, not by their display names: az account management-group list"
_NARROW = "name management groups with fewer subscriptions in ROTATION_AUDIT_SCOPE"


class AzureReads:
    """Everything in the table of operations, and nothing else.

    credential: The app's identity.
    resource_manager: The address of Azure Resource Manager.
    connections: The process's sessions.

    calls: How many calls were sent so far. One that the pipeline repeats after a failure counts once.
    """

    def __init__(self, credential: AsyncTokenCredential, resource_manager: str, connections: Connections) -> None:
        self.calls = 0
        self._manager = resource_manager.rstrip("/")
        self._transport = connections.transport()
        bearer = AsyncBearerTokenCredentialPolicy(credential, f"{resource_manager}/.default")
        policies = [UserAgentPolicy("key-rotation"), AsyncRetryPolicy(retry_total=_RETRIES), bearer]
        self._client: Any = AsyncPipelineClient(resource_manager, policies=policies, transport=self._transport)
        self._graph_from = 0.0  # by the monotonic clock: no query before that moment
        self._one_query = asyncio.Lock()  # the quota is counted for the whole identity

    async def entry(
        self, operation: ReadOperation, scope: str, *, span: str = "", body: Mapping[str, Any] | None = None
    ) -> Any:  # noqa: ANN401 - any JSON
        """Return the kept members of one resource, or of one answer about it.

        scope: The resource id.
        span: The span of time that stands in what is asked for `{span}`. Empty if it has none.
        body: What is asked about, where that is asked by POST. None for a GET.

        Raises a RotationError that names the resource.
        """
        _check(operation, scope)
        with _errors(operation, scope):
            asked = HttpRequest(operation.method, self._url(operation, scope, span=span), json=body)
            found = _json(await self._send(asked))
            return keep(_entries([found])[0], operation.kept)

    async def entries(self, operation: ReadOperation, scope: str, *, principal: str = "") -> list[Any]:
        """Return what an operation lists for a resource, with the kept members of each entry.

        scope: The resource id.
        principal: The object id that stands in the operation's filter for `{principal}`. Empty if it has none.

        Raises a RotationError that names the resource, and ValueError if `principal` is no GUID.
        """
        _check(operation, scope, principal)
        first = self._url(operation, scope, principal)
        with _errors(operation, scope):
            found, url, seen = list[Any](), first, set[str]()
            while url and len(seen) < operation.most_pages:
                if url in seen or not _goes_on(first, url, operation):
                    raise UnexpectedAnswer(scope, f"could not {operation.doing}: its next page leads astray.")
                seen.add(url)
                page = _json(await self._send(HttpRequest(operation.method, url)))
                found += [keep(one, operation.kept) for one in _entries(page["value"])]
                url = page.get(operation.next_link) or ""
            if url:
                raise _too_many(operation, scope)
        return found

    async def rows(
        self,
        operation: ReadOperation,
        thing: str,
        *,
        account: str = "",
        subscriptions: Sequence[str] = (),
        groups: Sequence[str] = (),
    ) -> list[Any]:
        """Return the rows of a query of Resource Graph, with the kept members of each.

        thing: What the query is about, for errors.
        account: The resource id that stands in the query for `{account}`. Empty if it has none.
        subscriptions: The ids of the subscriptions to look in. None and no groups: all that the identity can read.
        groups: The names of the management groups to look in.

        Rows of what the identity may not read are missing, and nothing says so. Rows come late. Raises a RotationError.
        """
        _check(operation, account or "/none")
        options: dict[str, Any] = {"$top": _MOST_ROWS, "resultFormat": "objectArray"}
        if operation.inherited:
            options["authorizationScopeFilter"] = "AtScopeAboveAndBelow"
        body: dict[str, Any] = {"query": operation.query.replace("{account}", account.lower()), "options": options}
        body |= {"subscriptions": list(subscriptions)} if subscriptions else {}
        body |= {"managementGroups": list(groups)} if groups else {}
        with _errors(operation, thing):
            found, tokens = list[Any](), [""]
            while len(tokens) <= operation.most_pages:
                page = await self._query(self._url(operation, ""), body, thing)
                found += [keep(one, operation.kept) for one in _entries(page["data"])]
                token = str(page.get("$skipToken") or "")
                if not token:
                    return found
                if token in tokens:
                    raise UnexpectedAnswer(thing, f"could not {operation.doing}: a page names itself as the next one.")
                tokens.append(token)
                options["$skipToken"] = token
            raise _too_many(operation, thing)

    async def _query(self, url: str, body: Mapping[str, Any], thing: str) -> Any:  # noqa: ANN401 - any JSON
        """Send one query, as soon as the quota lets it pass. Raises Throttled if it does not within some seconds."""
        async with self._one_query:
            for _ in range(_MOST_TRIES):
                await self._wait(thing)
                response = await self._send(HttpRequest("POST", url, json=dict(body)))
                self._graph_from = time.monotonic() + _wait_of(response)
                if response.status_code != HTTPStatus.TOO_MANY_REQUESTS:
                    return _json(response)
            raise _throttled(thing, self._graph_from - time.monotonic())

    async def _wait(self, thing: str) -> None:
        seconds = self._graph_from - time.monotonic()
        if seconds > min(MOST_POLLED, time_left()):
            raise _throttled(thing, seconds)
        if seconds > 0:
            await self._transport.sleep(seconds)

    async def _send(self, request: HttpRequest) -> Any:  # noqa: ANN401 - of azure-core, without useful types
        self.calls += 1
        return await self._client.send_request(request)

    def _url(self, operation: ReadOperation, scope: str, principal: str = "", span: str = "") -> str:
        path = operation.path.replace("{scope}", scope.rstrip("/"))
        return str(HttpRequest("GET", self._manager + path, params=operation.parameters(principal, span)).url)


def _check(operation: ReadOperation, resource: str, principal: str = "") -> None:
    """Raises ValueError if the operation is not in the table or the principal is none, and UnexpectedAnswer if the
    resource has no id as Azure writes them, since ids come out of Azure's own lists. Nothing is sent then."""
    if bool(principal) != ("{principal}" in operation.filter) or (principal and not _GUID.fullmatch(principal)):
        raise ValueError(f"{principal[:200]!r} is not the object id of a principal, or {operation.path} takes none")
    if not any(operation is one for one in _TABLE):
        raise ValueError(f"{operation.path} is not in the table of what is read")
    if not _ID.fullmatch(resource):
        raise UnexpectedAnswer(quotable(plain(resource)), f"could not {operation.doing}: this is not a resource id.")


def _goes_on(first: str, url: str, operation: ReadOperation) -> bool:
    """Return whether an address can be the next page of a list: on the same host, and by POST on the same path, since a
    POST to another one could change something."""
    here, there = urlsplit(first), urlsplit(url)
    return there[:2] == here[:2] and (operation.method == "GET" or there.path.casefold() == here.path.casefold())


@contextmanager
def _errors(operation: ReadOperation, thing: str) -> Iterator[None]:
    """Run reads so that only errors of ours come out, and a missing right is named."""
    try:
        with azure_errors(thing, operation.doing, Call.READ_RESOURCES):
            try:
                yield
            except HttpResponseError as error:
                raise _of_scope(operation, thing, error) or error from error
    except GrantRole as error:
        error.next_step = _GRANT.format(right=operation.right, role=operation.role)
        raise


def _of_scope(operation: ReadOperation, thing: str, error: HttpResponseError) -> RotationError | None:
    """The error if Resource Graph refuses the scope of a query. It says so only in the details of its answer."""
    details = getattr(error.error, "details", None) or ()
    codes = {str(getattr(one, "code", "")) for one in details}
    if _NO_GROUP in codes:
        what = f"could not {operation.doing}: Azure shows no management group of that name."
        return FixConfiguration(thing, what, _NAME_GROUPS)
    if operation.query and (_NOTHING in codes or error.status_code == HTTPStatus.FORBIDDEN):
        return GrantRole(thing, f"could not {operation.doing}: the identity can read no subscription there.")
    return None


def _json(response: Any) -> Any:  # noqa: ANN401 - of azure-core, without useful types
    if response.status_code != HTTPStatus.OK:
        raise HttpResponseError(response=response, error_format=ARMErrorFormat)
    if response.headers.get(_TOO_WIDE, "").casefold() == "true":
        what = "the identity sees more subscriptions than Resource Graph searches at once, so its answer is not whole."
        raise FixConfiguration("Resource Graph", what, _NARROW)
    return response.json()


def _entries(found: Any) -> list[Any]:  # noqa: ANN401 - any JSON
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise TypeError("no list of objects")
    return found


def _wait_of(response: Any) -> float:  # noqa: ANN401
    """Return the seconds until the next query may be sent, as the headers of an answer say; 0 if at once."""
    refused = response.status_code == HTTPStatus.TOO_MANY_REQUESTS
    if not refused and response.headers.get(_LEFT) != "0":
        return 0.0
    found = _CLOCK.fullmatch(response.headers.get(_RESETS, ""))
    if found is None:
        return _DEFAULT_WAIT if refused else 0.0
    hours, minutes, seconds = map(int, found.groups())
    return timedelta(hours=hours, minutes=minutes, seconds=seconds).total_seconds()


def _throttled(thing: str, seconds: float) -> Throttled:
    until = datetime.now(UTC) + timedelta(seconds=max(0.0, seconds))
    what = f"Resource Graph takes no more queries from this identity before {until:%Y-%m-%d %H:%M:%S} UTC."
    return Throttled(thing, what, until=until)


def _too_many(operation: ReadOperation, thing: str) -> UnexpectedAnswer:
    return UnexpectedAnswer(thing, f"could not {operation.doing}: they fill more than {operation.most_pages} pages.")


def parsed[E, T](form: Callable[[E], T], found: Iterable[E], operation: ReadOperation, thing: str) -> list[T]:
    """Return entries as records. Raises UnexpectedAnswer, which quotes nothing of them, if they have another form.

    thing: What was asked about, for the error.
    """
    try:
        return [form(one) for one in found]
    except (AttributeError, KeyError, TypeError, ValueError):
        raise UnexpectedAnswer(thing, f"could not {operation.doing}: the answer could not be read.") from None
