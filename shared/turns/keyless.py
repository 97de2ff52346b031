"""The note that this app withdrew a published key, because the account accepts no keys any more.

If somebody switches keys on again, the note tells a version that this app disabled from one that a person disabled, so
that the first is published anew and the second is left alone. It also says since when an account is keyless, and
whether its announced sunset made it so. Without the note a person must look.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime

from shared.domain.model import AccountId, Observation, Target
from shared.domain.publication import SecretState
from shared.ports import Notes

KEYLESS = "notes/keyless/"


@dataclass(frozen=True)
class Keyless:
    """When and why the published key of an account was withdrawn.

    account: The account's resource id.
    version: The version of the secret that was disabled, or is about to be. Empty once it was found enabled again.
    at: When that began, in UTC.
    by_sunset: Whether the announced sunset switched keys off. Otherwise somebody else did, a person or a policy.
    times: How often the app has withdrawn a key of the account, this time included. It tells the events apart.
    """

    account: str
    version: str
    at: datetime
    by_sunset: bool
    times: int = 1

    def text(self) -> str:
        """Return the note as text."""
        facts = {"account": self.account, "version": self.version, "at": self.at.isoformat()}
        return json.dumps({**facts, "sunset": self.by_sunset, "times": self.times})


async def note_keyless(notes: Notes, target: Target, version: str, now: datetime, *, by_sunset: bool = False) -> None:
    """Note that this version is about to be withdrawn, unless that is noted already. Raises what the storage raises."""
    known = await keyless_of(notes, target.account)
    if known is None or known.version != version:
        times = known.times + 1 if known else 1
        note = Keyless(str(target.account), version, now, by_sunset, times)
        await notes.write(_name(target.account), note.text())


async def note_enabled(notes: Notes, target: Target, seen: Observation) -> None:
    """Note that the withdrawn version was found enabled while keys are on, so that what disables it next is not this
    app. It changes nothing about any other version. Raises what the storage raises.

    The note is read only where the app can have withdrawn that version: the target has a sunset, or the version's marks
    say that an end of all keys was announced. Where that never was, a person who enables and disables the version
    counts as this app.
    """
    latest = seen.publication
    if not seen.key_auth or latest is None or latest.state is not SecretState.ACTIVE:
        return
    if target.sunset is None and not (latest.told.key_auth_off or latest.told.ends):
        return
    known = await keyless_of(notes, target.account)
    if known is not None and known.version == latest.version:
        await notes.write(_name(target.account), replace(known, version="").text())


async def keyless_of(notes: Notes, account: AccountId) -> Keyless | None:
    """Return the note about an account. None if there is none, or if it cannot be read. Raises what the storage
    raises."""
    found = _read(await notes.read(_name(account)))
    return found if found is not None and account.same_as(found.account) else None


def _read(text: str | None) -> Keyless | None:
    try:
        found = json.loads(text or "")
        at = datetime.fromisoformat(found["at"])
        return Keyless(str(found["account"]), str(found["version"]), at, found["sunset"] is True, int(found["times"]))
    except (ValueError, TypeError, KeyError):
        return None


def _name(account: AccountId) -> str:
    return KEYLESS + hashlib.sha256(str(account).casefold().encode()).hexdigest()
