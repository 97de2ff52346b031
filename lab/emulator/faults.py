"""Things that go wrong on demand.

A rule names an operation (wildcards allowed), perhaps a part of the target, how many requests to let pass
first, and how often to strike. A request claims the rules that concern it once it has been authenticated, so
a challenge or a refused token uses none of them up. `drop_before` strikes before the request has had its effect,
`drop_after` and `malformed` after it; `status`, `delay`, `hook` and `signal` when their `when` says.
"""

import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from itertools import count
from typing import Any, Literal, Self, get_args

from lab.emulator.errors import AzureError, ConnectionDroppedError
from lab.emulator.journal import Entry

Effect = Literal["status", "drop_before", "drop_after", "delay", "malformed", "hook", "signal"]
Hook = Callable[[Entry], object]

_AFTER: frozenset[str] = frozenset({"drop_after", "malformed"})


@dataclass
class Rule:
    """One fault. `times=0` strikes for ever."""

    operation: str
    effect: Effect
    target: str = ""
    skip: int = 0
    times: int = 1
    when: Literal["before", "after"] = "before"
    status: int = 500
    code: str = "InternalServerError"
    message: str = "The emulator was told to fail this request."
    retry_after: float | None = None
    seconds: float = 0.0
    form: Literal["truncated", "wrong"] = "truncated"
    pid: int = 0
    hook: Hook | None = None
    id: int = 0
    seen: int = 0
    struck: int = 0

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Self:
        allowed = {item.name for item in fields(cls)} - {"hook", "id", "seen", "struck"}
        unknown = set(body) - allowed
        if unknown:
            raise ValueError(f"unknown in a fault rule: {', '.join(sorted(unknown))}")
        if not body.get("operation") or body.get("effect") not in set(get_args(Effect)) - {"hook"}:
            raise ValueError("a fault rule needs an operation and a known effect (hook works in Python only)")
        if body["effect"] == "signal" and int(body.get("pid", 0)) <= 1:
            raise ValueError("a signal rule needs the pid of the process to kill")
        return cls(**body)

    def to_json(self) -> dict[str, Any]:
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name != "hook"}

    @property
    def strikes_after(self) -> bool:
        return self.effect in _AFTER or self.when == "after"

    def concerns(self, operation: str, target: str) -> bool:
        return fnmatchcase(operation, self.operation) and self.target.lower() in target.lower()

    def claim(self) -> bool:
        """Count a request this rule concerns; say whether it is struck."""
        self.seen += 1
        if self.seen <= self.skip or (self.times and self.struck >= self.times):
            return False
        self.struck += 1
        return True

    def strike(self, entry: Entry) -> float | Awaitable[Any]:
        """Do it; what comes back is a time to wait, or something to await."""
        entry.note = f"{entry.note} {self.effect}".strip()
        match self.effect:
            case "status":
                wait = {} if self.retry_after is None else {"Retry-After": f"{self.retry_after:g}"}
                raise AzureError(self.status, self.code, self.message, headers=wait)
            case "drop_before" | "drop_after":
                raise ConnectionDroppedError(after=self.strikes_after)
            case "signal":
                with suppress(ProcessLookupError):  # it is gone already, which is what was wanted
                    os.kill(self.pid, signal.SIGKILL)
                if not self.strikes_after:  # a call that its caller did not live to make
                    raise ConnectionDroppedError(after=False)
            case "hook" if self.hook is not None:
                result = self.hook(entry)
                return result if isinstance(result, Awaitable) else 0.0
        return self.seconds


@dataclass
class Claimed:
    """The rules one request has met, sorted by when they strike."""

    before: list[Rule] = field(default_factory=list)
    after: list[Rule] = field(default_factory=list)

    @property
    def malformed(self) -> Rule | None:
        return next((rule for rule in self.after if rule.effect == "malformed"), None)


class Faults:
    """The rules in force, in the order they were added."""

    def __init__(self) -> None:
        self._ids = count(1)
        self.rules: list[Rule] = []

    def add(self, operation: str, effect: Effect, **details: Any) -> Rule:  # noqa: ANN401
        return self.put(Rule(operation, effect, **details))

    def put(self, rule: Rule) -> Rule:
        rule.id = next(self._ids)
        self.rules.append(rule)
        return rule

    def remove(self, rule_id: int) -> bool:
        kept = [rule for rule in self.rules if rule.id != rule_id]
        removed, self.rules = len(kept) < len(self.rules), kept
        return removed

    def clear(self) -> None:
        self.rules.clear()

    def claim(self, operation: str, target: str) -> Claimed:
        claimed = Claimed()
        for rule in self.rules:
            if rule.concerns(operation, target) and rule.claim():
                (claimed.after if rule.strikes_after else claimed.before).append(rule)
        return claimed
