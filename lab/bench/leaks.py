"""`python -m lab.bench.leaks`: measures how long a reported leak takes until the key is refused, call by call.

Every call takes 200 ms, storage included. The process is warm: it has taken a turn and answered a dry run. Printed are
the calls in the order in which they began, and when the leaked key ended as a multiple of the calls that are needed.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from lab.bench.fleet import _close
from lab.emulator.accounts import Account
from lab.emulator.journal import Entry
from lab.emulator.serve import Azure, in_environment, running_in_thread
from lab.emulator.world import World
from lab.simulation.published import publish_as_rotated
from shared import wiring
from shared.domain.keys import ApiKey
from shared.domain.model import AccountId
from shared.domain.requests import LeakedKey, LeakRequest, RotateRequest
from shared.domain.scopes import EVERYWHERE
from shared.fleet.rotation import Rotation
from shared.handlers.one_turn import answer
from shared.web.responses import Reply
from shared.wiring import build

SECONDS = 0.2  # of each call
NEEDED = 8  # lease, secret, account, keys, regenerate, two proofs, publish
# A turn of the schedule holds the target: the call before which the report comes, counted from 1.
STEPS = (("kv.getSecret", 1), ("arm.regenerateKey", 1), ("aoai.models", 1), ("kv.setSecret", 1), ("kv.getSecret", 2))


@dataclass
class Leak:
    """One report of a leak that was measured.

    what: What was reported, in words.
    status: The status of the answer.
    ended: Seconds until the leaked key was refused. None if it was not.
    answered: Seconds until the answer.
    calls: The calls with the seconds at which they began and ended.
    """

    what: str
    status: int
    ended: float | None
    answered: float
    calls: list[tuple[str, float, float]] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Yield the calls and what they come to."""
        for operation, began, ended in self.calls:
            yield f"    {began:6.2f} {ended:6.2f}  {operation}"
        when = "not" if self.ended is None else f"after {self.ended:.2f} s"
        ratio = f", {self.ended / NEEDED / SECONDS:.2f} times the needed calls" if self.ended else ""
        yield f"leak: {self.what}: the key ended {when}{ratio}; answered {self.status} after {self.answered:.2f} s"


class _Bench:
    def __init__(self, azure: Azure, app: Rotation) -> None:
        self.world, self.app, self.other = azure.world, app, build(azure.settings)

    def account(self, name: str) -> Account:
        return self.world.accounts.named(name)

    async def leak(self, what: str, which: str | AccountId, account: Account, **asked: object) -> Leak:
        """Report the live key of an account as leaked and measure what happens."""
        leaked, journal = ApiKey(account.keys["key1"].value), self.world.journal
        request = LeakRequest(reason="bench", by="bench", id=f"bench-{time.monotonic_ns()}", **asked)  # type: ignore[arg-type]
        if request.fingerprint is not None:
            request = replace(request, fingerprint=leaked.fingerprint)
        first, began = len(journal.entries), time.time()
        reply: Reply = await answer(which, request, EVERYWHERE)
        answered = time.time() - began
        entries = [one for one in journal.entries[first:] if one.service != "identity"]
        kills = [one for one in entries if one.operation == "arm.regenerateKey" and one.done and one.effect]
        refused = kills[-1] if kills and account.keys["key1"].value != leaked.reveal() else None
        return Leak(
            what,
            reply.status,
            (refused.done or 0) - began if refused else None,
            answered,
            [_call(one, began) for one in entries],
        )

    async def while_a_turn_holds_it(
        self, account: Account, operation: str, times: int, *, other: Rotation | None = None
    ) -> Leak:
        """Report a leak when a scheduled turn begins its n-th call of one operation, in this process or in another."""
        target = (await self.app.fleet.find_one(AccountId.parse(account.id))).target
        reached, loop, seen = asyncio.Event(), asyncio.get_running_loop(), 0

        def hook(_: Entry) -> None:
            nonlocal seen
            seen += 1
            if seen == times:
                loop.call_soon_threadsafe(reached.set)

        where = "" if operation == "aoai.models" else account.name
        rule = self.world.faults.add(operation, "hook", target=where, hook=hook, times=0)
        turn = asyncio.create_task((other or self.app).turn(target, RotateRequest(reason="bench")))
        await asyncio.wait([turn, watching := asyncio.create_task(reached.wait())], return_when="FIRST_COMPLETED")
        watching.cancel()
        self.world.faults.remove(rule.id)
        whose = "another process" if other else "the same process"
        what = f"by resource id, while a turn of {whose} holds the target at its call {times} to {operation}"
        found = await self.leak(what, target.account, account, key=None, fingerprint=ApiKey("x").fingerprint)
        outcome = await turn
        return replace(found, what=f"{found.what} (which ended as {outcome.reason})")


def _call(entry: Entry, began: float) -> tuple[str, float, float]:
    return f"{entry.operation} {entry.status}", entry.time - began, (entry.done or entry.time) - began


async def leaks(subscriptions: int, each: int) -> AsyncIterator[Leak]:
    """Yield the leaks that were measured in a fleet of that many subscriptions, with that many accounts in each."""
    world, since = World(), datetime.now(UTC) - timedelta(days=12)
    world.add_vault("keys")
    world.add_topic("announcements")
    names = iter(f"account-{number:05}" for number in range(subscriptions * each))
    for number in range(subscriptions):
        subscription = f"00000000-0000-4000-8000-{number:012}"
        for name in [next(names) for _ in range(each)]:
            world.accounts.add(name, tags={"key-rotation": "on"}, subscription=subscription)
    with running_in_thread(world) as azure, in_environment(azure):
        for account in world.accounts:
            publish_as_rotated(world, account, since)
        app = build(azure.settings)
        wiring._Process.rotation, wiring._Process.loop = app, asyncio.get_running_loop()
        try:
            async for leak in _all(_Bench(azure, app)):
                yield leak
        finally:
            await _close(app)
            wiring._Process.rotation = None


async def _all(bench: _Bench) -> AsyncIterator[Leak]:
    accounts, fingerprint = list(bench.world.accounts), ApiKey("x").fingerprint
    last = (await bench.app.fleet.find_one(AccountId.parse(accounts[-1].id))).target
    now = bench.app.outside.clock.now()
    await bench.app.tick(now - timedelta(minutes=10), now)
    await bench.app.turn(last, RotateRequest(reason="bench"))
    await answer(last.name, RotateRequest(reason="bench", by="bench"), EVERYWHERE, dry_run=True)
    for account in accounts[: 8 + len(STEPS)]:  # an account that was ever rotated has a blob for its lease
        await bench.app.turn((await bench.app.fleet.find_one(AccountId.parse(account.id))).target)
    await bench.other.turn((await bench.app.fleet.find_one(AccountId.parse(accounts[-2].id))).target)
    bench.world.faults.add("*", "delay", seconds=SECONDS, times=0)
    ids = [AccountId.parse(one.id) for one in accounts]
    named = {"key": None, "fingerprint": fingerprint}
    yield await bench.leak("by resource id, with its fingerprint", ids[0], accounts[0], **named)
    yield await bench.leak("by resource id, in words", ids[1], accounts[1], key=LeakedKey.LIVE)
    yield await bench.leak("by name, with its fingerprint", accounts[2].name, accounts[2], **named)
    yield await bench.leak("by name, in words", accounts[3].name, accounts[3], key=LeakedKey.LIVE)
    for number, (operation, times) in enumerate(STEPS):
        yield await bench.while_a_turn_holds_it(accounts[4 + number], operation, times)
    rest = accounts[4 + len(STEPS) :]
    bench.world.vaults["keys"].read_lag = 6.0  # a turn waits until it sees what it has published
    yield await bench.while_a_turn_holds_it(rest[0], "kv.getSecret", 3)
    yield await bench.while_a_turn_holds_it(rest[1], "kv.getSecret", 3, other=bench.other)
    yield await bench.while_a_turn_holds_it(rest[2], "arm.regenerateKey", 1, other=bench.other)
    await _close(bench.other)


def main() -> int:
    """Run the measurements, print their lines and return 0."""
    parser = argparse.ArgumentParser(prog="python -m lab.bench.leaks", description=__doc__)
    parser.add_argument("--subscriptions", type=int, default=100, help="number of subscriptions (100)")
    parser.add_argument("--accounts", type=int, default=1, help="accounts in each subscription (1)")
    parser.add_argument("--calls", action="store_true", help="print every call")
    given = parser.parse_args()
    asyncio.run(_print(given.subscriptions, given.accounts, calls=given.calls))
    return 0


async def _print(subscriptions: int, each: int, *, calls: bool) -> None:
    async for leak in leaks(subscriptions, each):
        for line in list(leak.lines())[0 if calls else -1 :]:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
