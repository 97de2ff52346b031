"""The commands for what Azure refused, by the cause that the table of refusals names. None where no command helps.

A command here is never the assignment of a role: what refuses for another cause is not opened by one.
"""

from __future__ import annotations

from shared.doctor import networks, remedies
from shared.doctor.check import Check, Examination, failed, failed_with
from shared.doctor.remedies import Scope
from shared.domain.causes import Cause
from shared.domain.errors import FixConfiguration, GrantRole, RotationError
from shared.domain.model import AccountId


def failed_at_account(name: str, thing: str, account: AccountId, error: RotationError, grant: str) -> Check:
    """Return a check that failed at an account. `grant` is the command that assigns the role that the call needs."""
    remedy = at_subscription(error, account.subscription)
    return failed(name, thing, with_step(error), remedy) if remedy else failed_with(name, thing, error, grant)


def with_step(error: RotationError) -> str:
    """Return what happened and what to do, for a check whose command only shows what is in the way."""
    return f"{error.what} {error.next_step[:1].upper()}{error.next_step[1:]}."


def at_subscription(error: RotationError, subscription: str | None) -> str | None:
    """Return the command that shows what refuses everybody in a subscription: locks, deny assignments, its state."""
    where = Scope.of_subscription(subscription).subscription
    if error.cause is Cause.LOCKED:
        return remedies.see_locks(where)
    if error.cause is Cause.SUBSCRIPTION_DISABLED:
        return remedies.see_subscription(where)
    if error.cause is Cause.DENY_ASSIGNMENT:
        return remedies.see_deny_assignments(where)
    return None


def failed_at_vault(examination: Examination, name: str, thing: str, url: str, error: RotationError) -> Check:
    """Return a check that failed at a vault, with a remedy for its network, its access policies, a missing role, or its
    address."""
    remedy = _at_vault(examination, url, error)
    if remedy is None and isinstance(error, GrantRole):
        grant = examination.remedies.assign(remedies.PUBLISHER, remedies.vault(url))
        return failed_with(name, thing, error, grant)
    return failed(name, thing, error.what, remedy or remedies.see_vault(url))


def _at_vault(examination: Examination, url: str, error: RotationError) -> str | None:
    if error.cause is Cause.NETWORK_CLOSED:
        return networks.open_vault(url)
    if error.cause is Cause.PRIVATE_ONLY:
        return networks.join_vault(url)
    if error.cause is Cause.ACCESS_POLICY:
        return examination.remedies.allow_at_vault(url)
    known = error.refusal is not None and error.cause is not None and isinstance(error, FixConfiguration)
    return error.next_step if known else None


def failed_at_storage(thing: str, storage: str, error: RotationError, grant: str) -> Check:
    """Return the check of the lease that failed at the storage account of that name."""
    if error.cause in (Cause.NETWORK_CLOSED, Cause.SHARED_KEY_OFF):
        return failed("lease", thing, with_step(error), remedies.see_storage(storage))
    return failed_with("lease", thing, error, grant)
