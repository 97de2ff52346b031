"""Whose publication a secret holds. Names and tags of accounts give nobody a right to it (P12)."""

from __future__ import annotations

from shared.domain.model import AccountId
from shared.domain.publication import Publication


def is_publication_of(account: AccountId, publication: Publication | None) -> bool:
    """Return whether the secret holds what this app has published for that account.

    The version itself says it, by this app's marks and the account beside them. Whoever asks must have left out marks
    whose seal does not count (`shared.turns.authentic`), or ask for them next. No other place asks these marks whose a
    secret is.
    """
    if publication is None or publication.marks is None:
        return False
    return account.same_as(publication.provider or "")
