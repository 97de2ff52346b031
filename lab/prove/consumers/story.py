"""Play the load proof cycle by cycle, while consumers call, and note what is seen from outside the app."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from lab.emulator.accounts import fingerprint
from lab.emulator.faults import Rule
from lab.prove.consumers.kinds import KINDS, Start
from lab.prove.consumers.played import LeakEnded, Outage, Played
from lab.prove.consumers.processes import Consumer, calling
from lab.prove.consumers.seen import carries_only, place_of_publication, read_since, refused_reads_since
from lab.prove.consumers.site import LAG, PERIOD, Site, a_site, until
from lab.prove.consumers.timetable import Cycle, Kill, Leak, Phase, Timetable

GRACE = 15.0  # real seconds for one read of the vault and the requests that are under way, on a busy machine
AFTER_OUTAGE = 90.0  # real seconds; consumers ask a vault that does not answer again after 30 seconds at the latest
A_MOMENT = timedelta(minutes=1).total_seconds()
BEFORE_THE_END = timedelta(minutes=15).total_seconds()
ROUNDS = 2  # the last requests of each caller that must carry the new key


async def play(timetable: Timetable, kinds: Mapping[str, Start] = KINDS, module: Path | None = None) -> Played:
    """Play the whole proof.

    kinds: The kinds of consumers.
    module: The module with the app. Default: the shipped app by a moved clock.

    Raises what `calling` and `a_site` raise if consumers or the app do not start.
    """
    began = time.monotonic()
    played = Played(timetable, list(kinds))
    async with a_site(timetable.accounts, played.kinds, module) as site:
        async with calling(site, timetable, kinds) as consumers:
            story = _Story(site, played, consumers)
            for number, cycle in enumerate(timetable.cycles(), 1):
                await story.live_through(number, cycle)
            await story.call_once_more()
        played.consumers = consumers
        _count(site, played)
    played.seconds = time.monotonic() - began
    return played


@dataclass
class _Story:
    """The proof while it is played.

    site: The place.
    played: What was seen so far.
    consumers: The processes.
    number: The number of the cycle, from 1.
    """

    site: Site
    played: Played
    consumers: list[Consumer]
    number: int = 0

    async def live_through(self, number: int, cycle: Cycle) -> None:
        """Play one cycle: each account is rotated, its previous key ends, and leaks come between."""
        self.number = number
        if cycle.outage:
            await self._outage()
        before = await self._rotate(cycle.kill)
        await self._check_within_the_lag(before)
        killing = cycle.kill
        for leak in (one for one in cycle.leaks if one.hurried):
            killing = await self._leak(leak, killing)
        await self._until_noticed()
        await self._retire(before, cycle.kill)
        quiet = [one for one in cycle.leaks if not one.hurried]
        for leak in quiet:
            killing = await self._leak(leak, killing)
        if quiet:
            await self._until_noticed()  # an outage may follow at once, and then nobody can read the new key

    async def call_once_more(self) -> None:
        """Wait until consumers have called again since the last key ended, so that whoever holds it is refused."""
        uses = self.site.world.accounts.uses
        place, wanted = len(uses), {one.id: ROUNDS * self._callers(one.name) for one in self.site.accounts}

        def all_have_called() -> bool:
            calls = Counter(uses[at].account for at in range(place, len(uses)))
            return all(calls[account] >= many for account, many in wanted.items())

        self._expect(await until(all_have_called), "consumers have stopped calling")

    async def _rotate(self, kill: Kill | None) -> dict[str, str]:
        """Let all accounts be rotated. Return the fingerprints of the keys before, by the name of the account."""
        site = self.site
        before = {one.name: site.published(one) for one in site.accounts}
        site.move_to(self._last_publication() + PERIOD.total_seconds() + A_MOMENT)
        rule = await self._armed(kill, Phase.ROTATION)
        done = await site.check_until(lambda: all(site.published(one) != before[one.name] for one in site.accounts))
        self._expect(done, "not every account was rotated")
        self._disarm(rule)
        return before

    async def _check_within_the_lag(self, before: Mapping[str, str]) -> None:
        """Let the app check shortly before the lag is over, while consumers still hold the keys before."""
        site = self.site
        site.move_to(self._last_publication() + LAG.total_seconds() - BEFORE_THE_END)
        await site.check()
        early = [one.name for one in site.accounts if not site.accepts(one, before[one.name])]
        self._expect(not early, f"the previous key ended before the lag was over: {', '.join(early)}")

    async def _until_noticed(self) -> None:
        """Wait until all consumers have noticed the new key, or until they had all the time that the lag gives them."""
        places = {one.name: place_of_publication(self.site, one) for one in self.site.accounts}
        world = self.site.world
        waiting = list(self.consumers)

        def all_noticed() -> bool:
            waiting[:] = [one for one in waiting if not read_since(world, places[one.account.name], one.identity)]
            return not waiting and all(carries_only(self.site, one, ROUNDS * self._callers(one)) for one in places)

        in_time = await until(all_noticed, self.played.timetable.max_age + GRACE)
        late = ", ".join(one.identity for one in waiting) or "all had read it, and some still used the key before"
        self._expect(in_time, f"a new key was not noticed within {self.played.timetable.max_age + GRACE:g} s: {late}")
        self.played.noticed.append(time.monotonic() - self.site.published_at)

    async def _retire(self, before: Mapping[str, str], kill: Kill | None) -> None:
        """Let the lag and the overlap be over, and the announced ends come."""
        site = self.site
        site.move_to(max(self._last_publication() + LAG.total_seconds(), site.announced_end()) + A_MOMENT)
        rule = await self._armed(kill, Phase.RETIREMENT)
        done = await site.check_until(lambda: not any(site.accepts(one, before[one.name]) for one in site.accounts))
        self._expect(done, "a previous key did not end")
        self._disarm(rule)

    async def _leak(self, leak: Leak, kill: Kill | None) -> Kill | None:
        """Report the live key of an account as leaked, and see that it ends. Return the kill that is still to come."""
        site, account = self.site, self.site.accounts[leak.account]
        live = site.published(account)
        before = frozenset(fingerprint(key.value) for key in account.keys.values())
        rule = None if leak.typed else await self._armed(kill, Phase.LEAK)
        problem = await (site.type_leak(account) if leak.typed else site.report_leak(account))
        await site.host.idle()

        def has_ended() -> bool:
            return not site.accepts(account, live) and site.accepts(account, site.published(account))

        done = has_ended() or await site.check_until(has_ended)
        self._expect(done, f"a leaked key of {account.name} did not end")
        self._expect(not problem or rule is not None, f"a leak of {account.name} was reported: {problem}")
        after = {fingerprint(key.value) for key in account.keys.values()}
        self.played.leaks.append(LeakEnded(account.name, live, before - after))
        self._disarm(rule)
        return None if rule is not None else kill

    async def _outage(self) -> None:
        """Let the vault answer nobody while a rotation is due, until each key that consumers hold is too old."""
        site, world = self.site, self.site.world
        site.move_to(self._last_publication() + PERIOD.total_seconds() + A_MOMENT)
        before = {one.name: (site.published(one), dict(one.keys)) for one in site.accounts}
        place, began = len(world.journal.entries), time.monotonic()
        rule = world.faults.add("kv.*", "drop_before", times=0)
        await site.check()
        identities = [one.identity for one in self.consumers]

        def all_are_too_old() -> bool:
            long = time.monotonic() - began >= self.played.timetable.max_age
            return long and refused_reads_since(world, place, identities) == len(identities)

        in_time = await until(all_are_too_old, self.played.timetable.max_age + GRACE)
        self._expect(in_time, "not every consumer asked the vault during the outage")
        after = {one.name: (site.published(one), dict(one.keys)) for one in site.accounts}
        self._expect(before == after, "the app changed a key while the vault was out")
        in_vain = refused_reads_since(world, place, identities)
        place = len(world.journal.entries)
        world.faults.remove(rule.id)
        self.played.outage = Outage(time.monotonic() - began, in_vain)
        back = await until(lambda: all(read_since(world, place, one) for one in identities), AFTER_OUTAGE)
        self._expect(back, "a consumer did not read the vault again after the outage")

    async def _armed(self, kill: Kill | None, phase: Phase) -> Rule | None:
        return await self.site.kill_at(kill) if kill is not None and kill.phase is phase else None

    def _disarm(self, rule: Rule | None) -> None:
        if rule is not None:
            self._expect(rule.struck == 1, f"the app was not killed at {rule.operation}: it did not call it")
            self.site.world.faults.remove(rule.id)

    def _last_publication(self) -> float:
        return max(self.site.secret(one).latest.created for one in self.site.accounts)

    def _callers(self, account: str) -> int:
        return sum(one.callers for one in self.consumers if one.account.name == account)

    def _expect(self, is_so: bool, otherwise: str) -> None:
        if not is_so:
            self.played.broken.append(f"cycle {self.number}: {otherwise}")


def _count(site: Site, played: Played) -> None:
    """Count from the vault, the journal and the accounts. The consumers have ended."""
    world = site.world
    by_name = {one.name: one for one in site.accounts}
    published = sum(len({one.value for one in site.secret(account).versions}) - 1 for account in site.accounts)
    played.leaks_ended = sum(not site.accepts(by_name[one.account], one.leaked) for one in played.leaks)
    played.rotations = published - len(played.leaks)
    played.kills = sum("signal" in one.note.split() for one in world.journal.entries)
    chats = [use for use in world.accounts.uses if use.operation == "aoai.chat"]
    played.accepted = sum(use.accepted for use in chats)
    played.refused = dict(Counter(use.fingerprint for use in chats if not use.accepted))
