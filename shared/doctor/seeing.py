"""Check what readers and copies need: two optional roles, each checked only where it is assigned.

Whether it is shows in that Azure answers at all. Where everything is refused, nobody has asked for the role, and there
is nothing to check.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence

from shared.copies.find import look_for_copies
from shared.copies.ports import Holder, KeyHolders
from shared.copies.traces import HolderEntry, HolderList
from shared.doctor import remedies
from shared.doctor.check import Check, Examination, failed_with, passed
from shared.doctor.ports import Reading
from shared.doctor.remedies import Scope
from shared.domain.errors import GrantRole
from shared.domain.model import AccountId
from shared.domain.relative import counted
from shared.readers.ask import is_known
from shared.readers.ports import Rights


async def check_seeing(
    examination: Examination, reading: Reading, accounts: Iterable[AccountId]
) -> AsyncIterator[Check]:
    """Check the rights that `readers` needs, in each subscription of the targets, and those that `copies` needs.

    The first takes the lists of a subscription; the second one query of Resource Graph and the lists of one resource of
    each type.
    """
    if reading.rights is not None:
        for subscription in dict.fromkeys(one.subscription.lower() for one in accounts):
            for check in await _check_readers(examination, reading.rights, subscription):
                yield check
    if reading.holders is not None:
        for check in await _check_copies(examination, reading.holders):
            yield check


async def _check_readers(examination: Examination, rights: Rights, subscription: str) -> list[Check]:
    name, thing = "see-readers", f"subscription {subscription}"
    seen = await rights.in_subscription(subscription)
    if not is_known(seen):
        return []
    grant = examination.remedies.assign(remedies.READERS, Scope.of_subscription(subscription))
    failures = [failed_with(name, thing, error, grant) for error in seen.problems]
    return failures or [passed(name, thing, "Who has which role there can be read.")]


async def _check_copies(examination: Examination, holders: KeyHolders) -> list[Check]:
    name, thing = "see-copies", "resources that can hold copies"
    groups = examination.settings.audit_scope.groups if examination.settings.audit_scope else ()
    seen = await look_for_copies(_OneOfEach(holders), groups)
    looked = sum(one.looked or 0 for one in seen.places)
    if not looked:
        return []
    grant = examination.remedies.assign(remedies.COPIES, Scope.of_subscription(None))
    failures = [failed_with(name, error.thing, error, grant) for error in seen.problems]
    kinds = counted(looked, "kind of place", "kinds of places")
    return failures or [passed(name, thing, f"{kinds} can be looked into; one resource of each was.")]


class _OneOfEach:
    """One resource of each type, of those that can hold copies.

    holders: All of them.
    """

    def __init__(self, holders: KeyHolders) -> None:
        self._holders = holders

    async def holders(self, groups: Sequence[str]) -> Sequence[Holder]:
        """Return the first resource of each type. None if none may be seen."""
        try:
            found = await self._holders.holders(groups)
        except GrantRole:  # the identity can read nothing there, so the role is not assigned
            return ()
        return tuple({one.type: one for one in reversed(found)}.values())

    async def entries(self, listed: HolderList, resource: str) -> Sequence[HolderEntry]:
        """Return what a list shows."""
        return await self._holders.entries(listed, resource)
