"""What was asked, in order, and what came of it.

Every request gets one entry when it arrives; the outcome is filled in when it leaves. An entry that keeps
status 0 got no answer. Entries hold names, statuses and times, and never a key, a secret value or a token.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

from lab.emulator.clock import Clock


@dataclass(slots=True)
class Entry:
    """One request: `effect` says whether the world was asked to do it and did."""

    seq: int
    time: float
    operation: str
    target: str
    caller: str = ""
    request_id: str = ""
    status: int = 0
    effect: bool = False
    note: str = ""
    done: float | None = None

    @property
    def service(self) -> str:
        return self.operation.partition(".")[0]

    def to_json(self) -> dict[str, Any]:
        return {"service": self.service, **asdict(self)}


class Journal:
    """All entries since the world began, or since the last `clear`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next = 1
        self.entries: list[Entry] = []

    def open(self, operation: str, target: str, caller: str = "", request_id: str = "") -> Entry:
        entry = Entry(self._next, self._clock.now(), operation, target, caller, request_id)
        self._next += 1
        self.entries.append(entry)
        return entry

    def close(self, entry: Entry, status: int, *, effect: bool, note: str = "") -> None:
        entry.status, entry.effect, entry.done = status, effect, self._clock.now()
        entry.note = note or entry.note

    def since(self, seq: int) -> list[Entry]:
        return [entry for entry in self.entries if entry.seq > seq]

    def find(self, operation: str, target: str = "", *, effect: bool | None = None) -> Iterator[Entry]:
        """Entries of an operation (wildcards allowed) whose target contains the given text."""
        for entry in self.entries:
            if not fnmatchcase(entry.operation, operation) or target.lower() not in entry.target.lower():
                continue
            if effect is None or entry.effect is effect:
                yield entry

    def count(self, operation: str, target: str = "", *, effect: bool | None = None) -> int:
        return sum(1 for _ in self.find(operation, target, effect=effect))

    def clear(self) -> None:
        self.entries.clear()
