"""The record of requests for many accounts, as notes: each has one writer, so nothing is ever written over.

| note | says |
| --- | --- |
| `rotations/<id>` | what was asked for, by whom and why, and the chosen accounts in their order |
| `rotations/<id>/stopped/<moment>` | that somebody stopped it, and who |
| `rotations/<id>/ended/<moment>` | that a tick saw that it was over |
| `rotation-results/<id>/<word>/<account>/<moment>` | what a turn noted about its account |

The names alone tell how far a request has come, so that one listing is enough. What cannot be read counts as absent.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shared.domain.errors import FixConfiguration
from shared.domain.many import KEPT, ManyProgress, ManyRequest, ManyResult, ManyTarget, ManyWord, failing_accounts
from shared.domain.model import AccountId
from shared.domain.requests import LeakRequest, RotateRequest
from shared.domain.times import stamp, unstamp
from shared.ports import Notes
from shared.turns.message import Message, read_message

REQUESTS, RESULTS = "rotations/", "rotation-results/"
STOPPED, ENDED = "stopped", "ended"
AT_ONCE = 16  # notes that are removed side by side
_ID = re.compile(r"[0-9a-f]{32}")


def many_id(caller: str, key: str) -> str:
    """Return the id of a request for many: the same for the same caller and Idempotency-Key, and nobody else's."""
    return hashlib.sha256(f"{caller}\n{key}".encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Head:
    """What the names of notes tell about a request.

    id: Its id.
    there: Whether the request itself is there: it is removed before its marks.
    stopped_at: When somebody stopped it, in UTC. None if nobody did.
    ended_at: When a tick saw that it was over, in UTC. None before that.
    """

    id: str
    there: bool = False
    stopped_at: datetime | None = None
    ended_at: datetime | None = None

    def with_mark(self, word: str, at: datetime) -> Head:
        """Return it with one more mark. Of several with the same word the earliest counts."""
        if word == STOPPED:
            return replace(self, stopped_at=min(at, self.stopped_at or at))
        return replace(self, ended_at=min(at, self.ended_at or at)) if word == ENDED else self


@dataclass(frozen=True)
class ManyStanding:
    """What a turn must know before it begins for one account of a request.

    over: Whether the request was stopped, has ended or is gone.
    settled: Whether the account is done or gone already.
    failing: How many accounts of the request fail, in a way that may be the same for others.
    """

    over: bool
    settled: bool
    failing: int


@dataclass(frozen=True)
class ManyRecord:
    """The requests for many on record. Each method raises what the storage raises.

    notes: Where they are kept.
    """

    notes: Notes

    async def add(self, request: ManyRequest) -> bool:
        """Put a request on record. Return False if one with its id is there."""
        return await self.notes.add(REQUESTS + request.id, request_text(request))

    async def read(self, id_: str) -> ManyRequest | None:
        """Return a request. None if there is none."""
        return read_request(id_, await self.notes.read(REQUESTS + id_) or "")

    async def heads(self, id_: str = "") -> list[Head]:
        """Return what the names tell about all requests, or about the one with this id."""
        found: dict[str, Head] = {}
        for name in await self.notes.names(REQUESTS + id_):
            one, *mark = name.removeprefix(REQUESTS).split("/")
            head = found.get(one, Head(one))
            found[one] = _marked(head, mark) if mark else replace(head, there=True)
        return list(found.values())

    async def progress(self, head: Head) -> ManyProgress | None:
        """Return how far a request has come. None if it cannot be read."""
        request, results = await asyncio.gather(self.read(head.id), self.results(head.id))
        return ManyProgress(request, tuple(results), head.stopped_at, head.ended_at) if request else None

    async def find(self, id_: str) -> ManyProgress | None:
        """Return how far the request with this id has come. None if there is none, or if the text is no id."""
        if not _ID.fullmatch(id_):
            return None
        head = next((one for one in await self.heads(id_) if one.id == id_ and one.there), None)
        return await self.progress(head) if head else None

    async def standing(self, id_: str, target: ManyTarget) -> ManyStanding:
        """Return what a turn must know before it begins for this account."""
        heads, tried, done, gone = await asyncio.gather(
            self.heads(id_),
            self.results(id_, f"{ManyWord.TRIED}/"),
            self.results(id_, f"{ManyWord.DONE}/{target.hash}/"),
            self.results(id_, f"{ManyWord.GONE}/{target.hash}/"),
        )
        head = next((one for one in heads if one.id == id_), Head(id_))
        over = not head.there or head.stopped_at is not None or head.ended_at is not None
        return ManyStanding(over, bool(done or gone), failing_accounts(tried))

    async def results(self, id_: str, words: str = "") -> list[ManyResult]:
        """Return what turns noted: everything, or what begins with `words`."""
        prefix = f"{RESULTS}{id_}/"
        names = await self.notes.names(prefix + words)
        return [one for one in (_result(name.removeprefix(prefix)) for name in names) if one is not None]

    async def put(self, id_: str, target: ManyTarget, result: ManyResult, facts: Mapping[str, object]) -> None:
        """Note what became of an account. `facts` are for people: why, and the next step."""
        text = json.dumps({"account": str(target.account), **facts})
        await self.notes.add(f"{RESULTS}{id_}/{result.text()}", text)

    async def facts(self, id_: str, result: ManyResult) -> dict[str, Any]:
        """Return what was noted for people with a result. Empty if it is not there."""
        found = _json(await self.notes.read(f"{RESULTS}{id_}/{result.text()}") or "")
        return found if isinstance(found, dict) else {}

    async def stop(self, id_: str, by: str, now: datetime) -> None:
        """Note that somebody stopped a request."""
        await self.notes.add(f"{REQUESTS}{id_}/{STOPPED}/{stamp(now)}", by)

    async def end(self, id_: str, now: datetime) -> None:
        """Note that a request is over, from when it is kept for 30 days."""
        await self.notes.add(f"{REQUESTS}{id_}/{ENDED}/{stamp(now)}", "")

    async def remove_old(self, heads: Iterable[Head], now: datetime, most: int) -> None:
        """Remove requests that ended more than 30 days ago, `most` notes at most. The next tick goes on.

        The mark of the end goes last: without it a request would begin anew.
        """
        names: list[str] = []
        for head in heads:
            if head.ended_at is None or now - head.ended_at < KEPT:
                continue
            names += await self.notes.names(f"{RESULTS}{head.id}/")
            if len(names) < most:
                marks = await self.notes.names(f"{REQUESTS}{head.id}/")
                ends = [one for one in marks if one.startswith(f"{REQUESTS}{head.id}/{ENDED}/")]
                await self._remove(names)
                await self._remove([REQUESTS + head.id, *(one for one in marks if one not in ends)])
                await self._remove(ends)
                most, names = most - len(names), []
            if len(names) >= most:
                break
        await self._remove(names[:most])

    async def _remove(self, names: list[str]) -> None:
        for first in range(0, len(names), AT_ONCE):
            await asyncio.gather(*map(self.notes.remove, names[first : first + AT_ONCE]))


def request_text(request: ManyRequest) -> str:
    """Return the text of a request's note."""
    asked = Message("many", request.made_at, request=request.request).text()
    targets = [[one.name, str(one.account)] for one in request.targets]
    return json.dumps({"message": asked, "asked": request.asked, "targets": targets}, separators=(",", ":"))


def read_request(id_: str, text: str) -> ManyRequest | None:
    """Return what `request_text` wrote. None for anything else."""
    data = _json(text)
    try:
        message = read_message(str(data["message"]).encode())
        if not isinstance(message.request, RotateRequest | LeakRequest):
            return None
        targets = tuple(ManyTarget(str(name), AccountId.parse(account)) for name, account in data["targets"])
        return ManyRequest(id_, message.request, message.queued_at, str(data["asked"]), targets)
    except (FixConfiguration, KeyError, TypeError, ValueError):
        return None


def _marked(head: Head, mark: list[str]) -> Head:
    try:
        word, moment = mark
        return head.with_mark(word, unstamp(moment))
    except ValueError:
        return head


def _result(text: str) -> ManyResult | None:
    try:
        return ManyResult.read(text)
    except ValueError:
        return None


def _json(text: str) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(text)
    except ValueError:
        return None
