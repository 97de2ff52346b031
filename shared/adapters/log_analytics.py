"""How accounts were called, from the Log Analytics workspaces to which their diagnostic settings write.

The query and how it counts are in `log_query`, the reading of its answer in `log_answers`. An answer counts nothing if
it is missing, empty, incomplete or of another form, and none of these is a count of zero: each is a named error. An
account of which nothing is logged is missing in the answer, which is no count of zero either.

What Azure allows, and what is bounded here (docs/facts.md, Logs): a query may take three minutes and return 500,000
rows or 100 MB. All workspaces and all accounts are asked in one query. Its answer has one row for each account, of at
most about 9 KB, so ten thousand accounts take one query and at most 90 MB. How long it takes depends on how many calls
are logged. If ALL_SECONDS are not enough, the accounts are divided in PARTS, which are asked one after the other: nine
queries at most. If one of them fails, nothing is counted. A process has AT_ONCE queries under way at most, and another
one waits for its turn.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.policies import SansIOHTTPPolicy

from shared.adapters.connections import Connections
from shared.adapters.log_query import SETTLED, usage_query
from shared.adapters.translate import azure_errors
from shared.domain.errors import FixConfiguration, TryLater, UnexpectedAnswer
from shared.domain.model import AccountId
from shared.domain.names import LOGGER
from shared.domain.refusal import Call
from shared.domain.times import iso_duration
from shared.domain.usage import Usage

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

    from shared.settings.call_log import CallLog

# Seconds that a query may take: a turn waits for the calls of one account, a survey for those of all or of a part.
ONE_SECONDS, ALL_SECONDS, PART_SECONDS = 25, 100, 45
PARTS = 8  # in which all accounts are divided, if one query for all takes too long
AT_ONCE = 2  # queries of one process; Azure takes five of one identity (docs/facts.md, Logs)
_TOO_LONG = (408, 504)  # how Azure answers if a query takes longer than it may
_MARGIN_SECONDS = 10  # that the client waits longer than the service may take
_DOING = "count calls with a key"

log = logging.getLogger(LOGGER)


class LogAnalytics:
    """Workspaces, through Azure's own query client.

    credential: The app's identity.
    log: The workspaces, the span, the query service, and the names of callers.
    connections: The process's sessions.
    """

    def __init__(self, credential: AsyncTokenCredential, log: CallLog, connections: Connections) -> None:
        self._credential, self._log, self._connections = credential, log, connections
        named = ", ".join(log.workspaces)
        self._thing = f"workspaces {named}" if len(log.workspaces) > 1 else f"workspace {named}"
        self._opened: Any = None
        self._few_at_once = asyncio.Semaphore(AT_ONCE)

    async def usage(self, account: AccountId) -> Usage | None:
        """Return how an account was called within the span. None if no call of any kind was logged.

        Raises the errors of `usages`.
        """
        found = await self._ask(ONE_SECONDS, str(account))
        return found.get(str(account).lower())

    async def usages(self) -> Mapping[str, Usage]:
        """Return how every account was called of which anything was logged, by its id in lower case, in one query; in
        PARTS more, if that takes too long.

        Raises GrantRole if a workspace may not be read, FixConfiguration if one does not exist or holds no such log at
        all, TryLater if the answer is incomplete or does not come in time, and UnexpectedAnswer if it cannot be read.
        """
        began = time.monotonic()
        try:
            return await self._ask(ALL_SECONDS)
        except TryLater as error:
            if not _took_too_long(error, time.monotonic() - began):
                raise
            log.info("%s: one query for all accounts takes too long; they are divided in %d parts", self._thing, PARTS)
        found: dict[str, Usage] = {}
        for part in range(PARTS):
            found |= await self._ask(PART_SECONDS, part=(part, PARTS))
        return found

    async def _ask(
        self, seconds: int, account: str | None = None, part: tuple[int, int] | None = None
    ) -> dict[str, Usage]:
        from shared.adapters.log_answers import rows_of, usage_of  # with the first question, as the client is

        with azure_errors(self._thing, _DOING, Call.QUERY_LOGS):
            async with self._few_at_once:
                answer = await self._query(seconds, account, part)
            if getattr(answer, "partial_error", None) is not None:
                raise TryLater(self._thing, f"could not {_DOING}: Azure returned only a part of the answer.")
            try:
                rows = rows_of(answer.tables)
            except LookupError:
                raise UnexpectedAnswer(self._thing, f"could not {_DOING}: the answer could not be read.") from None
        for row in rows[:1]:  # each row names all of them
            self._check_that_all_answered(row.workspaces)
        name_of = cache(self._log.callers.name_of)  # accounts have many callers at few addresses
        return {row.account: usage_of(row, name_of) for row in rows}

    async def _query(self, seconds: int, account: str | None, part: tuple[int, int] | None) -> Any:  # noqa: ANN401 - the client has no useful types
        first, *others = self._log.workspaces
        try:
            return await self._client().query_workspace(
                first,
                usage_query(self._log.look_back, account, part),
                timespan=self._log.look_back + 3 * SETTLED,  # the query's own bounds are narrower
                server_timeout=seconds,
                additional_workspaces=others or None,
                retry_on_methods=["POST"],  # a query changes nothing
                retry_total=1 if account else 0,  # nobody waits twice for a query that may take minutes
                read_timeout=seconds + _MARGIN_SECONDS,
                call_seconds=seconds + _MARGIN_SECONDS,
            )
        except IndexError:  # how the client fails on a row that is longer than the list of columns
            raise UnexpectedAnswer(self._thing, f"could not {_DOING}: the answer could not be read.") from None

    def _client(self) -> Any:  # noqa: ANN401
        """The client, made with the first question: its code is imported no earlier."""
        if self._opened is None:
            from azure.monitor.query.aio import LogsQueryClient

            self._opened = LogsQueryClient(
                self._credential,
                endpoint=self._log.endpoint,
                transport=self._connections.transport(),
                permit_redirects=False,
                per_call_policies=[OnlyWholeAnswers(self._thing)],
            )
        return self._opened

    def _check_that_all_answered(self, workspaces: list[str]) -> None:
        """A workspace that gave no row to the answer may be one that Azure left out. Its calls would be missing."""
        missing = [one for one in self._log.workspaces if one not in {each.lower() for each in workspaces}]
        if missing and len(self._log.workspaces) > 1:
            span = iso_duration(self._log.look_back)
            what = f"could not {_DOING}: no call of any account was seen in it within {span}."
            step = "send the accounts' RequestResponse log there, or take it out of ROTATION_LOG_WORKSPACE_ID"
            raise FixConfiguration(f"workspace {', '.join(missing)}", what, step)


def _took_too_long(error: TryLater, seconds: float) -> bool:
    """Return whether a query for all accounts failed because it took too long, after so many seconds."""
    why = error.__cause__ or error.__context__
    return seconds >= ALL_SECONDS or (isinstance(why, HttpResponseError) and why.status_code in _TOO_LONG)


class OnlyWholeAnswers(SansIOHTTPPolicy[Any, Any]):
    """Lets only an answer with a body through, so that Azure's client never takes an empty one for a count.

    Azure answers 204 for a workspace without data, and 200 with nothing to a request that it did not understand. It
    also raises a refusal before the client fails on a body that is no JSON.

    thing: The workspaces, as errors name them.
    """

    def __init__(self, thing: str) -> None:
        super().__init__()
        self._thing = thing

    def on_response(self, request: Any, response: Any) -> None:  # noqa: ANN401, ARG002
        """Raises HttpResponseError for a refusal, FixConfiguration for a 204, and UnexpectedAnswer without a body."""
        answer = response.http_response
        if answer.status_code == 204:
            what = f"could not {_DOING}: it holds no data at all (204)."
            raise FixConfiguration(self._thing, what, "send the accounts' RequestResponse log there")
        if answer.status_code != 200:
            raise HttpResponseError(response=answer)
        if not answer.body():
            raise UnexpectedAnswer(self._thing, f"could not {_DOING}: the answer was empty.")
