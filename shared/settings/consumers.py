"""The consumers that a setting, a field or a tag lists, and the overlap that they need (decision 0036).

Where nobody has chosen an overlap for the target, theirs takes its place if it is longer. Nothing here shortens one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from shared.domain.consumers import ConsumerKind, Consumers
from shared.domain.times import iso_duration
from shared.settings.names import instead_of
from shared.settings.problems import Problems

_KNOWN = tuple(kind.value for kind in ConsumerKind)


def consumer_kinds(text: str) -> tuple[ConsumerKind, ...]:
    """Read the kinds of consumers in a list with commas, each once, in the order of the table."""
    words = {part.strip().lower() for part in text.split(",")} - {""}
    unknown = sorted(words - set(_KNOWN))
    if unknown or not words:
        named = f"{unknown[0][:40]!r} is not a kind of consumer" if unknown else "names no kind of consumer"
        raise ValueError(f"{named}; {instead_of(unknown[0] if unknown else '', _KNOWN)}")
    return tuple(kind for kind in ConsumerKind if kind in words)


def listed(kinds: Iterable[ConsumerKind], lag: timedelta) -> Consumers | None:
    """Return the consumers of these kinds, each once. None if there are none."""
    once = set(kinds)
    return Consumers(tuple(kind for kind in ConsumerKind if kind in once), lag) if once else None


def check_overlap(overlap: timedelta, consumers: Consumers | None, thing: str, problems: Problems) -> None:
    """Add a problem if an overlap is shorter than consumers need, with the arithmetic.

    An overlap shorter than ROTATION_CONSUMER_LAG is another problem (`target_fields.check_cadence`).
    thing: How problems name the overlap.
    """
    if consumers is None or not consumers.lag <= overlap < consumers.least_overlap:
        return
    what = f"the overlap {iso_duration(overlap)} is shorter than its consumers need: {consumers.arithmetic}"
    least = iso_duration(consumers.least_overlap)
    problems.add(thing, what, f"lengthen it to {least} at least, or correct the list of consumers")
