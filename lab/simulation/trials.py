"""Trials, as the witness sees them: the app switches keys off for a stated time, and on again.

Whoever hears of a trial hears only what is true: that it has started, once keys were off for it, and that it has ended,
once they are on. Every trial that was seen to begin must have been told as ended by the time of rest, and keys may not
stay off much longer than its length.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.announce.kinds import Kind
from shared.domain.times import parse_duration

LATE = timedelta(hours=2)  # after its time is over; a failed attempt is repeated after an hour


@dataclass
class Trials:
    """The trials of one target.

    begun: How many were seen to begin.
    ends: When the one that runs is over, in UTC. None while keys are on, and without one.
    started, ended: How many were told as started and as ended when last observed.
    """

    begun: int = 0
    ends: datetime | None = None
    started: int = 0
    ended: int = 0

    def begin(self, events: Iterable[Mapping[str, Any]], now: datetime) -> None:
        """Note that the app switches keys off for the trial that was announced last."""
        lengths = [one["data"]["trialLength"] for one in events if one["type"] == Kind.TRIAL_ANNOUNCED]
        self.begun, self.ends = self.begun + 1, now + parse_duration(lengths[-1])

    def wrong(self, events: Iterable[Mapping[str, Any]], *, were_off: bool, are_off: bool, by_hand: bool) -> str | None:
        """Note which trials are told by now. Return what is wrong with that, None if nothing is.

        by_hand: Whether somebody else may have switched keys, too.
        """
        told = list(events)
        started = len({one["id"] for one in told if one["type"] == Kind.TRIAL_STARTED})
        before, self.ended = self.ended, len({one["id"] for one in told if one["type"] == Kind.TRIAL_ENDED})
        self.started, self.ends = started, self.ends if are_off else None
        if self.started > self.begun and not by_hand:
            return "the start of a trial was announced, and keys were not switched off for it"
        if self.ended > before and were_off and are_off and not by_hand:
            return "the end of a trial was announced while keys are off"
        return None

    def must_be_over(self, now: datetime) -> str | None:
        """Return what is wrong at rest with the trials that were seen. None if nothing is."""
        if self.ends is not None:
            return "P1: a trial does not end" if now > self.ends + LATE else None
        return "P9: the end of a trial was never announced" if self.ended < self.begun else None
