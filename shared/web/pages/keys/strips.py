"""The small pictures of the table: the keys of each target over time, all on one axis."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from shared.findings.status import TargetStatus
from shared.web.pages.keys.drawing import Drawing, strip_of
from shared.web.pages.keys.labels import Label
from shared.web.pages.keys.reach import TimeReach, reach_of_all
from shared.web.pages.keys.texts import axis_of
from shared.web.pages.keys.timeline import timeline_of, unknown_timeline


@dataclass(frozen=True)
class Strips:
    """Draws the pictures of one table.

    reach: How far all of them look.
    now: The time, in UTC.
    """

    reach: TimeReach
    now: datetime

    @classmethod
    def among(cls, targets: Iterable[TargetStatus], now: datetime) -> Strips:
        """Return what draws the keys of these targets."""
        return cls(reach_of_all(one.row.target.cadence for one in targets), now)

    @property
    def axis(self) -> tuple[tuple[Label, ...], ...]:
        """The dates in the head of the table, for a wide column and for a narrow one."""
        return axis_of(self.reach, self.now)

    def draw(self, one: TargetStatus) -> Drawing:
        """Return the picture of a target."""
        situation, id_ = one.row.situation, f"keys-{one.row.target.account.subscription}-{one.name}"
        if situation is None or situation.seen.publication is None:
            return strip_of(unknown_timeline(one.name, self.reach, self.now), id_)
        planned = not one.is_stale and one.row.plan is not None and not one.row.plan.needs_a_person
        return strip_of(timeline_of(situation, self.reach, planned=planned), id_)
