"""What the app notes in its own storage because neither the account nor the secret can remember it.

Vault and account decide; such a note only keeps an interrupted turn from doing something twice
(docs/decisions/0017).
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.domain.keys import Fingerprint


@dataclass(frozen=True)
class FreshKey:
    """A key that is regenerated for a target that has nothing published, so that no tag can remember it.

    before: What the slot held when the note was written, just before the key was regenerated.
    made: What the slot got. None if the turn was interrupted before it knew.
    """

    before: Fingerprint
    made: Fingerprint | None = None

    def is_in(self, value: Fingerprint) -> bool:
        """Return whether a slot that holds this value holds the fresh key, so that it is not regenerated again."""
        return value == self.made if self.made else value != self.before
