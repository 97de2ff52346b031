"""What an adopted version says about its key: whether anybody can have known it before the adoption."""

from __future__ import annotations

from shared.domain.keys import KeySlot
from shared.domain.model import Adopt, Target
from shared.domain.publication import Origin, Publication


def began_fresh(publication: Publication, target: Target) -> bool:
    """Return whether the target's first version holds a key that was regenerated for it (`adopt: rotate`).

    A version records only that it was adopted, so this is recognised by what only a fresh start looks like: key 2 is
    live, and key 1 is promised one overlap. A secret that a person made is adopted in place, also by a target that
    would rather have begun fresh: its key is old, and the other slot is promised a whole period.
    """
    marks = publication.marks
    if marks is None or marks.origin is not Origin.ADOPTED or target.adopt is not Adopt.ROTATE:
        return False
    promised = marks.until - marks.since if marks.until else target.cadence.overlap
    return publication.slot is KeySlot.KEY2 and promised <= target.cadence.overlap
