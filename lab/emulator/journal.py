"""The journal: every request in order of arrival, and its result.

Each request gets one entry when it arrives; the result is filled in when the answer leaves. An entry with status 0 got
no answer. Entries hold names, statuses and times, never a key, a secret value or a token.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

from lab.emulator.clock import Clock


@dataclass(slots=True)
class Entry:
    """One request.

    seq: The number of the entry, counted from 1.
    time: When the request arrived, in seconds since 1970.
    operation: The operation name: service, dot, name, for example `arm.listKeys`.
    target: The resource that the request is about.
    caller: The name of the authenticated identity, or an empty string.
    request_id: The caller's x-ms-client-request-id, or an empty string.
    status: The HTTP status of the answer. 0 if there was none.
    effect: Whether the world performed the request, even if the answer was an error or was lost.
    note: The fault effects that applied to the request, separated by spaces.
    done: When the answer left, in seconds since 1970. None until then.
    """

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
        """The service part of the operation name, for example `arm`."""
        return self.operation.partition(".")[0]

    def to_json(self) -> dict[str, Any]:
        """Return the entry as the control surface shows it."""
        return {"service": self.service, **asdict(self)}


class Journal:
    """All entries since the world was created or the journal was last cleared.

    entries: The entries in order of arrival.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next = 1
        self.entries: list[Entry] = []

    def open(self, operation: str, target: str, caller: str = "", request_id: str = "") -> Entry:
        """Add an entry for a request that has arrived, and return it."""
        entry = Entry(self._next, self._clock.now(), operation, target, caller, request_id)
        self._next += 1
        self.entries.append(entry)
        return entry

    def close(self, entry: Entry, status: int, *, effect: bool, note: str = "") -> None:
        """Fill in the result of a request: its HTTP status (0 for no answer) and whether it had its effect.

        A `note` replaces the entry's note.
        """
        entry.status, entry.effect, entry.done = status, effect, self._clock.now()
        entry.note = note or entry.note

    def since(self, seq: int) -> list[Entry]:
        """Return the entries with a number greater than `seq`."""
        return [entry for entry in self.entries if entry.seq > seq]

    def find(self, operation: str, target: str = "", *, effect: bool | None = None) -> Iterator[Entry]:
        """Yield the entries of an operation (wildcards allowed) whose target contains `target`.

        `effect` selects the entries that had an effect, or that had none. None selects both.
        """
        for entry in self.entries:
            if not fnmatchcase(entry.operation, operation) or target.lower() not in entry.target.lower():
                continue
            if effect is None or entry.effect is effect:
                yield entry

    def count(self, operation: str, target: str = "", *, effect: bool | None = None) -> int:
        """Return the number of entries that `find` yields."""
        return sum(1 for _ in self.find(operation, target, effect=effect))

    def clear(self) -> None:
        """Remove all entries. Numbering continues."""
        self.entries.clear()
