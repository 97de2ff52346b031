"""The conductor: a tick finds who needs a turn, a turn serves one target, a survey stops after deciding.

A tick looks cheaply: account pages, vault pages, nothing for each target. What it decides from is presumed (a
listing shows dates and tags, not keys), with the same decision function; the turn looks properly and decides
again. Once per `look_every` each target gets a full look all the same, because only that can see that somebody
regenerated the live key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from shared.announce.announcements import failed
from shared.announce.deadlines import Deadline, deadlines
from shared.announce.outstanding import acknowledged, outstanding
from shared.decide import cadence
from shared.decide.policies import decide
from shared.decide.situation import Situation
from shared.domain.errors import PersonMustLook, RotationError, TryLater
from shared.domain.model import Observation, Target
from shared.domain.publication import Publication
from shared.domain.requests import Request
from shared.fleet.enrolment import Enrolled
from shared.fleet.listing import Fleet, FleetListing, Listed
from shared.ports import Outside
from shared.settings.environment import Mode, Settings
from shared.turns.brake import Brake
from shared.turns.key_usage import decide_counting
from shared.turns.observe import observe, presume
from shared.turns.report import Outcome, Result, Row, failure
from shared.turns.turn import take_turn

MOST_LOOKED_AT = 400  # targets: two calls each, 32 at once; listKeys has its limit for each subscription as well
_NOT_SEEN = "it was not looked at in a survey of so many."
_SEE_IT = "ask for this target alone"
AT_ONCE = 32  # memory grows by about 1.1 MiB for each at once; beyond 64 nothing is gained (performance-facts)


@dataclass
class Tick:
    """What one tick found: who needs a turn, how many do not or could not be looked at, and the problems met."""

    now: datetime
    listed: list[Listed] = field(default_factory=list, repr=False)
    turns: list[Enrolled] = field(default_factory=list)
    quiet: int = 0
    unseen: int = 0
    problems: list[RotationError] = field(default_factory=list)

    def __str__(self) -> str:
        unseen = f", {self.unseen} could not be looked at" if self.unseen else ""
        return f"{len(self.turns)} targets need a turn, {self.quiet} do not{unseen}; {len(self.problems)} problems."


@dataclass
class Rotation:
    """Everything a trigger can ask for. One for each process."""

    settings: Settings
    outside: Outside

    @property
    def fleet(self) -> Fleet:
        return Fleet(self.settings, self.outside.accounts, self.outside.vault)

    async def tick(self, since: datetime, now: datetime) -> Tick:
        """Who needs a turn. `since` is the last tick: what was crossed between the two is looked at now."""
        look = await self.fleet.look()
        tick = Tick(now, look.listed, unseen=len(look.unseen), problems=look.problems)
        for one in look.listed:
            try:
                needed = self._needs_a_turn(one.enrolled, one.publication, since, now)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is named, and stops no other target (P10)
                tick.problems.append(_undecided(one.enrolled.target, error))
                continue
            tick.turns.extend([one.enrolled] if needed else [])
            tick.quiet += not needed
        return tick

    async def turn(
        self,
        target: Target,
        request: Request | None = None,
        *,
        until: datetime | None = None,
        brake: Brake | None = None,
    ) -> Outcome:
        """One target's turn. In observe mode, what the turn would do."""
        if self.settings.mode is Mode.OBSERVE:
            row = await self.look(target, request)
            return planned_row(row)
        return await take_turn(target, request, self.outside, until=until, brake=brake)

    def brake(self, tick: datetime) -> Brake | None:
        """The brake of that tick; none where nobody counts."""
        return Brake(failures, tick, self.settings.brake) if (failures := self.outside.failures) else None

    async def look(self, target: Target, request: Request | None = None) -> Row:
        """One line of a survey: observe and decide, and stop. Needs no lease, since nothing is done."""
        try:
            look = await observe(target, self.outside.accounts, self.outside.vault)
        except RotationError as error:
            return Row(target, error=error)
        return await self._row(look.seen, target, request)

    async def _row(self, seen: Observation, target: Target, request: Request | None = None) -> Row:
        """The line as a turn would decide it: where keys would end, the logs are asked here as well."""
        now = self.outside.clock.now()
        try:
            seen, plan = await decide_counting(self.outside.logs, seen, target, now, request)
            situation = Situation(seen, target, now)
            return Row(target, plan, situation, outstanding(situation))
        except RotationError as error:
            return Row(target, error=error)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is named, and hides no other target (P10)
            return Row(target, error=_undecided(target, error))

    async def survey(self) -> tuple[list[Row], list[RotationError]]:
        """A line for every target, and what could not be enrolled. A fleet too large to be looked at one by one while
        somebody waits is presumed from the listings, and its lines say so."""
        enrolled, problems = await self.fleet.enrolled()
        if len(enrolled) > MOST_LOOKED_AT:
            return await self._presumed_survey()
        return await self._look_at([one.target for one in enrolled]), problems

    async def _presumed_survey(self) -> tuple[list[Row], list[RotationError]]:
        look = await self.fleet.look()
        presumed = [(one.enrolled.target, presume(one.publication, one.enrolled.account)) for one in look.listed]
        unknown = [target for target, seen in presumed if seen is None]
        lines = [self._row(seen, target) for target, seen in presumed if seen is not None]
        rows = [replace(row, presumed=True) for row in await _few_at_once(lines)]
        rows += await self._look_at(unknown[:MOST_LOOKED_AT])
        unseen = [*unknown[MOST_LOOKED_AT:], *look.unseen]
        return rows + [Row(target, error=TryLater(target.name, _NOT_SEEN, _SEE_IT)) for target in unseen], look.problems

    async def _look_at(self, targets: list[Target]) -> list[Row]:
        return await _few_at_once([self.look(target) for target in targets])

    async def deadlines(self) -> tuple[list[Deadline], list[RotationError]]:
        """Every deadline to come, soonest first, and what could not be looked at. Presumed, as in a tick."""
        look, now = await self.fleet.look(), self.outside.clock.now()
        found: list[Deadline] = []
        for situation in _presumed(look, now):
            try:
                found.extend(deadlines(situation))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is named, and hides no other target (P10)
                look.problems.append(_undecided(situation.target, error))
        return sorted(found, key=lambda one: (one.falls_at, one.target)), look.problems

    async def waiting_for(self, environment: str) -> tuple[list[Enrolled], FleetListing]:
        """The targets that wait for a deployment to that environment, and the look that found them."""
        look, now = await self.fleet.look(), self.outside.clock.now()
        waiting = {
            situation.target.name
            for situation in _presumed(look, now)
            if situation.awaited and situation.awaited.waits_for(environment)
        }
        return [one.enrolled for one in look.listed if one.enrolled.target.name in waiting], look

    def _needs_a_turn(self, one: Enrolled, publication: Publication | None, since: datetime, now: datetime) -> bool:
        seen: Observation | None = presume(publication, one.account)
        if seen is None or cadence.observation_due(one.target.name, self.settings.look_every, since, now):
            return True
        situation = Situation(seen, one.target, now)
        marks = publication.marks if publication else None
        to_note = marks is not None and seen.key_auth and acknowledged(situation) != marks
        return bool(decide(seen, one.target, now).steps) or bool(outstanding(situation)) or to_note

    async def announce_failure(self, target: Target, error: RotationError) -> None:
        """Tell the world that a target's turns fail; in observe mode nobody is told. Raises what announcing raises."""
        if self.settings.mode is Mode.OBSERVE:
            return
        now = self.outside.clock.now()
        await self.outside.announcer.announce([failed(target, error, now)], now)


async def _few_at_once(lines: Sequence[Awaitable[Row]]) -> list[Row]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def gated(line: Awaitable[Row]) -> Row:
        async with gate:
            return await line

    return list(await asyncio.gather(*map(gated, lines)))


def _presumed(look: FleetListing, now: datetime) -> Iterator[Situation]:
    """The targets that a listing tells enough about, as they should be now."""
    for one in look.listed:
        seen = presume(one.publication, one.enrolled.account)
        if seen is not None and seen.publication is not None and seen.publication.marks is not None:
            yield Situation(seen, one.enrolled.target, now)


def _undecided(target: Target, error: Exception) -> RotationError:
    what = f"nothing could be decided about it ({type(error).__name__}), so nothing was done."
    return PersonMustLook(target.name, what, f"look at the tags of {target.secret_url} and report this")


def planned_row(row: Row) -> Outcome:
    """A plan nobody performed, as an outcome: the dry run, and every turn in observe mode."""
    if row.error is not None or row.plan is None:
        return failure(row.target.name, row.error or RotationError(row.target.name, "could not be looked at."))
    steps = ", ".join(str(step) for step in row.plan.steps)
    why = f"{row.plan.why} Would: {steps}." if steps else row.plan.why
    return Outcome(row.target.name, Result.PLANNED, row.plan.reason.value, why, held_until=row.plan.held_until)
