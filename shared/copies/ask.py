"""Ask where copies of keys lie: of one account, or of the accounts of a fleet. The calls are the same for both.

When a key ends is taken from what the last check has seen, so that no key is asked for. An account of the fleet is
known as a listing shows it; one that is asked for alone is read, which shows its address.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from shared.copies.addresses import account_label, secret_at
from shared.copies.answers import CopiesOfFleet, CopiesOfOne
from shared.copies.kinds import CopyFate
from shared.copies.looks import CopyLooks
from shared.copies.matching import copies_of_all
from shared.copies.sought import KeyEnds, Sought, ends_of, sought_of
from shared.domain.model import AccountId, Target
from shared.fleet.rotation import Rotation
from shared.ports import Account
from shared.settings.environment import Settings
from shared.turns.report import Row

ROWS = 100  # accounts of a page


async def copies_of_one(app: Rotation, looks: CopyLooks, account: AccountId, target: Target | None) -> CopiesOfOne:
    """Return where copies of the keys of one account lie, as Azure shows it now or did within the last minute.

    target: The target that it is. None if nobody enrolled it.

    Raises a RotationError if the account cannot be read. Everything else that cannot be seen is in the answer.
    """
    found = await app.outside.accounts.read(account)
    rows = await _rows_of(app, target) if target else []
    look = await looks.look(app.outside.clock, _groups(app.settings), account.subscription)
    sought = _sought(found, rows[0] if rows else None, target)
    [copies] = copies_of_all(look.seen, [sought], app.settings.resource_manager)
    calls = copies.calls + 1  # that which read the account
    return CopiesOfOne(look.ended, target.name if target else "", replace(copies, calls=calls))


async def copies_of_fleet(
    app: Rotation,
    looks: CopyLooks,
    rows: Sequence[Row],
    accounts: Sequence[Account],
    scope: str,
    page: int = 1,
) -> CopiesOfFleet:
    """Return where copies of the keys of a fleet lie: one page of the accounts that have some.

    Azure is asked now, or was within the last minute.

    rows: The targets, as a check has seen them.
    accounts: The accounts that a listing shows, enrolled or not.
    scope: Where they were looked for, in words.
    page: The page, from 1.

    Raises nothing: what cannot be seen is in the answer.
    """
    known = {str(row.target.account).casefold(): row for row in rows}
    look = await looks.look(app.outside.clock, _groups(app.settings))
    now, seen = look.ended, look.seen
    sought = _all_sought(accounts, known)
    names = {one: row.target.name for one, row in known.items()}
    with_copies = [one for one in copies_of_all(seen, sought, app.settings.resource_manager) if one.copies]
    found = [CopiesOfOne(now, names.get(str(one.account).casefold(), ""), one) for one in with_copies]
    found.sort(key=_order)
    shown = tuple(found[(page - 1) * ROWS : page * ROWS])
    pages = max(1, -(-len(found) // ROWS))
    return CopiesOfFleet(
        now, scope, shown, len(sought), len(found), page, pages, seen.places, seen.calls, seen.problems
    )


def _all_sought(accounts: Iterable[Account], known: Mapping[str, Row]) -> list[Sought]:
    """Return all accounts that are looked for. A target that no listing shows is known by what it has published."""
    listed = {str(one.id).casefold(): one for one in accounts}
    found = [_sought(one, known.get(id_)) for id_, one in listed.items()]
    return found + [
        Sought(row.target.account, _label(row), secret_at(row.target.secret_url), _ends(row))
        for id_, row in known.items()
        if id_ not in listed
    ]


def _sought(account: Account, row: Row | None, target: Target | None = None) -> Sought:
    target = row.target if row else target
    return sought_of(account, target.secret_url if target else "", _ends(row))


def _label(row: Row) -> str:
    """Return the custom subdomain in the endpoint that a target has published. Empty if none is known."""
    publication = row.situation.seen.publication if row.situation is not None else None
    return account_label(urlsplit(publication.endpoint or "").netloc) if publication is not None else ""


def _ends(row: Row | None) -> KeyEnds:
    return ends_of(row.situation) if row is not None and row.situation is not None else KeyEnds()


async def _rows_of(app: Rotation, target: Target) -> list[Row]:
    """Return the row of a target as the last check has seen it. Empty if it has seen none."""
    overview = await app.surveyor.overview(lambda one: one.account == target.account)
    return [row for row in overview.rows if row.target.account == target.account]


def _groups(settings: Settings) -> tuple[str, ...]:
    return settings.audit_scope.groups if settings.audit_scope else ()


def _order(one: CopiesOfOne) -> tuple[bool, float, str]:
    """Those that break at a known moment come first, the soonest at the front."""
    times = [each.when.timestamp() for each in one.found.copies if each.when and each.fate is CopyFate.BREAKS]
    return not times, min(times, default=0.0), one.name.casefold()
