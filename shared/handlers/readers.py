"""Who can read keys, and where copies of them lie, over HTTP: for auditors alone.

Each request asks Azure, and nothing of the answer is kept. Only what was seen of copies serves for a minute.
"""

from __future__ import annotations

from collections.abc import Mapping

from shared.copies.ask import copies_of_fleet, copies_of_one
from shared.copies.looks import CopyLooks
from shared.domain.text import plain, quotable
from shared.fleet.rotation import Rotation
from shared.handlers.incoming import Incoming
from shared.readers.ask import readers_of_fleet, readers_of_one
from shared.readers.asked_accounts import AskedAccount, key_places
from shared.readers.ports import Rights
from shared.readiness.one_account import find_account
from shared.readiness.ports import ReadOnly
from shared.web.asked import is_object_id
from shared.web.bodies import BadRequest
from shared.web.copies_data import fleet_copies, one_copies
from shared.web.readers_data import fleet_readers, one_readers
from shared.web.responses import Reply

_OF_ONE = "GET /api/targets/<name>/readers?principal=<object id>"


async def see_readers(app: Rotation, reads: ReadOnly, rights: Rights, incoming: Incoming) -> Reply:
    """Return who can read the keys of one page of the accounts in sight.

    Raises BadRequest if the query names a principal: that is asked of one account.
    """
    if incoming.query.get("principal"):
        raise BadRequest(422, "BadField", f"principal: it is asked of one account: {_OF_ONE}.")
    overview, seen = await app.overview(), await reads.sight.accounts()
    places, now = key_places(overview.rows, seen.accounts), app.outside.clock.now()
    answer = await readers_of_fleet(rights, places, now, seen.scope, _page(incoming.query))
    return Reply(200, fleet_readers(answer.with_problems((*overview.problems, *seen.problems))))


async def see_readers_of(app: Rotation, rights: Rights, incoming: Incoming) -> Reply:
    """Return who can read the keys of one target, or of an account that the last survey of readiness has seen; or
    whether one principal can.

    Raises as finding the account does, BadRequest for an invalid object id, and a RotationError if Azure does not
    answer about the principal.
    """
    principal = _principal(incoming.query)
    account, target = await find_account(app, incoming.which)
    now = app.outside.clock.now()
    return Reply(200, one_readers(await readers_of_one(rights, AskedAccount.of(account, target), now, principal)))


async def see_copies(app: Rotation, reads: ReadOnly, looks: CopyLooks, incoming: Incoming) -> Reply:
    """Return where copies of the keys of the accounts in sight lie, one page of them."""
    overview, seen = await app.overview(), await reads.sight.accounts()
    page = _page(incoming.query)
    answer = await copies_of_fleet(app, looks, overview.rows, seen.accounts, seen.scope, page)
    return Reply(200, fleet_copies(answer.with_problems((*overview.problems, *seen.problems))))


async def see_copies_of(app: Rotation, looks: CopyLooks, incoming: Incoming) -> Reply:
    """Return where copies of the keys of one target lie, or of an account that the last survey of readiness has seen.

    Raises as finding the account does, and a RotationError if the account cannot be read.
    """
    account, target = await find_account(app, incoming.which)
    return Reply(200, one_copies(await copies_of_one(app, looks, account, target)))


def _page(query: Mapping[str, str]) -> int:
    text = query.get("page", "")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 8 else 1


def _principal(query: Mapping[str, str]) -> str:
    text = query.get("principal", "").strip()
    if text and not is_object_id(text):
        shown = quotable(plain(text))[:60]
        raise BadRequest(422, "BadField", f"principal: {shown!r} is no object id of Microsoft Entra ID.")
    return text.lower()
