"""Check what trials look at first: policies, and the metrics of accounts. Both are optional rights.

Whether trials are wanted shows in that the app may switch keys: without that right there is nothing to check.
"""

from __future__ import annotations

import shlex
from datetime import timedelta

from shared.doctor import remedies
from shared.doctor.check import ON_ITS_WAY, Check, Examination, failed_with, not_checked, passed
from shared.doctor.ports import PolicyLook
from shared.doctor.remedies import Scope
from shared.domain.errors import GrantRole, RotationError
from shared.domain.model import AccountId

_WRITE = "Microsoft.CognitiveServices/accounts/write"
_LOOK_BACK = timedelta(minutes=5)


async def check_trials(examination: Examination, policies: PolicyLook | None, account: AccountId) -> list[Check]:
    """Check the rights that a trial uses, at one account. Empty if the app may not switch its keys, or if Azure does
    not say whether it may."""
    name = "see-trials"
    refusals, thing = examination.rotation.outside.refusals, f"resource group {account.group}"
    if policies is None or refusals is None or not await _may_switch(examination, account):
        return []
    now = examination.rotation.outside.clock.now()
    problems = list((await policies.of(account)).problems)
    try:
        await refusals.count(account, now - _LOOK_BACK, now)
    except RotationError as error:
        problems.append(error)
    group = shlex.quote(f"/subscriptions/{account.subscription}/resourceGroups/{account.group}")
    grant = examination.remedies.assign(remedies.TRIAL, Scope(group, account.subscription))
    if not problems:
        return [passed(name, thing, "Policies and refused calls of accounts can be read.")]
    lacking = [one for one in problems if isinstance(one, GrantRole)]
    if not lacking:
        return [failed_with(name, thing, problems[0], grant)]
    why = f"{lacking[0].what} The right is optional: a trial says what was not checked. {ON_ITS_WAY}"
    return [not_checked(name, thing, why, grant)]


async def _may_switch(examination: Examination, account: AccountId) -> bool:
    try:
        permissions = await examination.examiner.permissions(str(account))
    except RotationError:
        return False
    return any(one.covers(_WRITE) for one in permissions or ())
