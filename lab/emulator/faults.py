"""Faults: failures that a test injects into requests.

A rule names an operation (wildcards allowed), optionally a part of the target, how many matching requests to let pass
first, and how often to fail. Rules are matched after the request was authenticated, so a challenge or a refused token
uses none of them up. `drop_before` applies before the request has its effect; `drop_after` and `malformed` apply after
it; `status`, `delay`, `hook` and `signal` apply when the rule's `when` says.
"""

import os
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, fields
from email.utils import formatdate
from fnmatch import fnmatchcase
from itertools import count
from typing import Any, Literal, Self, get_args

from lab.emulator.errors import AzureError, ConnectionDroppedError
from lab.emulator.journal import Entry
from lab.emulator.typed import check

Effect = Literal["status", "drop_before", "drop_after", "delay", "malformed", "hook", "signal"]
Hook = Callable[[Entry], object]

_ALWAYS_AFTER: frozenset[str] = frozenset({"drop_after", "malformed"})


@dataclass
class Rule:
    """One fault rule.

    operation: The operation name, such as `arm.regenerateKey`. Wildcards are allowed.
    effect: What happens. `status`: an error answer. `drop_before`, `drop_after`: no answer. `delay`: a wait.
        `malformed`: an invalid body. `hook`: a Python function is called. `signal`: a process is killed.
    target: Text that the request's target must contain, without regard to case. Default: any target.
    skip: How many matching requests pass before the rule applies. Default 0.
    times: How many requests the rule applies to. Default 1; 0 means without limit.
    when: Whether `status`, `delay`, `hook` and `signal` apply before or after the request has its effect.
    status: The HTTP status of the effect `status`.
    code: The error code of the effect `status`.
    inner: Its more exact code, as Key Vault gives one. Empty: none.
    message: The error message of the effect `status`.
    retry_after: How long the effect `status` asks to wait, in seconds. None does not ask.
    asks: How it asks: `seconds` or a `date` in Retry-After, `milliseconds` in x-ms-retry-after-ms, or `nonsense`.
    seconds: How long the effect `delay` waits, in seconds.
    form: For `malformed`: `truncated` sends the first half of the body, `wrong` sends a different JSON object.
    pid: The process that the effect `signal` kills with SIGKILL.
    hook: The function that the effect `hook` calls with the journal entry. It may return an awaitable over HTTP.
    id: The number of the rule, set by `Faults.put`.
    seen: How many requests matched so far.
    struck: How many requests the rule applied to so far.
    """

    operation: str
    effect: Effect
    target: str = ""
    skip: int = 0
    times: int = 1
    when: Literal["before", "after"] = "before"
    status: int = 500
    code: str = "InternalServerError"
    inner: str = ""
    message: str = "A fault rule of the emulator failed this request."
    retry_after: float | None = None
    asks: Literal["seconds", "date", "milliseconds", "nonsense"] = "seconds"
    seconds: float = 0.0
    form: Literal["truncated", "wrong"] = "truncated"
    pid: int = 0
    hook: Hook | None = None
    id: int = 0
    seen: int = 0
    struck: int = 0

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Self:
        """Return the rule that a JSON object of the control surface describes.

        Raises ValueError if a name is unknown, a value has a wrong type, operation or effect is missing, or a signal
        rule has no usable pid.
        """
        allowed = {item.name for item in fields(cls)} - {"hook", "id", "seen", "struck"}
        unknown = set(body) - allowed
        if unknown:
            raise ValueError(
                f"a fault rule has no field {', '.join(sorted(unknown))}; fields are {', '.join(sorted(allowed))}"
            )
        if not body.get("operation") or body.get("effect") not in set(get_args(Effect)) - {"hook"}:
            raise ValueError(
                "a fault rule needs an operation and a known effect; the effect hook can be used from Python only"
            )
        check(cls, body)
        if body["effect"] == "signal" and int(body.get("pid", 0)) <= 1:
            raise ValueError("a fault rule with the effect signal needs the pid of the process to kill")
        return cls(**body)

    def to_json(self) -> dict[str, Any]:
        """Return the rule as the control surface shows it: every field except the hook."""
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name != "hook"}

    def _asked(self) -> dict[str, str]:
        """Return the header that asks to wait. A date counts from the machine's clock, as the header Date does."""
        if self.retry_after is None:
            return {}
        match self.asks:
            case "date":
                return {"Retry-After": formatdate(time.time() + self.retry_after, usegmt=True)}
            case "milliseconds":
                return {"x-ms-retry-after-ms": f"{self.retry_after * 1000:.0f}"}
            case "nonsense":
                return {"Retry-After": "when it is convenient"}
        return {"Retry-After": f"{self.retry_after:g}"}

    @property
    def strikes_after(self) -> bool:
        """Whether the rule applies after the request has had its effect."""
        return self.effect in _ALWAYS_AFTER or self.when == "after"

    def matches(self, operation: str, target: str) -> bool:
        """Return whether the rule matches an operation and target."""
        return fnmatchcase(operation, self.operation) and self.target.lower() in target.lower()

    def claim(self) -> bool:
        """Count a request that the rule matches, and return whether the rule applies to it."""
        self.seen += 1
        if self.seen <= self.skip or (self.times and self.struck >= self.times):
            return False
        self.struck += 1
        return True

    def strike(self, entry: Entry) -> float | Awaitable[Any]:
        """Apply the rule to the request of a journal entry. Return the seconds to wait, or an awaitable to wait for.

        Raises AzureError for the effect `status` and ConnectionDroppedError for a dropped connection. A `signal` that
        applies before the effect also drops the connection.
        """
        entry.note = f"{entry.note} {self.effect}".strip()
        match self.effect:
            case "status":
                raise AzureError(self.status, self.code, self.message, inner=self.inner, headers=self._asked())
            case "drop_before" | "drop_after":
                raise ConnectionDroppedError(after=self.strikes_after)
            case "signal":
                with suppress(ProcessLookupError):  # the process has ended already
                    os.kill(self.pid, signal.SIGKILL)
                if not self.strikes_after:  # the killed caller never sent this request
                    raise ConnectionDroppedError(after=False)
            case "hook" if self.hook is not None:
                result = self.hook(entry)
                return result if isinstance(result, Awaitable) else 0.0
        return self.seconds


@dataclass
class Claimed:
    """The rules that apply to one request.

    before: Those that apply before the request has its effect, in the order in which they were added.
    after: Those that apply after it.
    """

    before: list[Rule] = field(default_factory=list)
    after: list[Rule] = field(default_factory=list)

    @property
    def malformed(self) -> Rule | None:
        """The first rule that makes the answer malformed, or None."""
        return next((rule for rule in self.after if rule.effect == "malformed"), None)


class Faults:
    """The fault rules of a world.

    rules: The rules in the order in which they were added. They apply in this order.
    """

    def __init__(self) -> None:
        self._ids = count(1)
        self.rules: list[Rule] = []

    def add(self, operation: str, effect: Effect, **details: Any) -> Rule:  # noqa: ANN401
        """Add a rule for an operation and return it. `details` are further fields of `Rule`."""
        return self.put(Rule(operation, effect, **details))

    def put(self, rule: Rule) -> Rule:
        """Give a rule its number, add it, and return it."""
        rule.id = next(self._ids)
        self.rules.append(rule)
        return rule

    def remove(self, rule_id: int) -> bool:
        """Remove a rule by its number and return whether it existed."""
        kept = [rule for rule in self.rules if rule.id != rule_id]
        removed, self.rules = len(kept) < len(self.rules), kept
        return removed

    def clear(self) -> None:
        """Remove all rules."""
        self.rules.clear()

    def claim(self, operation: str, target: str) -> Claimed:
        """Count a request against every rule that matches it, and return the rules that apply."""
        claimed = Claimed()
        for rule in self.rules:
            if rule.matches(operation, target) and rule.claim():
                (claimed.after if rule.strikes_after else claimed.before).append(rule)
        return claimed
