"""Check what readiness, audit and readers read beside the targets: each log workspace, the diagnostic settings of
accounts, whatever ROTATION_AUDIT_SCOPE names, who has rights, and what trials look at first.

All but the first are optional rights. Without them those features know less and say so, and nothing else fails.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

from shared.doctor import remedies
from shared.doctor.check import ON_ITS_WAY, Check, Examination, failed, failed_with, not_checked, passed
from shared.doctor.ports import Reading
from shared.doctor.remedies import Scope
from shared.doctor.seeing import check_copies
from shared.doctor.trials import check_trials
from shared.domain.errors import GrantRole, PersonMustLook, RotationError
from shared.domain.model import AccountId, Target
from shared.domain.relative import counted
from shared.ports import CallLogs
from shared.readers.ports import Rights


async def check_reading(examination: Examination, reading: Reading, targets: list[Target]) -> AsyncIterator[Check]:
    """Check each log workspace, the diagnostic settings in each subscription, and the scope of the audit. No check for
    what the settings do not ask for, and none without a token for Azure Resource Manager."""
    if not examination.has_azure_token:
        return
    accounts = [target.account for target in targets]
    for workspace, logs in reading.workspaces.items():
        yield await _check_workspace(examination, workspace, logs, accounts)
    if reading.workspaces:
        for account in _one_of_each_subscription(accounts):
            yield await _check_log_settings(examination, reading, account)
    async for check in _check_scope(examination, reading):
        yield check
    if reading.rights is not None:
        for target in {one.account.subscription.casefold(): one for one in targets}.values():
            yield await _check_rights(examination, reading.rights, target)
    for check in (
        *await check_copies(examination, reading.holders),
        *await _check_trials(examination, reading, accounts),
    ):
        yield check


async def _check_trials(examination: Examination, reading: Reading, accounts: list[AccountId]) -> list[Check]:
    """Check what trials look at first, at one account of each subscription."""
    each = _one_of_each_subscription(accounts)
    return [check for one in each for check in await check_trials(examination, reading.policies, one)]


async def _check_workspace(
    examination: Examination, workspace: str, logs: CallLogs, accounts: list[AccountId]
) -> Check:
    """Ask one workspace how an account was called. What it answers does not matter here."""
    name = "query-logs"
    thing = f"workspace {workspace}"
    if not accounts:
        return not_checked(name, thing, "No account is enrolled, so there is none to ask about.")
    try:
        await logs.usage(accounts[0])
    except RotationError as error:
        grant = examination.remedies.assign(remedies.COUNTER, remedies.workspace(workspace))
        return failed_with(name, thing, error, grant)
    return passed(name, thing, "It can be queried.")


def _one_of_each_subscription(accounts: Iterable[AccountId]) -> list[AccountId]:
    return list({account.subscription.casefold(): account for account in accounts}.values())


async def _check_log_settings(examination: Examination, reading: Reading, account: AccountId) -> Check:
    """Read the diagnostic settings of one account of a subscription."""
    name = "log-settings"
    thing = f"subscription {account.subscription}"
    grant = examination.remedies.assign(remedies.READINESS, Scope.of_subscription(account.subscription))
    try:
        await reading.read_only.log_settings.of(account)
    except GrantRole:
        why = (
            "The app may not read the diagnostic settings of accounts here, so readiness cannot say why an account has "
            f"no log. The right is optional. {ON_ITS_WAY}"
        )
        return not_checked(name, thing, why, grant)
    except RotationError as error:
        return failed_with(name, thing, error, grant)
    return passed(name, thing, "Diagnostic settings of accounts can be read.")


async def _check_rights(examination: Examination, rights: Rights, target: Target) -> Check:
    """Look at the rights around one account of a subscription and its vault. What is seen does not matter here."""
    name = "see-readers"
    thing = f"subscription {target.account.subscription}"
    grant = examination.remedies.assign(remedies.READERS, Scope.of_subscription(target.account.subscription))
    problems = (await rights.around(target.account, target.vault_url)).problems
    lacking = [one for one in problems if isinstance(one, GrantRole | PersonMustLook)]
    if lacking:
        why = (
            f"The app may not see all of who can read the keys here: {lacking[0].about(target.name)} The right is "
            f"optional. {ON_ITS_WAY}"
        )
        return not_checked(name, thing, why, grant)
    if problems:
        return failed_with(name, thing, problems[0], grant)
    why = "Azure shows the app who has rights here; above the subscription it shows only what the app may read there."
    return passed(name, thing, why)


async def _check_scope(examination: Examination, reading: Reading) -> AsyncIterator[Check]:
    """Look where ROTATION_AUDIT_SCOPE says. Azure shows less where less may be read, and an empty answer is no error.

    Failed for each thing that could not be seen, and if no account at all is in sight there.
    """
    name = "audit-scope"
    scope = examination.settings.audit_scope
    if scope is None:
        return
    grant = examination.remedies.see_accounts(scope.groups)
    seen = await reading.read_only.sight.accounts()
    for error in seen.problems:
        yield failed_with(name, error.thing, error, grant)
    if seen.indexed == 0:
        why = (
            "Azure Resource Graph shows this identity no account there. It leaves out silently what may not be read. "
            f"{ON_ITS_WAY}"
        )
        yield failed(name, scope.words, why, grant)
    elif seen.indexed is not None:
        accounts = counted(seen.indexed, "account is", "accounts are")
        yield passed(name, scope.words, f"{accounts} in sight there; others may be there that may not be read.")
