"""Targets that cannot be seen now, as they were known last, so that none disappears from a list (P11).

What a check has kept shows them: the view. Each row says what is in the way, and when it was shown last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from shared.domain.errors import RotationError, TryLater
from shared.domain.model import Target
from shared.fleet.enrolment import Enrolled
from shared.fleet.found import Listed
from shared.fleet.left import left_in
from shared.fleet.view import OLD, View
from shared.settings.readers import owner
from shared.settings.target_fields import TAG
from shared.turns.report import Row


def ids_of(rows: Iterable[Row]) -> set[str]:
    """Return the ids of the accounts of these rows, in lower case."""
    return {str(row.target.account).casefold() for row in rows}


def by_subscription(problems: Iterable[RotationError]) -> dict[str, RotationError]:
    """Return the errors that kept subscriptions from being listed, by the subscription's id."""
    return {error.subscription: error for error in problems if error.subscription}


def refused_rows(view: View, problems: Iterable[RotationError], shown: set[str], now: datetime) -> Iterator[Row]:
    """Yield a row for each account that was refused, or has left, and of which something is published.

    problems: Why accounts were refused. The rows carry these errors.
    shown: The ids of the accounts that have a row already, in lower case.
    """
    errors = {error.thing.casefold(): error for error in problems}
    owners = _owners(view) if errors else {}
    for url, known in view.vaults.items() if errors else ():
        latest = known.latest()
        for one in left_in(url, {name: one.entry for name, one in latest.items()}, (), frozenset()):
            error = errors.get(one.account)
            if error is not None and one.account not in shown:
                shown_at = latest[one.target.secret].shown_at
                target = replace(one.target, owner=owners.get(one.account))
                situation = Listed(Enrolled(target), one.publication).situation(now)
                yield Row(target, situation=situation, error=error, presumed=True, shown_at=shown_at)


def _owners(view: View) -> dict[str, str]:
    """Return the owners that the tags of accounts name, by the id in lower case. An invalid one is left out."""
    found: dict[str, str] = {}
    for account in view.accounts():
        try:
            found[str(account.id).casefold()] = owner(account.tags.get(f"{TAG}-owner", "").strip())
        except ValueError:
            continue
    return {id_: name for id_, name in found.items() if name}


def with_unreadable(rows: Iterable[Row], view: View, problems: Sequence[RotationError], now: datetime) -> Iterator[Row]:
    """Yield the rows; those whose subscription or vault the last check could not list carry its error.

    A listing that only was late counts from when it has shown nothing for an hour.
    """
    subscriptions, vaults = by_subscription(problems), {error.thing: error for error in problems}
    for row in rows:
        subscription = row.target.account.subscription
        missing = vaults.get(row.target.vault_url) if _is_before(row.shown_at, view.seen_at) else None
        found = (
            (subscriptions.get(subscription), view.subscription(subscription).whole_at),
            (missing, row.shown_at),
        )
        error = next((one for one, since in found if one is not None and _lasts(one, since, now)), None)
        yield row if error is None or row.is_stale else replace(row, error=error, fails=False)


def _is_before(moment: datetime | None, other: datetime | None) -> bool:
    return moment is None or other is None or moment < other


def _lasts(error: RotationError, since: datetime | None, now: datetime) -> bool:
    return not isinstance(error, TryLater) or since is None or now - since > OLD


def not_observed(target: Target) -> Row:
    """Return the row of a target that is one too many to observe in one survey."""
    what = "the fleet is too large to observe every target in one survey, and no listing shows this one's state."
    return Row(target, error=TryLater(target.name, what, "ask for this target alone"))


def never_listed(target: Target) -> Row:
    """Return the row of a target of which no listing has shown anything."""
    what = f"the vault {target.vault_url} or the account's subscription could not be listed, so its state is not known."
    step = "nothing; the next check lists it again; what is listed under problems says what is in the way"
    return Row(target, error=TryLater(target.name, what, step))


def not_told_by_a_listing(target: Target) -> Row:
    """Return the row of a target whose listing shows a value that may be no key of its account."""
    what = "a listing does not show whether what its secret holds is a key of this account."
    return Row(
        target, error=TryLater(target.name, what, "nothing; its next turn sees it. Or ask for this target alone")
    )
