"""What an adopted version says: whether anybody can have known its key before, and what another writer's tags say."""

from __future__ import annotations

from shared.domain.keys import KeySlot
from shared.domain.model import Adopt, Target
from shared.domain.publication import CREDENTIAL_ID, VALIDITY_DAYS, Origin, Publication, whole_days
from shared.domain.times import iso_duration


def began_fresh(publication: Publication, target: Target) -> bool:
    """Return whether the target's first version holds a key that was regenerated for it (`adopt: rotate`).

    A version records only that it was adopted, so this is recognised by what only a fresh start looks like: key 2 is
    live, and key 1 is promised one overlap. A secret that a person made is adopted in place, also by a target that
    would rather have begun fresh: its key is old, and the other slot is promised a period, or nearly.
    """
    marks = publication.marks
    if marks is None or marks.origin is not Origin.ADOPTED or target.adopt is not Adopt.ROTATE:
        return False
    promised = marks.until - marks.since if marks.until else target.cadence.overlap
    return publication.slot is KeySlot.KEY2 and promised <= target.cadence.overlap


def another_period(publication: Publication, target: Target) -> int | None:
    """Return the days that the tag ValidityPeriodDays of an adopted version names, if they are not the target's.

    A tag on a secret gives nobody a right to a longer life of a key, so the target's own period counts.
    """
    marks, named = publication.marks, publication.validity
    if named is None or (marks is not None and marks.origin is not Origin.ADOPTED):
        return None
    return named.days if named.days != whole_days(target.cadence.period) else None


def what_tags_said(publication: Publication, live: KeySlot, target: Target) -> str:
    """Return sentences about tags of another writer that this adoption does not follow. Empty if there are none."""
    said = ""
    if publication.slot not in (None, live):
        said += f" Its tag {CREDENTIAL_ID} said {publication.slot}; it is corrected."
    days = another_period(publication, target)
    if days is not None:
        period = iso_duration(target.cadence.period)
        said += f" Its tag {VALIDITY_DAYS} says {days} days until the next rotation; this target's period is {period}."
    return said
