"""What a new version carries over from the one before it: announcements that were accepted, and those that were not.

A version's marks record which announcements Event Grid accepted. When a rotation or a repair writes the next version,
outstanding announcements must not be lost with the old one, so the new version lists them (`CarriedOver`).
"""

from __future__ import annotations

from dataclasses import replace

from shared.decide import cadence
from shared.decide.situation import Situation
from shared.domain.told import CarriedOver, Happened, Told


def valid_told(situation: Situation) -> Told:
    """Return which accepted announcements still hold.

    If somebody switched keys on again, or removed the sunset date, or if it was held back until nobody expects it any
    more, the announced end of all keys counts as not announced: it must be announced again before keys can end.
    """
    told = situation.seen.publication.told if situation.seen.publication else Told()
    if not situation.seen.key_auth:
        return told
    withdrawn = told.key_auth_off or situation.agreed_sunset is None
    withdrawn = withdrawn or (told.sunset is not None and cadence.has_lapsed(told.sunset, situation.now))
    sunset, ends = None if withdrawn else told.sunset, told.ends + told.key_auth_off
    if sunset is told.sunset and not told.key_auth_off:
        return told  # the usual case; an overview asks thousands of times
    return replace(told, key_auth_off=False, sunset=sunset, ends=ends)


def outstanding_before(situation: Situation) -> tuple[CarriedOver, ...]:
    """Return the announcements that the current version leaves outstanding: older ones, and how it came to be."""
    marks = situation.marks
    carried = list(marks.told.carried_over)
    if not marks.told.origin:
        carried.append(CarriedOver(marks.origin.happened, situation.live, marks.live, marks.since))
    return tuple(carried)


def end_of_previous_key(situation: Situation) -> tuple[CarriedOver, ...]:
    """Return the end of the key that the marks call previous, for marks that no longer name it. Empty without one."""
    previous = situation.marks.previous
    if previous is None:
        return ()
    return (CarriedOver(Happened.ENDED, situation.spare, previous, situation.now),)


def outstanding_with_end(situation: Situation) -> tuple[CarriedOver, ...]:
    """Return what is outstanding and the end of the previous key, for a version that takes the spare into use."""
    return outstanding_before(situation) + end_of_previous_key(situation)
