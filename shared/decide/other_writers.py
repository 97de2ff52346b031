"""What somebody else did to the secret: took our tags away, or wrote another version over ours.

Key Vault says when a version was written and what its tags are, not who wrote it. But earlier versions keep our marks,
so they tell what was published, what was promised, and until when. That is read before anything begins anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import replace
from datetime import datetime

from shared.domain.keys import Fingerprint
from shared.domain.model import ForeignVersion, Observation, Target
from shared.domain.publication import Marks, Origin, Publication, SecretState


def explained(
    seen: Observation,
    target: Target,
    earlier: Sequence[Publication],
    once: Set[Fingerprint],
    overwritten: Iterable[datetime],
    now: datetime,
) -> Observation:
    """Return the observation of a secret whose latest version does not carry our marks, with what earlier ones explain.

    earlier: All versions before the latest one, the youngest first, without values, and with marks only where these
        count.
    once: Every value that was once a key of ours (see `once_ours`).
    overwritten: When this app has published over somebody else's version, in UTC.
    now: The time, in UTC.

    If the latest version holds our key, its marks are those of our version. If it holds a key that no mark knows, the
    keys changed places, by a rotation of ours whose marks are gone or by hand: our key is the previous one now. If it
    holds an older value of ours, our version is what was published. A value that was never ours explains nothing. If
    none of our keys works any more, the marks of the version that held the same value say at least whose secret it is.
    """
    latest, ours = seen.publication, _ours(seen, target, earlier)
    if latest is None or latest.value is None:
        return seen
    if ours is None or ours.marks is None:
        return replace(seen, publication=_with_its_marks(latest, target, earlier))
    if latest.value == ours.marks.live:
        return replace(seen, lost=ours.marks)
    if latest.value in seen.keys.values() and latest.value != ours.marks.previous:
        by_us = latest.labelled and earlier[0].version == ours.version
        return replace(seen, lost=_changed_places(latest, latest.value, ours.marks, target, by_us=by_us))
    if latest.value not in seen.keys.values() and latest.value not in once:
        return seen  # nobody knows what it is, so a person must look
    again = any(now - moment < target.cadence.period for moment in overwritten)
    ours = replace(ours, state=SecretState.ACTIVE, value=ours.marks.live, others=latest.others)
    return replace(seen, publication=ours, foreign=ForeignVersion(latest.value, again))


def once_ours(target: Target, earlier: Sequence[Publication]) -> frozenset[Fingerprint]:
    """Return every value that the marks of earlier versions say was a key of the account.

    The keys that sealed old marks have ended, so nobody can check these. They only say what may be written over in a
    secret that holds a version of ours whose marks count.
    """
    marks = [one.marks for one in earlier if one.marks and one.provider and target.account.same_as(one.provider)]
    return frozenset(value for one in marks for value in (one.live, one.previous, one.spare) if value is not None)


def _ours(seen: Observation, target: Target, earlier: Sequence[Publication]) -> Publication | None:
    """Return our youngest version whose key works."""
    for one in earlier:
        if one.marks is None or one.provider is None or not target.account.same_as(one.provider):
            continue
        slot = next((slot for slot, mark in seen.keys.items() if mark == one.marks.live), None)
        is_latest = seen.publication is not None and one.version == seen.publication.version
        if slot is not None and not is_latest:
            return replace(one, slot=slot)
    return None


def _with_its_marks(latest: Publication, target: Target, earlier: Sequence[Publication]) -> Publication:
    """Return a version with the marks that it had, if another version of that value still has them."""
    for one in earlier:
        ours = one.provider is not None and target.account.same_as(one.provider)
        if ours and one.marks is not None and one.marks.live == latest.value:
            return replace(latest, marks=one.marks, slot=one.slot, provider=one.provider)
    return latest


def _changed_places(latest: Publication, value: Fingerprint, before: Marks, target: Target, *, by_us: bool) -> Marks:
    """Return the marks of a version that took the place of ours when it was written.

    by_us: Whether this app wrote it directly over ours. Then it was a rotation, and the overlap of our earlier key
        began then. Otherwise it is adopted: nobody has proven its key, and nobody knows who still uses the earlier one,
        or what it was promised, so it is promised a period.
    """
    since, cadence = latest.created, target.cadence
    origin, promised = (Origin.ROTATED, cadence.overlap) if by_us else (Origin.ADOPTED, cadence.period)
    return Marks(live=value, origin=origin, since=since, previous=before.live, until=since + promised)
