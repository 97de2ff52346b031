"""The accounts of a survey: what listings and checks know of each, and the entry that follows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from shared.domain.errors import RotationError
from shared.domain.model import AccountId, Target
from shared.domain.publication import SecretState
from shared.domain.readiness import Readiness, Verdict, readiness_of
from shared.domain.usage import Usage
from shared.ports import Account
from shared.readiness.commands import switching_keys_off
from shared.readiness.kinds import Entry
from shared.turns.report import Row

MOST_KEPT = 5  # callers of each kind, for one account of a fleet; who asks for that account alone is told more

AGREE = "agree on the date on which all its keys end, and tag the account key-rotation-sunset"


@dataclass(frozen=True)
class InSight:
    """One account, as a listing shows it and as a check has seen it.

    account: The account.
    key_auth: Whether it accepts keys.
    takes_identity: Whether it accepts Entra tokens.
    row: The target that it is. None if nobody enrolled it.
    is_seen: Whether a listing shows it now, or it was read. If not, a check knows it as a target.
    unread: Why it could not be read, although no listing shows it. None if it was, or if nobody tried.
    """

    account: AccountId
    key_auth: bool = True
    takes_identity: bool = True
    row: Row | None = None
    is_seen: bool = True
    unread: RotationError | None = None

    @property
    def id(self) -> str:
        """The account's id in lower case."""
        return str(self.account).casefold()

    @property
    def withdrawn_at(self) -> datetime | None:
        """When its published version was disabled, in UTC. None if it is not, or if that is not known."""
        publication = self.row.seen.publication if self.row and self.row.seen else None
        return publication.updated if publication and publication.state is SecretState.DISABLED else None


def in_sight(rows: Iterable[Row], accounts: Sequence[Account]) -> list[InSight]:
    """Return all accounts that a listing shows or a check knows as a target, in the order of their names.

    rows: The targets, as a check has seen them.
    accounts: The accounts that a listing shows, enrolled or not.
    """
    known = {str(row.target.account).casefold(): row for row in rows}
    found = {
        str(one.id).casefold(): InSight(one.id, one.key_auth, one.takes_identity, known.get(str(one.id).casefold()))
        for one in accounts
    }
    for id_, row in known.items():
        if id_ not in found:
            found[id_] = InSight(row.target.account, row.seen is None or row.seen.key_auth, row=row, is_seen=False)
    return sorted(found.values(), key=lambda one: (_name(one).casefold(), one.id))


def entry_of(
    one: InSight,
    usage: Usage | None,
    without: Readiness,
    keyless_since: datetime | None = None,
    *,
    logs_told: bool = False,
) -> Entry:
    """Return the entry of an account.

    usage: How it was called. None if no call was logged, or if nobody was asked.
    without: The verdict if no call was logged. Also the one about an account that no listing shows, unless keys were
        seen in use: whether it takes an identity is not known.
    keyless_since: Since when it accepts no keys, in UTC. None if it does, or if that is not known.
    logs_told: Whether the logs answered, so that what is not in their answer was not logged.
    """
    usage = _shortened(usage) if usage else None
    told = usage if one.is_seen or (usage and usage.with_key) else None
    verdict = readiness_of(key_auth=one.key_auth, takes_identity=one.takes_identity, usage=told, without=without)
    target = one.row.target if one.row else None
    return Entry(
        one.account,
        with_step(verdict, one.account, target),
        target.name if target else None,
        target.owner if target else None,
        usage,
        one.key_auth,
        one.takes_identity,
        None if one.key_auth else keyless_since,
        target.sunset if target else None,
        by_logs=logs_told and one.key_auth and one.takes_identity and (one.is_seen or told is not None),
    )


def with_step(verdict: Readiness, account: AccountId, target: Target | None) -> Readiness:
    """Return a verdict with what to do about an account whose keys nobody uses. Nothing, if their end is agreed.

    target: The target that it is. None if nobody enrolled it.
    """
    if verdict.verdict is not Verdict.READY or (target is not None and target.sunset is not None):
        return verdict
    step = AGREE if target else f"switch its keys off: {switching_keys_off(account)}"
    return replace(verdict, next_step=step)


def _shortened(usage: Usage) -> Usage:
    """Return a usage with its first callers of each kind. The others with a key are counted."""
    more = usage.more_callers + len(usage.callers[MOST_KEPT:])
    callers, identities = usage.callers[:MOST_KEPT], usage.identities[:MOST_KEPT]
    return replace(usage, callers=callers, identities=identities, more_callers=more)


def _name(one: InSight) -> str:
    return one.row.target.name if one.row else one.account.name
