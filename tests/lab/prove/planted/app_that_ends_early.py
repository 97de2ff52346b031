"""Planted: the app by a moved clock, which ends a previous key at its next check and not after the overlap."""

from lab.prove.sunset.app_by_moved_clock import app
from shared.decide import schedule
from shared.decide.situation import Situation

__all__ = ["app"]
Situation.overlap_runs = property(lambda _: False)
schedule.retirement_is_announced = lambda _: True
