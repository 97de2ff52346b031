"""Why a log shows no call of an account: its diagnostic settings, asked for a bounded number of accounts a day.

An account that answers nobody and one whose log goes nowhere look the same in a workspace. So the first question is
whether its calls are logged at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from shared.domain.errors import GrantRole, RotationError
from shared.domain.model import AccountId
from shared.domain.readiness import SEND_LOG, Readiness, unknown
from shared.domain.times import FIRST
from shared.readiness.commands import SWITCH_LOG_ON, sending_calls
from shared.readiness.kept import AskedSettings
from shared.readiness.ports import CallLogSettings

MOST_ASKED = 200  # accounts in a day; Azure counts such reads for each subscription, and turns need them, too
AT_ONCE = 16  # accounts that are asked side by side
_DAY = timedelta(days=1)
_NOTHING = "no call of any kind was logged"
_LET_IT_READ = "give the app the role readinessReader, which may read them, or see that the account sends its log"
_SEE_WHERE = (
    "see that it sends to a workspace that ROTATION_LOG_WORKSPACE_ID names; if it does, call the account once by "
    "identity, so that a call is logged"
)


async def ask_settings(
    settings: CallLogSettings | None,
    silent: Sequence[AccountId],
    known: Mapping[str, AskedSettings],
    now: datetime,
) -> tuple[dict[str, AskedSettings], list[RotationError]]:
    """Return what is known of the diagnostic settings of these accounts, and why some could not be read.

    settings: What is asked. None: nobody is.
    silent: The accounts of which no call was logged.
    known: What earlier surveys found, by the account's id in lower case.
    now: The time, in UTC.

    Those that were never asked come first, then those whose answer is oldest; at most `MOST_ASKED` in a day. If all
    accounts that are asked side by side fail, no more are asked: the others would fail as well. The right to read them
    is optional, so that it is missing is said of the accounts and is no problem.
    """
    found = {_key(one): known[_key(one)] for one in silent if _key(one) in known}
    chosen, problems = next_to_ask(silent, known, now) if settings else [], list[RotationError]()
    for start in range(0, len(chosen), AT_ONCE):
        some = chosen[start : start + AT_ONCE]
        answers = await asyncio.gather(*(_asked(settings, one, now) for one in some if settings))
        found |= {_key(one): answer for one, (answer, _) in zip(some, answers, strict=True)}
        errors = [error for _, error in answers if error is not None]
        problems += [error for error in errors if not isinstance(error, GrantRole)][:1]
        if len(errors) == len(some):
            break
    return found, problems


def next_to_ask(silent: Iterable[AccountId], known: Mapping[str, AskedSettings], now: datetime) -> list[AccountId]:
    """Return the accounts to ask now, in their order. None that was asked within the last day."""
    recent = sum(now - one.at < _DAY for one in known.values())
    due = [one for one in silent if _key(one) not in known or now - known[_key(one)].at >= _DAY]
    due.sort(key=lambda one: (known[_key(one)].at if _key(one) in known else FIRST, _key(one)))
    return due[: max(0, MOST_ASKED - recent)]


def silent_because(account: AccountId, asked: AskedSettings | None) -> Readiness:
    """Return the verdict about an account of which no call was logged. It is never that the account is ready.

    asked: What is known of its diagnostic settings. None if they were not asked yet.
    """
    if asked is None:
        return unknown(_NOTHING, SEND_LOG)
    if asked.found is None:
        return unknown(f"{_NOTHING}, and its diagnostic settings cannot be read", _LET_IT_READ)
    sending = next((one for one in asked.found if one.has_request_log), None)
    if sending is not None:
        return unknown(f"{_NOTHING}, although its diagnostic setting {sending.name} sends the log of calls", _SEE_WHERE)
    step = f"{SWITCH_LOG_ON}: {sending_calls(account)}"
    if asked.found:
        names = ", ".join(one.name for one in asked.found)
        which = f"setting {names} sends" if len(asked.found) == 1 else f"settings {names} send"
        return unknown(f"its diagnostic {which} no log of calls", step)
    return unknown("it has no diagnostic setting, so no call is logged", step)


async def _asked(
    settings: CallLogSettings, account: AccountId, now: datetime
) -> tuple[AskedSettings, RotationError | None]:
    try:
        return AskedSettings(now, tuple(await settings.of(account))), None
    except RotationError as error:
        return AskedSettings(now), error


def _key(account: AccountId) -> str:
    return str(account).casefold()
