"""What an adopted version says of its key: whether anybody can have known it before.

Adopting publishes a key as it stands, unless the target began with a fresh one (`adopt: rotate`). A version says only
that it was adopted, so which of the two it was is told from what only a fresh beginning looks like.
"""

from __future__ import annotations

from shared.domain.keys import KeySlot
from shared.domain.model import Adopt, Target
from shared.domain.publication import Origin, Publication


def began_fresh(publication: Publication, target: Target) -> bool:
    """Whether the target's first version was made with a key that was regenerated for it.

    A secret that somebody made by hand is adopted where it is, also by a target that would rather have begun afresh:
    its key is old, and the other slot is promised a whole period instead of the overlap.
    """
    marks = publication.marks
    if marks is None or marks.origin is not Origin.ADOPTED or target.adopt is not Adopt.ROTATE:
        return False
    promised = marks.until - marks.since if marks.until else target.cadence.overlap
    return publication.slot is KeySlot.KEY2 and promised <= target.cadence.overlap
