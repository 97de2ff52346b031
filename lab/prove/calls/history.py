"""The history of a case as text: its calls in order with their outcomes, then the app's warnings and errors."""

from __future__ import annotations

from collections.abc import Iterator

from lab.emulator.journal import Entry
from lab.prove.calls.testbed import AppTestbed

MOST_LINES = 120
LONGEST = 200


def history(testbed: AppTestbed, case: object) -> str:
    """Return the history of a case. The host's polling of its queues is left out."""
    lines = [str(case), *_calls(testbed), *_warnings(testbed)]
    left = len(lines) - MOST_LINES
    return "\n".join([*lines[:MOST_LINES], *([f"  ... and {left} more lines"] if left > 0 else [])])


def _calls(testbed: AppTestbed) -> Iterator[str]:
    entries = [entry for entry in testbed.world.journal.entries if not entry.operation.startswith("queue.get")]
    begun = entries[0].time if entries else 0.0
    for entry in entries:
        yield f"  {entry.time - begun:8.2f} s  {entry.operation:<22} {_outcome(entry)}"


def _outcome(entry: Entry) -> str:
    status = str(entry.status) if entry.status else "no answer"
    effect = "" if entry.effect else ", no effect"
    return f"{status}{effect}{f' ({entry.note})' if entry.note.replace('hook', '').strip() else ''}"


def _warnings(testbed: AppTestbed) -> Iterator[str]:
    for record in testbed.host.logs[testbed.logs_from :]:
        if record.level in ("WARNING", "ERROR", "CRITICAL"):
            yield f"  {record.source} {record.level}: {record.message[:LONGEST]}"
    for run in testbed.host.activity.finished[testbed.runs_from :]:
        if not run.succeeded:
            yield f"  {run.function} failed: {(run.error or '')[:LONGEST]}"
