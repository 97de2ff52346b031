"""What the app notes about a secret that somebody else writes, too: a copy of our marks, and when it was changed.

The copy counts only for the version that it names. So marks that another tool takes away again and again are put back
as they were, and what was announced stays announced.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from shared.decide.other_writers import explained
from shared.decide.situation import Situation
from shared.domain.keys import KeySlot
from shared.domain.model import Observation, Target
from shared.domain.publication import Marks, Publication, SecretState, read_tags, tags_of
from shared.ports import Notes, Outside

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
    """

    secret: str
    version: str = ""
    slot: KeySlot | None = None
    marks: Marks | None = None
    lost: tuple[datetime, ...] = ()
    overwritten: tuple[datetime, ...] = ()

    def added_to(self, publication: Publication, target: Target) -> Publication:
        """Return the version with the copy of its marks, if this is the version that the copy belongs to."""
        if publication.version != self.version or self.marks is None:
            return publication
        return replace(publication, marks=self.marks, slot=self.slot, provider=str(target.account))

    def text(self, target: Target, slot: KeySlot) -> str:
        """Return the note as text. The copy is kept in the form of tags; `slot` holds the version's key."""
        tags = tags_of(self.marks, slot, str(target.account), target.cadence.period, {}) if self.marks else {}
        return self._text(tags)

    def text_without_copy(self) -> str:
        """Return a note that holds no copy as text."""
        return self._text({})

    def _text(self, tags: Mapping[str, str]) -> str:
        return json.dumps(
            {
                "secret": self.secret,
                "version": self.version,
                "tags": dict(tags),
                "lost": [one.isoformat() for one in self.lost[-MOST_MOMENTS:]],
                "overwritten": [one.isoformat() for one in self.overwritten[-MOST_MOMENTS:]],
            }
        )


def read_note(text: str | None) -> SecretNote | None:
    """Read what `SecretNote.text` wrote. None for any other text."""
    try:
        found = json.loads(text or "")
        slot, _, _, marks = read_tags(_tags(found))
        lost, overwritten = _moments(found["lost"]), _moments(found["overwritten"])
        return SecretNote(str(found["secret"]), str(found["version"]), slot, marks, lost, overwritten)
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
    """What a turn changes in the note about a secret.

    version, marks, slot: The copy to keep: of which version, which marks, and whose key it holds.
    lost: When lost tags are put back now. None if they are not.
    overwritten: When somebody else's version is written over now. None if it is not.
    """

    version: str
    marks: Marks
    slot: KeySlot
    lost: datetime | None = None
    overwritten: datetime | None = None


async def keep_copy(notes: Notes, target: Target, change: Change) -> None:
    """Write the copy of a version's marks, and what happened. Raises what the storage raises."""
    note = replace(await note_of(notes, target), version=change.version, marks=change.marks)
    note = replace(
        note,
        lost=(*note.lost, change.lost) if change.lost else note.lost,
        overwritten=(*note.overwritten, change.overwritten) if change.overwritten else note.overwritten,
    )
    await notes.write(_name(target), note.text(target, change.slot))


async def with_other_writers(seen: Observation, target: Target, outside: Outside) -> Observation:
    """Return the observation with what is known of a version that does not carry our marks.

    Only such a version costs calls: the note, and if that has no copy of its marks, a list of the earlier versions.
    Raises the errors of the ports.
    """
    latest, now = seen.publication, outside.clock.now()
    if latest is None or latest.state is not SecretState.ACTIVE or not seen.key_auth:
        return seen
    if latest.provider and not target.account.same_as(latest.provider):
        return seen  # it belongs to another account
    if Situation(seen, target, now).is_marked_truly and not _carries_older_marks(latest):
        return seen
    note = await note_of(outside.notes, target)
    if note.version == latest.version and note.marks is not None and note.marks.live == latest.value:
        if seen.live is not None:
            return replace(seen, lost=note.marks)
        return replace(seen, publication=note.added_to(latest, target))  # its key was regenerated as well: it is drift
    listed = [note.added_to(one, target) for one in await outside.vault.earlier(target)]
    earlier = [one for one in listed if not _carries_older_marks(one)]
    return explained(seen, target, earlier, note.overwritten, now)


def _carries_older_marks(latest: Publication) -> bool:
    """Return whether the version is younger than its marks say: somebody copied an older version with its tags."""
    marks = latest.marks
    return marks is not None and not marks.copied and latest.created - marks.since > CLOCKS_DIFFER


def _name(target: Target) -> str:
    return SECRETS + hashlib.sha256(target.secret_url.casefold().encode()).hexdigest()
