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
from shared.domain.publication import Publication, SecretState
from shared.ports import Notes

KEYLESS = "notes/keyless/"


@dataclass(frozen=True)
class Keyless:
    """When and why the published key of an account was withdrawn.

    account: The account's resource id.
    version: The version of the secret that was disabled, or is about to be. Empty once its keys were found on again.
    at: When that began, in UTC.
    by_sunset: Whether the announced sunset switched keys off. Otherwise somebody else did, a person or a policy.
    times: The number of this end of all keys, from 1 on. It tells the events apart: once the version's tags count as
        many ends, somebody was told that keys are back.
    off: Whether keys were seen to be off, or Azure said so. Before that the note says nothing about the version.
    withdrawn: Whether the version was disabled, or is about to be. If somebody else switched keys off, it stays for one
        overlap. Default: yes, as notes of earlier releases mean.
    """

    account: str
    version: str
    at: datetime
    by_sunset: bool
    times: int = 1
    off: bool = True
    withdrawn: bool = True

    def text(self) -> str:
        """Return the note as text."""
        facts = {"account": self.account, "version": self.version, "at": self.at.isoformat()}
        more = {"sunset": self.by_sunset, "times": self.times, "off": self.off, "withdrawn": self.withdrawn}
        return json.dumps({**facts, **more})


async def note_sunset(notes: Notes, target: Target, latest: Publication, now: datetime) -> None:
    """Note that the sunset is about to switch keys off, unless this end is noted. Raises what the storage raises."""
    known = await keyless_of(notes, target.account)
    if known is None or not _is_about(known, latest):
        note = Keyless(str(target.account), latest.version, now, True, _times(known, latest), off=False)
        await _write(notes, target, note)


async def note_withdrawn(notes: Notes, target: Target, latest: Publication, now: datetime) -> None:
    """Note that keys are off and that this version is about to be disabled. Raises what the storage raises."""
    known = await keyless_of(notes, target.account)
    if known is None or not _is_about(known, latest):
        note = Keyless(str(target.account), latest.version, now, False, _times(known, latest))
        await _write(notes, target, note)
    elif not (known.off and known.withdrawn):
        since = known.at if known.off else now
        await _write(notes, target, replace(known, at=since, off=True, withdrawn=True))


async def note_off(notes: Notes, target: Target, latest: Publication, now: datetime) -> None:
    """Note that somebody else switched keys off, and that this version stays for a while. Raises what the storage
    raises.

    As long as nobody was told, the while begins anew: keys may have been on in between, and nothing else remembers it.
    """
    known = await keyless_of(notes, target.account)
    if known is None or not _is_about(known, latest):
        note = Keyless(str(target.account), latest.version, now, False, _times(known, latest), withdrawn=False)
        await _write(notes, target, note)
    elif not (known.withdrawn or latest.told.key_auth_off):
        await _write(notes, target, replace(known, at=now))


async def with_end_of_keys(notes: Notes, target: Target, seen: Observation) -> Observation:
    """Return the observation of an account whose keys are off, with since when, and whether the sunset switched them
    off. Raises what the storage raises."""
    latest = seen.publication
    if seen.key_auth or latest is None or latest.state is not SecretState.ACTIVE:
        return seen
    known = await keyless_of(notes, target.account)
    if known is None or not _is_about(known, latest):
        return seen
    return replace(seen, off_since=known.at, off_by_sunset=known.by_sunset)


def is_enabled_again(seen: Observation) -> bool:
    """Return whether somebody has enabled the version that this app withdrew, while keys are on."""
    latest = seen.publication
    return bool(seen.key_auth and seen.withdrawn and latest is not None and latest.state is SecretState.ACTIVE)


async def note_enabled(notes: Notes, target: Target, version: str) -> None:
    """Note that the withdrawn version was found enabled while keys are on, so that what disables it next is not this
    app. It changes nothing about any other version. Raises what the storage raises."""
    known = await keyless_of(notes, target.account)
    if known is not None and known.version == version:
        await _write(notes, target, replace(known, version=""))


async def withdrawn_times(notes: Notes, target: Target, latest: Publication) -> int:
    """Return how often this app has withdrawn a key, if it did so with this version and nobody was told that keys are
    back. 0 otherwise. Raises what the storage raises.

    The note is read only where the app can have withdrawn the version: it is disabled, its target has a sunset, or its
    tags say that an end of all keys was announced.
    """
    told = latest.told
    if (
        latest.state is SecretState.ACTIVE
        and target.sunset is None
        and not (told.sunset or told.key_auth_off or told.ends)
    ):
        return 0
    known = await keyless_of(notes, target.account)
    is_about = known is not None and known.off and known.withdrawn and _is_about(known, latest)
    return known.times if known is not None and is_about else 0


def _is_about(known: Keyless, latest: Publication) -> bool:
    """Return whether the note is about this version, and about an end of all keys after which nobody was told yet that
    keys are back. If somebody was told, the next end is another one, although the version may be the same."""
    return known.version == latest.version and latest.told.ends < known.times


def _times(known: Keyless | None, latest: Publication) -> int:
    """Return the number of this end of all keys. Ends at which nothing was withdrawn are counted by the tags alone."""
    return max(known.times if known else 0, latest.told.ends) + 1


async def _write(notes: Notes, target: Target, note: Keyless) -> None:
    await notes.write(keyless_name(target.account), note.text())


async def keyless_of(notes: Notes, account: AccountId) -> Keyless | None:
    """Return the note about an account. None if there is none, or if it cannot be read. Raises what the storage
    raises."""
    found = _read(await notes.read(keyless_name(account)))
    return found if found is not None and account.same_as(found.account) else None


def _read(text: str | None) -> Keyless | None:
    try:
        found = json.loads(text or "")
        at = datetime.fromisoformat(found["at"])
        facts = str(found["account"]), str(found["version"]), at, found["sunset"] is True, int(found["times"])
        return Keyless(*facts, off=found["off"] is True, withdrawn=found.get("withdrawn", True) is True)
    except (ValueError, TypeError, KeyError):
        return None


def keyless_name(account: AccountId) -> str:
    """Return the name of an account's note in the app's storage."""
    return KEYLESS + hashlib.sha256(str(account).casefold().encode()).hexdigest()
