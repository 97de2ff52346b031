"""What the app notes about a secret: whose it is, which marks were taken back, and what another writer has done to it.

That a secret holds this app's publication is noted before the first one. If somebody else regenerates both keys, none
is left that could vouch for the marks (`seals`), and the note says whose secret it is.

Marks that were taken back can be put back by anybody who may write tags. So marks have a number, and what takes
something back first notes the least number that still counts.

Where somebody else writes the secret, too, a copy of our marks is kept. It counts only for the version that it names.
So marks that another tool takes away again and again are put back as they were, and what was announced stays announced.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from shared.decide.other_writers import explained, once_ours
from shared.decide.situation import Situation
from shared.domain.keys import ApiKey, KeySlot
from shared.domain.model import Observation, Target
from shared.domain.publication import Marks, Publication, SecretState, read_tags, tags_of
from shared.domain.requests import AwaitedDeployment
from shared.domain.scheduled import agreed_sunset
from shared.domain.seals import carefully
from shared.domain.told import ToldDeadline
from shared.ports import Notes, Outside
from shared.turns.authentic import authentic
from shared.turns.keyless import withdrawn_times

SECRETS, MOST_MOMENTS = "notes/secrets/", 10
CLOCKS_DIFFER = timedelta(hours=1)  # the most by which this app's clock and the vault's may differ


@dataclass(frozen=True)
class SecretNote:
    """The note about one secret.

    secret: The secret's address, without a version.
    version: The version that `marks` belong to. Empty without a copy.
    slot: The slot that held the version's key. None without a copy.
    marks: The copy of our marks. None without one.
    lost: When tags were put back that somebody had taken away, in UTC, the oldest first.
    overwritten: When our key was published over somebody else's version, in UTC, the oldest first.
    account: The account whose key this app publishes there. Empty if that is not noted.
    least: The least number of marks that still count.
    """

    secret: str
    version: str = ""
    slot: KeySlot | None = None
    marks: Marks | None = None
    lost: tuple[datetime, ...] = ()
    overwritten: tuple[datetime, ...] = ()
    account: str = ""
    least: int = 0

    def is_about(self, target: Target) -> bool:
        """Return whether the note says that the secret holds what this app publishes for the target's account."""
        return target.account.same_as(self.account)

    def counted(self, publication: Publication) -> Publication:
        """Return the version without its marks if they were taken back since."""
        marks = publication.marks
        return publication if marks is None or marks.number >= self.least else replace(publication, marks=None)

    def added_to(self, publication: Publication, target: Target) -> Publication:
        """Return the version with the copy of its marks, if this is the version that the copy belongs to."""
        if publication.version != self.version or self.marks is None:
            return publication
        return replace(publication, marks=self.marks, slot=self.slot, provider=str(target.account))

    def text(self, target: Target) -> str:
        """Return the note as text. A copy of marks is kept in the form of tags."""
        account, period, tags = str(target.account), target.cadence.period, dict[str, str]()
        if self.marks is not None and self.slot is not None:
            tags = tags_of(self.marks, self.slot, account, period, {})
        return json.dumps(
            {
                "secret": self.secret,
                "account": self.account,
                "least": self.least,
                "version": self.version,
                "tags": tags,
                "lost": [one.isoformat() for one in self.lost[-MOST_MOMENTS:]],
                "overwritten": [one.isoformat() for one in self.overwritten[-MOST_MOMENTS:]],
            }
        )


def read_note(text: str | None) -> SecretNote | None:
    """Read what `SecretNote.text` wrote. None for any other text."""
    try:
        found = json.loads(text or "")
        slot, _, _, marks = read_tags(_tags(found))
        return SecretNote(
            secret=str(found["secret"]),
            version=str(found["version"]),
            slot=slot,
            marks=marks,
            lost=_moments(found["lost"]),
            overwritten=_moments(found["overwritten"]),
            account=str(found.get("account", "")),
            least=int(found.get("least", 0)),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _tags(found: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(text) for name, text in found["tags"].items()}


def _moments(texts: list[str]) -> tuple[datetime, ...]:
    return tuple(datetime.fromisoformat(one) for one in texts)


async def note_of(notes: Notes, target: Target) -> SecretNote:
    """Return the note about a target's secret; an empty one if there is none. Raises what the storage raises."""
    found = read_note(await notes.read(_name(target)))
    same = found is not None and found.secret.casefold() == target.secret_url.casefold()
    return found if found is not None and same else SecretNote(target.secret_url)


async def secret_notes(notes: Notes) -> list[SecretNote]:
    """Return all notes about secrets. Raises what the storage raises."""
    found = [read_note(text) for _, text in await notes.under(SECRETS)]
    return [one for one in found if one is not None]


@dataclass(frozen=True)
class Change:
    """Marks that a turn is about to write, or has just written, on a version.

    version, marks, slot: Which version, which marks, and whose key it holds.
    before: The marks that count on this version until then. None if there are none.
    lost: When lost tags are put back now. None if they are not.
    overwritten: When somebody else's version is written over now. None if it is not.
    """

    version: str
    marks: Marks
    slot: KeySlot
    before: Marks | None = None
    lost: datetime | None = None
    overwritten: datetime | None = None

    @property
    def takes_back(self) -> bool:
        """Whether the marks before this change say something that no longer holds and could let a key end early."""
        if self.before is None:
            return True
        told, before = self.marks.told, self.before.told
        same_key = self.marks.previous is not None and self.marks.previous == self.before.previous
        retirement = same_key and not _still_ends(before.retirement, told.retirement)
        sunset = not _still_ends(before.sunset, told.sunset)
        agreed = self.before.agreed and not self.marks.agreed
        return agreed or sunset or retirement or not _still_waits(self.before.awaited, self.marks.awaited)


def _still_ends(before: ToldDeadline | None, after: ToldDeadline | None) -> bool:
    """Return whether an announced end still holds, and at no later moment."""
    return before is None or (after is not None and after.deadline <= before.deadline)


def _still_waits(before: AwaitedDeployment | None, after: AwaitedDeployment | None) -> bool:
    """Return whether a version still waits for the same deployment, or has seen it."""
    if before is None:
        return True
    return after is not None and after.wanted == before.wanted and before.deployed in (None, after.deployed)


async def noted_before(notes: Notes, target: Target, change: Change) -> Marks:
    """Put on record what must be there before marks are written, and return the marks with a number that counts.

    Raises what the storage raises; then the marks must not be written.
    """
    number = change.before.number if change.before else change.marks.number
    if not change.takes_back and not change.marks.copied:
        return replace(change.marks, number=number)
    note = await note_of(notes, target)
    least = max(note.least, number) + 1 if change.takes_back else note.least
    marks = replace(change.marks, number=max(number, least))
    note = replace(note, account=str(target.account), least=least)
    await notes.write(_name(target), _with_copy(note, replace(change, marks=marks)).text(target))
    return marks


def _with_copy(note: SecretNote, change: Change) -> SecretNote:
    if not change.marks.copied:
        return note
    return replace(
        note,
        version=change.version,
        marks=change.marks,
        slot=change.slot,
        lost=(*note.lost, change.lost) if change.lost else note.lost,
        overwritten=(*note.overwritten, change.overwritten) if change.overwritten else note.overwritten,
    )


async def keep_copy(notes: Notes, target: Target, change: Change) -> None:
    """Write the copy of the marks of a version that was published, and what happened. Raises what the storage
    raises."""
    await notes.write(_name(target), _with_copy(await note_of(notes, target), change).text(target))


async def claim(notes: Notes, target: Target, before: Marks | None) -> int:
    """Note that the secret holds what this app publishes for the target, and return the number of its next marks.

    before: The marks that count on the version before. None if there are none.

    Raises what the storage raises; then nothing must be published.
    """
    note = SecretNote(target.secret_url, account=str(target.account))
    if await notes.add(_name(target), note.text(target)) or before is not None:
        return before.number if before else 0
    return (await note_of(notes, target)).least


async def explained_observation(
    seen: Observation, keys: Mapping[KeySlot, ApiKey], target: Target, outside: Outside, *, strictly: bool = False
) -> Observation:
    """Return the observation with the marks that count, and with what is known of a version that carries none.

    keys: Both keys of the account, as they were observed.
    strictly: Whether to ask in any case if the marks were taken back. Default: only if they could end a key now.

    Marks from which a key could end now cost a call, for the least number that counts. Where no marks count, the note
    may hold a copy of them, and otherwise a list of the earlier versions may explain the latest one. While keys are
    off, nothing can be checked and nothing can end, so the marks stay as they are. Raises the errors of the ports.
    """
    found, now = seen.publication, outside.clock.now()
    if found is None or not seen.key_auth:
        return seen
    latest = authentic(found, target, keys, now)
    checked = replace(seen, publication=latest)
    if latest.state is not SecretState.ACTIVE or (latest.provider and not target.account.same_as(latest.provider)):
        return await _with_who_disabled(checked, found, target, outside.notes)
    checked = replace(checked, withdrawn=await withdrawn_times(outside.notes, target, found))
    is_whole = Situation(checked, target, now).is_marked_truly and not _carries_older_marks(latest)
    if is_whole and not strictly and not _could_end_a_key(latest, target, now):
        return checked
    note = await note_of(outside.notes, target)
    if is_whole and latest.marks is not None and latest.marks.number >= note.least:
        return checked
    taken_back = latest.marks if is_whole else None  # put back by somebody, or their turn ended before the new ones
    if taken_back is not None:
        checked = replace(checked, publication=replace(latest, marks=None))
    if note.version == latest.version and note.marks is not None and note.marks.live == latest.value:
        if seen.live is not None:
            return replace(checked, lost=note.marks)
        return replace(checked, publication=note.added_to(latest, target))  # its key was regenerated as well: drift
    if taken_back is not None:
        return replace(checked, lost=replace(carefully(taken_back, seen.keys.values()), awaited=None))
    listed = [one for one in await outside.vault.earlier(target) if not _carries_older_marks(one)]
    older = [one for one in listed if one.version != latest.version]  # of the latest one it is known what counts
    earlier = [note.added_to(note.counted(authentic(one, target, keys, now)), target) for one in older]
    told = explained(checked, target, earlier, once_ours(target, listed), note.overwritten, now)
    told = told if any(one.marks for one in earlier) else _claimed(told, found, note, target)
    return replace(told, anothers=_was_anothers(note, older, target))


async def _with_who_disabled(seen: Observation, found: Publication, target: Target, notes: Notes) -> Observation:
    """Return the observation, with whether this app disabled the version because keys were off. Otherwise a person must
    look, or the version belongs to another account.

    Nobody could seal what was noted while keys were off, so the app's own copy of these marks counts instead.

    found: The version as it was found. How many ends of all keys it counts matters also without a seal: with more of
        them, it is left to a person.
    """
    latest = seen.publication
    if latest is None or found.state is not SecretState.DISABLED:
        return seen
    times = await withdrawn_times(notes, target, found)
    if times and latest.marks is None:
        latest = (await note_of(notes, target)).added_to(latest, target)
    return replace(seen, publication=latest, withdrawn=times)


def _was_anothers(note: SecretNote, older: Sequence[Publication], target: Target) -> bool:
    """Return whether the app has noted that it publishes another account's key there, or an earlier version says so."""
    accounts = [note.account, *(one.provider for one in older if one.marks)]
    return any(one and not target.account.same_as(one) for one in accounts)


def _claimed(seen: Observation, found: Publication, note: SecretNote, target: Target) -> Observation:
    """Return the observation of a secret that no key of the account vouches for any more, if the app has noted that it
    publishes there, and whoever wrote the marks knew the value at least."""
    if seen.live is not None or found.marks is None or not found.sealed or not note.is_about(target):
        return seen
    marks = replace(carefully(found.marks, seen.keys.values()), number=note.least)  # nobody checked the number, either
    return replace(seen, publication=replace(found, marks=marks))


def _could_end_a_key(publication: Publication, target: Target, now: datetime) -> bool:
    """Return whether these marks could end a key now, so that it matters whether they still hold."""
    marks = publication.marks
    if marks is None:
        return False
    retires = marks.previous is not None and marks.until is not None and now >= marks.until
    agreed = agreed_sunset(target, marks)
    sunset = agreed is not None and now >= agreed and marks.told.sunset is not None
    return retires or sunset or marks.awaited is not None


def _carries_older_marks(latest: Publication) -> bool:
    """Return whether the version is younger than its marks say: somebody copied an older version with its tags."""
    marks = latest.marks
    return marks is not None and not marks.copied and latest.created - marks.since > CLOCKS_DIFFER


def _name(target: Target) -> str:
    return SECRETS + hashlib.sha256(target.secret_url.casefold().encode()).hexdigest()
