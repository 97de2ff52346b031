"""What can happen in a life, as data: an action, and a fault at one call of its turn."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """A fault at one call of a turn.

    kind: One of FAULTS, or PAUSED.
    call: The number of the call, from 1.
    """

    kind: str
    call: int

    def __str__(self) -> str:
        return f"{self.kind} call {self.call}"


@dataclass(frozen=True)
class Action:
    """Something that happens. Which of the fields matter depends on `what`.

    what: The kind of action: one of the names in `Life._handlers`.
    target: Which target it concerns, from 0.
    hours: A length of time.
    detail: A slot, a leaked key, a request id, or "up" and "down".
    fault: A fault at one call of its turn.
    """

    what: str
    target: int = 0
    hours: float = 0.0
    detail: str = ""
    fault: Fault | None = None

    def __str__(self) -> str:
        target = f" target {self.target + 1}" if self.what not in ("pass", "tick", "grid") else ""
        length = f" {self.hours:g} h" if self.hours else ""
        fault = f" ({self.fault})" if self.fault else ""
        return f"{self.what}{target}{' ' + self.detail if self.detail else ''}{length}{fault}"
