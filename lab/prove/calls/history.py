"""What happened in a case, for a reader: the calls in order with their outcomes, and what the app said about them."""

from __future__ import annotations

from collections.abc import Iterator

from lab.emulator.journal import Entry
from lab.prove.calls.place import Place

MOST_LINES = 120
LONGEST = 200


def history(place: Place, case: object) -> str:
    """Calls, then warnings and errors of the app; without the host's polling of its queues."""
    lines = [str(case), *_calls(place), *_sayings(place)]
    left = len(lines) - MOST_LINES
    return "\n".join([*lines[:MOST_LINES], *([f"  ... and {left} lines more"] if left > 0 else [])])


def _calls(place: Place) -> Iterator[str]:
    entries = [entry for entry in place.world.journal.entries if not entry.operation.startswith("queue.get")]
    begun = entries[0].time if entries else 0.0
    for entry in entries:
        yield f"  {entry.time - begun:8.2f} s  {entry.operation:<22} {_outcome(entry)}"


def _outcome(entry: Entry) -> str:
    status = str(entry.status) if entry.status else "no answer"
    effect = "" if entry.effect else ", no effect"
    return f"{status}{effect}{f' ({entry.note})' if entry.note.replace('hook', '').strip() else ''}"


def _sayings(place: Place) -> Iterator[str]:
    for record in place.host.logs[place.logs_from :]:
        if record.level in ("WARNING", "ERROR", "CRITICAL"):
            yield f"  {record.source} {record.level}: {record.message[:LONGEST]}"
    for run in place.host.activity.finished[place.runs_from :]:
        if not run.succeeded:
            yield f"  {run.function} failed: {(run.error or '')[:LONGEST]}"
