"""Check what copies need: an optional role, checked only where it is assigned.

Whether it is shows in that Azure answers at all. Where everything is refused, nobody has asked for the role, and there
is nothing to check. Where a part is refused, that is not checked: it may be wanted so. Every other failure is said.
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.copies.find import look_for_copies
from shared.copies.ports import Holder, KeyHolders
from shared.copies.traces import HolderEntry, HolderList
from shared.doctor import remedies
from shared.doctor.check import ON_ITS_WAY, Check, Examination, failed_with, not_checked, passed
from shared.doctor.remedies import Scope
from shared.domain.causes import Cause
from shared.domain.errors import GrantRole, RotationError
from shared.domain.relative import counted


async def check_copies(examination: Examination, holders: KeyHolders | None) -> list[Check]:
    """Check the rights that `copies` needs: one query of Resource Graph, and the lists of one resource of each type."""
    if holders is None:
        return []
    name, thing = "see-copies", "resources that can hold copies"
    groups = examination.settings.audit_scope.groups if examination.settings.audit_scope else ()
    seen = await look_for_copies(_OneOfEach(holders), groups)
    looked = sum(one.looked or 0 for one in seen.places)
    grant = examination.remedies.assign(remedies.COPIES, Scope.of_subscription(None))
    found = [_of(error, grant) for error in seen.problems if looked or not _refused(error)]
    kinds = counted(looked, "kind of place", "kinds of places")
    well = passed(name, thing, f"{kinds} can be looked into; one resource of each was.")
    return found or ([well] if looked else [])


def _refused(error: RotationError) -> bool:
    """Whether Azure refused it for want of the role. Where it takes the identity for nobody, the role is no help."""
    return isinstance(error, GrantRole) and error.cause is not Cause.IDENTITY_REFUSED


def _of(error: RotationError, grant: str) -> Check:
    name = "see-copies"
    if not _refused(error):
        return failed_with(name, error.thing, error, grant)
    why = f"{error.what} The right is optional: without it `copies` says nothing of such resources. {ON_ITS_WAY}"
    return not_checked(name, error.thing, why, grant)


class _OneOfEach:
    """One resource of each type, of those that can hold copies.

    holders: All of them.
    """

    def __init__(self, holders: KeyHolders) -> None:
        self._holders = holders

    async def holders(self, groups: Sequence[str]) -> Sequence[Holder]:
        """Return the first resource of each type. None if none may be seen.

        Raises the errors of `KeyHolders.holders`, except where the role is missing.
        """
        try:
            found = await self._holders.holders(groups)
        except GrantRole as error:
            if not _refused(error):
                raise
            return ()  # the identity can read nothing there, so the role is not assigned
        return tuple({one.type: one for one in reversed(found)}.values())

    async def entries(self, listed: HolderList, resource: str) -> Sequence[HolderEntry]:
        """Return what a list shows."""
        return await self._holders.entries(listed, resource)

    def time_left(self) -> float:
        """Return how many seconds are left for calls."""
        return self._holders.time_left()
