"""Seal marks, and say which marks of a version count: those that only somebody who held the account's keys can have
written (0021)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from shared.domain.keys import ApiKey, KeySlot
from shared.domain.model import Target
from shared.domain.publication import Marks, Publication
from shared.domain.seals import Maker, Place, carefully, is_made_with, is_sealed, place_of, sealed


def sealed_for(
    target: Target, marks: Marks, slot: KeySlot, endpoint: str | None, keys: Mapping[KeySlot, ApiKey]
) -> Marks:
    """Return marks that say which app writes them, sealed for a version of the target's secret. See `seals.sealed`.

    slot: The slot whose key the version holds.
    """
    marks = replace(marks, app=target.app)
    return sealed(marks, Place(str(target.account), slot, target.secret_url), endpoint, keys)


def authentic(publication: Publication, target: Target, keys: Mapping[KeySlot, ApiKey], now: datetime) -> Publication:
    """Return the version with its marks as far as they count.

    keys: Both keys of the account, as it shows them now. Marks that are sealed with anything else do not count.
    now: The time, in UTC.

    Marks whose live key the account still has count if they are sealed with it. If that key was regenerated, and the
    version holds no other key of the account, the other key may vouch for them, and they are read carefully. Marks that
    do not count are left out, and so is the endpoint.
    """
    marks, place = publication.marks, place_of(publication, target.secret_url)
    if marks is None:
        return publication
    if place is not None and target.account.same_as(place.account):
        live = next((key for key in keys.values() if key.fingerprint == marks.live), None)
        if live is not None and _is_sealed_with(live, publication, marks, place):
            return publication
        if counts_unsealed(publication, target, now):
            return publication
        held = publication.value in [key.fingerprint for key in keys.values()]
        if live is None and not held and _is_vouched_for(marks, place, keys):
            return replace(publication, marks=carefully(marks, [key.fingerprint for key in keys.values()]))
    return replace(publication, marks=None, endpoint=None)


def _is_sealed_with(live: ApiKey, publication: Publication, marks: Marks, place: Place) -> bool:
    if publication.value == marks.live:
        return publication.sealed  # it was checked with the value, which is this key
    return is_made_with(live, marks, place, Maker.LIVE)


def _is_vouched_for(marks: Marks, place: Place, keys: Mapping[KeySlot, ApiKey]) -> bool:
    return any(is_made_with(key, marks, place, Maker.OTHER) for key in keys.values())


def counts_unsealed(publication: Publication, target: Target, now: datetime) -> bool:
    """Return whether marks that a release before the seals has written still count.

    Only on a version that nobody has changed since the moment that ROTATION_SEALED_SINCE names, as Key Vault itself
    records it, and only for a period after that moment: by then every version has been written anew.
    """
    since = target.sealed_since
    if since is None or publication.marks is None or is_sealed(publication.marks) or publication.updated is None:
        return False
    return publication.updated < since and now - since <= target.cadence.period
