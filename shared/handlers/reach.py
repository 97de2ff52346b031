"""Which accounts a caller may act on, and the refusal of an act on any other one (ROTATION_OPERATOR_SCOPES).

What counts is the resource id of the account that a target has when it was looked up. The setting is read by itself,
so that it counts although another setting is invalid: a leak is then put on record without being looked up.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from shared.domain.errors import OutOfScope, RotationError
from shared.domain.model import AccountId
from shared.domain.scopes import EVERYWHERE, Reach
from shared.fleet.enrolment import Enrolled
from shared.settings.operators import read_operator_scopes
from shared.web.callers import Caller, Role

_MAY_NOT = "this caller is limited to scopes that do not include it."
_LEFT_OUT = "some targets are outside of the scopes that this caller is limited to, and are left out."


def reach_of(caller: Caller) -> Reach:
    """Return the accounts on which an operator may act: as the setting says for the caller's object id, else for the
    application's id, else for all others. A caller with a function key has no id.

    Raises FixConfiguration if the setting is invalid.
    """
    return read_operator_scopes(os.environ).of(caller.object_id, caller.application_id)


def reach_of_deployer(caller: Caller) -> Reach:
    """Return the accounts for which a caller may report deployments: with the deployer's role all of them, and with the
    operator's role those on which this caller may act.

    A function key has all roles, so that `reach_of` counts for it.

    Raises FixConfiguration as `reach_of` does.
    """
    return EVERYWHERE if Role.DEPLOYER in caller.roles and caller.object_id else reach_of(caller)


def check_reach(reach: Reach, *meant: tuple[str, AccountId]) -> None:
    """Raises OutOfScope if one of the accounts is outside. It names all that are.

    meant: How the caller named each of them, and the account.
    """
    outside = [(name, account) for name, account in meant if not reach.includes(account)]
    if outside:
        names, accounts = zip(*outside, strict=True)
        raise OutOfScope(", ".join(names), _MAY_NOT, accounts=accounts, scopes=reach.scopes)


def within(reach: Reach, targets: Iterable[Enrolled]) -> tuple[list[Enrolled], list[RotationError]]:
    """Return the targets that a caller may act on, and a problem if others were left out. It names none of these."""
    every = list(targets)
    inside = [one for one in every if reach.includes(one.target.account)]
    if len(inside) == len(every):
        return inside, []
    return inside, [OutOfScope("the fleet", _LEFT_OUT, scopes=reach.scopes)]
