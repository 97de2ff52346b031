"""The faults of one outgoing call, and how the emulated Azure is made to produce them.

"Killed before" kills the process while the request is on its way and then drops the request. Otherwise the emulator
would still serve it, and there would be no difference to "killed after". Status faults come once, and three times in a
row where the client retries by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.emulator.faults import Effect, Rule
from lab.emulator.journal import Entry
from lab.emulator.world import World
from lab.prove.calls.scenes import VAULT
from shared.adapters.connections import READ_SECONDS
from shared.adapters.waits import MOST_SLEPT
from shared.domain.names import LEASE_CONTAINER as LEASES

OWN_REPEATS = frozenset({"arm.regenerateKey", "kv.setSecret", "blob.lease.release", "aoai.models"})
WRITES = frozenset({"arm.regenerateKey", "arm.updateAccount", "kv.setSecret", "kv.updateSecret", "eg.publish"})
CHANGES = {  # what changes the answer of a read that can be late
    "kv.getSecret": frozenset({"kv.setSecret", "kv.updateSecret"}),
    "kv.listSecrets": frozenset({"kv.setSecret", "kv.updateSecret"}),
    "arm.listKeys": frozenset({"arm.regenerateKey"}),
}
LATE_SECONDS, ONE_LATE_SECONDS = 30.0, 600.0  # the longer one covers all that a scene wrote, also a tick later
REMEMBERS = 1e-6  # a vault remembers what it showed before only while its reads are late at all


@dataclass(frozen=True, order=True)
class Call:
    """One outgoing call of a scene.

    operation: Its name in the emulator's journal, such as `kv.setSecret`.
    nth: Its number among the calls of this operation, from 0.
    changed: Whether the scene changed before what the call reads.
    next_tick: Whether the tick after the scene makes it.
    """

    operation: str
    nth: int
    changed: bool = False
    next_tick: bool = False

    @property
    def service(self) -> str:
        """The service that it goes to, such as `kv`."""
        return self.operation.partition(".")[0]

    @property
    def target(self) -> str:
        """What the target of a request must contain, so that the host's own blobs are not meant."""
        return LEASES if self.service == "blob" else ""

    def __str__(self) -> str:
        return f"{self.operation} #{self.nth + 1}"


@dataclass(frozen=True)
class Fault:
    """A way in which a call fails.

    name: Printed in the history of a case.
    effect: The emulator's word for it.
    details: The other arguments of the emulator's rule.
    service: The only service that answers so. Empty: any.
    late: How late the answer is, in seconds: it does not show what was written since then. 0: it is on time.
    lasts: Whether every later read is as late.
    """

    name: str
    effect: Effect
    details: Mapping[str, Any] = field(default_factory=dict)
    service: str = ""
    late: float = 0.0
    lasts: bool = False

    @property
    def kills(self) -> bool:
        """Whether it kills the app's process."""
        return self.effect == "signal"

    @property
    def asks_to_wait(self) -> bool:
        """Whether it asks to wait for longer than a client may sleep, so that time must pass before it can be over."""
        return bool((self.details.get("retry_after") or 0) > MOST_SLEPT) and self.details.get("asks") != "nonsense"

    @property
    def is_repeated(self) -> bool:
        """Whether it also hits the client's retries."""
        return bool(self.details.get("times", 1) > 1)

    @property
    def is_slow(self) -> bool:
        """Whether the answer comes after the client's time-out."""
        return self.effect == "delay"

    def concerns(self, call: Call) -> bool:
        """Return whether this fault is worth trying on this call.

        Repeated faults are not tried where the app itself makes only one attempt; slow answers only for writes; late
        answers only for reads of what the scene changed before, and these also in the next tick.
        """
        if self.late:
            return call.changed and not (call.next_tick and self.lasts)
        if call.next_tick:
            return False
        if self.service and call.service != self.service:
            return False
        if self.is_slow:
            return call.operation in WRITES
        return not (self.is_repeated and call.operation in OWN_REPEATS)

    def arm(self, world: World, call: Call, pid: int) -> Rule:
        """Make the emulator produce this fault at this call. `pid` is the app's process. Returns the rule."""
        faults = world.faults
        where: dict[str, Any] = {"target": call.target, "skip": call.nth}
        if self.late:
            return self._arm_late(world, call, where)
        more = {"pid": pid} if self.kills else {}
        rule = faults.add(call.operation, self.effect, **where, **self.details, **more)
        if self.kills and not rule.strikes_after:
            faults.add(call.operation, "drop_before", **where)
        return rule

    def _arm_late(self, world: World, call: Call, where: Mapping[str, Any]) -> Rule:
        """Let reads be late from this call on, or let only this answer be late."""

        def reads_are_late(by: float) -> Callable[[Entry], None]:
            def change(_: Entry) -> None:
                world.vaults[VAULT].read_lag = by
                for account in world.accounts:
                    account.lag.listed_after = by

            return change

        world.vaults[VAULT].read_lag = REMEMBERS
        if not self.lasts:
            world.faults.add(call.operation, "hook", hook=reads_are_late(REMEMBERS), when="after", **where)
        return world.faults.add(call.operation, "hook", hook=reads_are_late(self.late), **where)


def _status(status: int, times: int = 1) -> Fault:
    details: dict[str, Any] = {"status": status, "code": f"Injected{status}", "times": times}
    if status == 429:
        details["retry_after"] = 1.0
    words = f"{status}{' with Retry-After' if status == 429 else ''}"
    return Fault(words if times == 1 else f"{words}, {times} times", "status", details)


def _asked(words: str, seconds: float, asks: str = "seconds") -> Fault:
    details = {"status": 429, "code": "InjectedWait", "retry_after": seconds, "asks": asks}
    return Fault(f"429 {words}", "status", details)


def _refused(words: str, service: str, status: int, code: str, inner: str = "") -> Fault:
    """Return an answer that refuses for good, as one service gives it (shared.domain.refusals)."""
    return Fault(f"{status} of {words}", "status", {"status": status, "code": code, "inner": inner}, service)


KILLED_BEFORE = Fault("killed before", "signal", {"when": "before"})
KILLED_AFTER = Fault("killed after", "signal", {"when": "after"})
DROPPED_AFTER = Fault("connection dropped after", "drop_after")
STATUSES = tuple(_status(status) for status in (401, 403, 408, 409, 429, 500, 503))
REPEATED = tuple(_status(status, 3) for status in (408, 429, 500, 503))
TRUNCATED = Fault("truncated answer", "malformed", {"form": "truncated"})
STRANGE = Fault("answer of another shape", "malformed", {"form": "wrong"})
SLOW = Fault("slow past the time-out", "delay", {"seconds": READ_SECONDS + 1.0, "when": "after"})
HOUR = _asked("for an hour", 3600)
DATE = _asked("with Retry-After as a date", 372, "date")
NONSENSE = _asked("with Retry-After as nonsense", 372, "nonsense")
WAITS = (HOUR, DATE, NONSENSE)
REFUSALS = (
    _refused("a read-only lock", "arm", 409, "ScopeLocked"),
    _refused("a missing role", "arm", 403, "AuthorizationFailed"),
    _refused("a deny assignment", "arm", 403, "DenyAssignmentAuthorizationFailed"),
    _refused("a disabled subscription", "arm", 409, "ReadOnlyDisabledSubscription"),
    _refused("the vault's firewall", "kv", 403, "Forbidden", "ForbiddenByFirewall"),
    _refused("a private endpoint", "kv", 403, "Forbidden", "ForbiddenByConnection"),
    _refused("an access policy", "kv", 403, "Forbidden", "AccessDenied"),
    _refused("a missing role", "kv", 403, "Forbidden", "ForbiddenByRbac"),
    _refused("the storage's firewall", "blob", 403, "AuthorizationFailure"),
)
ONE_LATE = Fault("one answer that shows the state before", "hook", late=ONE_LATE_SECONDS)
LATE = Fault("reads that show the state before for half a minute", "hook", late=LATE_SECONDS, lasts=True)
SINGLE = (KILLED_BEFORE, KILLED_AFTER, DROPPED_AFTER, *STATUSES, TRUNCATED, STRANGE)
SHORT = (KILLED_BEFORE, KILLED_AFTER, DROPPED_AFTER)
ALL = (*SINGLE, *REFUSALS, *WAITS, *REPEATED, SLOW, ONE_LATE, LATE)


def pairs(calls: Iterable[Call], faults: Iterable[Fault]) -> Iterator[tuple[Call, Fault]]:
    """Return every call with every fault that is worth trying on it."""
    given = tuple(faults)
    return ((call, fault) for call in calls for fault in given if fault.concerns(call))
