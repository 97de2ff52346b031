"""Play the drill, and note what was seen from outside the app."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lab.emulator.accounts import KeyUse
from lab.prove.sunset.consumers import Consumer, calling
from lab.prove.sunset.site import TOPIC, until
from lab.prove.trial_drill.cast import (
    BEFORE_THE_END,
    DAY,
    DEAD,
    DEPLOYED,
    ENVIRONMENT,
    SOAK,
    TRIAL,
    TRIED,
    Who,
    consumers,
)
from lab.prove.trial_drill.site import Site, a_site

MINUTES = 600.0  # after a moment at which something becomes due; a start moves by the time that announcing may take
_REFUSED = re.compile(r"(\d+) calls were refused")


@dataclass
class TrialSeen:
    """One trial, as it was seen from outside.

    off: When the account was seen to have keys off, in seconds since 1970 by the clock of the drill.
    ends: When it ends by itself.
    on: When the account was seen to have keys on again.
    from_there: From when on it is counted how long the app needed: its end, or the start of the killed app.
    keyless: How many calls the keyless consumer made while keys were off.
    dead_refused: How many calls with the copied key were refused after its end, while the app was dead.
    says_refused: How many refused calls the app has announced. None if it did not know.
    """

    off: float
    ends: float = 0.0
    on: float = 0.0
    from_there: float = 0.0
    keyless: int = 0
    dead_refused: int = 0
    says_refused: int | None = None


@dataclass
class Played:
    """What was seen of a drill. Times are in seconds since 1970 by the clock of the drill.

    consumers: The consumers with their figures.
    undisturbed, killed: The two trials.
    deployed: When the deployment was reported.
    uses: Every use of the copied key of each account, as the account saw it.
    told: The accepted events: account, kind and time.
    answers: What the app answered to the requests of people.
    seconds: How long the drill took.
    """

    consumers: dict[Who, Consumer]
    undisturbed: TrialSeen = field(default_factory=lambda: TrialSeen(0))
    killed: TrialSeen = field(default_factory=lambda: TrialSeen(0))
    deployed: float = 0.0
    uses: dict[str, list[KeyUse]] = field(default_factory=dict)
    told: list[tuple[str, str, datetime]] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0


async def play(clients: int = 2, instances: int = 1, each: int = 3) -> Played:
    """Play the whole drill.

    clients: How many clients each consumer has.
    instances: How many hosts run the app.
    each: How many calls each client makes at least in every part of the drill.
    """
    began, played = time.monotonic(), Played(consumers())
    async with a_site(instances) as site:
        await site.check()  # publishes the keys
        async with calling(site.azure, list(played.consumers.values()), clients):
            drill = _Drill(site, played, clients * each)
            await drill.deploy()
            await drill.undisturbed()
            await drill.end_of_soak()
            await drill.killed()
        played.uses = {name: site.uses(name) for name in (TRIED, DEPLOYED)}
        played.told = site.told()
    played.seconds = time.monotonic() - began
    return played


@dataclass
class _Drill:
    """A drill that is played.

    site: Its place.
    played: What was seen so far.
    least: How many calls each consumer makes at least in every part.
    """

    site: Site
    played: Played
    least: int

    async def deploy(self) -> None:
        """Arm the deployed account with an end of both keys, and report the deployment."""
        body = {"environment": ENVIRONMENT, "soak": "P2D", "then": "end", "confirm": DEPLOYED}
        self.played.answers.append(await self.site.ask("PUT", f"targets/{DEPLOYED}/deployment", body))
        self.played.deployed = self.site.now()
        self.played.answers.append(await self.site.ask("POST", "deployments", {"environment": ENVIRONMENT}))
        await self.site.idle()
        await self.site.check()
        await self.calls()

    async def undisturbed(self) -> None:
        """Let a trial begin, and end by the message that the app queued for its end: no check is made then."""
        trial = self.played.undisturbed = await self._begun()
        await self.site.idle()
        self.site.later(trial.ends - BEFORE_THE_END - self.site.now())
        await self._over(trial, trial.ends)

    async def end_of_soak(self) -> None:
        """Let the soak time of the deployment pass, and check."""
        await self._pass_until(self.played.deployed + SOAK + MINUTES)
        await self.calls()
        await self.site.check()
        copied = self.played.consumers[Who.COPIED]
        await until(lambda: bool(copied.failed))
        await self.calls()

    async def killed(self) -> None:
        """Kill every process of the app in the middle of a trial, and start it long after the trial's end."""
        trial = self.played.killed = await self._begun()
        self.site.later(TRIAL / 2)
        await self.calls()
        await self.site.kill()
        self.site.later(DEAD)
        await self.calls()
        trial.dead_refused = sum(not one.accepted and one.time > trial.ends for one in self.site.uses(TRIED))
        started = self.site.now()
        await self.site.start()
        await self._over(trial, started)

    async def _begun(self) -> TrialSeen:
        """Ask for a trial, let its notice pass, and wait until the copied key is refused."""
        body = {"duration": "PT4H", "reason": "who still uses a key?", "confirm": TRIED}
        self.played.answers.append(await self.site.ask("PUT", f"targets/{TRIED}/trial", body))
        await self._pass_until(self.site.now() + DAY + MINUTES)
        await self.site.check()
        account, forgotten = self.site.account(TRIED), self.played.consumers[Who.FORGOTTEN]
        await until(lambda: account.disable_local_auth is True)
        off = self._switched()
        before, keyless = len(forgotten.failed), self.played.consumers[Who.KEYLESS].made.total()
        await until(lambda: len(forgotten.failed) > before)
        await self.calls()
        return TrialSeen(off, off + TRIAL, keyless=-keyless)

    async def _over(self, trial: TrialSeen, from_there: float) -> None:
        """Wait until keys are on and the copied key is accepted again, and let the app announce the end."""
        account, keyless = self.site.account(TRIED), self.played.consumers[Who.KEYLESS]
        await until(lambda: account.disable_local_auth is False, 120)
        trial.on, trial.from_there = self._switched(), from_there
        trial.keyless += keyless.made.total()
        await until(lambda: any(one.accepted and one.time > trial.on for one in self.site.uses(TRIED)[-50:]))
        await self.site.idle()
        await self.site.check()
        trial.says_refused = self._said()
        await self.calls()

    async def _pass_until(self, moment: float) -> None:
        await self.site.idle()
        self.site.later(moment - self.site.now())

    def _switched(self) -> float:
        """Return when keys were last switched at the tried account, off or on."""
        return self.site.account(TRIED).local_auth_seen[0]

    def _said(self) -> int | None:
        ended = [one for one in self.site.world.topics[TOPIC].events if one["type"] == "KeyRotation.TrialEnded"]
        found = _REFUSED.search(str(ended[-1]["data"]["reason"])) if ended else None
        return int(found[1]) if found else None

    async def calls(self) -> None:
        """Wait until every consumer has made its calls of this part of the drill."""
        every = self.played.consumers.values()
        before = {one.network: one.made.total() for one in every}
        await until(lambda: all(one.made.total() >= before[one.network] + self.least for one in every))
