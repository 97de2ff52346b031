"""Whether a load proof showed what it must, and its figures as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from rich.table import Table

from lab.prove.consumers.played import Played
from lab.prove.consumers.processes import Consumer, Figures

SHOWN_FAILURES = 3  # of each process
MOST_OF_ONE = 3  # refusals of one caller for one key
COLUMNS = ("client", "consumers", "requests", "repeated", "failed", "p50 ms", "p90 ms", "p99 ms", "max ms")


def broken(played: Played) -> list[str]:
    """Return what the proof did not show, in words."""
    rules = (_consumers, _refusals, _agreement, _counts)
    return [*played.broken, *(what for rule in rules for what in rule(played))]


def _consumers(played: Played) -> Iterator[str]:
    for one in played.consumers:
        if one.problem or one.figures is None:
            yield f"{one.identity}: {one.problem or 'it reported nothing'}"
        elif one.figures.failed:
            kinds = Counter(one.figures.failed).most_common(SHOWN_FAILURES)
            shown = "; ".join(f"{many} times {what}" for what, many in kinds)
            yield f"{one.identity}: {len(one.figures.failed)} requests failed: {shown}" + (
                f"; it said: {one.said}" if one.said else ""
            )
    callers = sum(one.callers for one in played.consumers)
    if callers < played.timetable.consumers:
        yield f"there were {callers} consumers and not {played.timetable.consumers}"


def _refusals(played: Played) -> Iterator[str]:
    """Each refused key was ended by a leak, and no caller was refused for one of them more than a few times."""
    by_leaks = {mark for leak in played.leaks for mark in leak.ended}
    unexplained = sum(many for mark, many in played.refused.items() if mark not in by_leaks)
    if unexplained:
        yield f"{unexplained} requests were answered 401 although no leak ended their key"
    for leak in played.leaks:
        callers = sum(one.callers for one in played.consumers if one.account.name == leak.account)
        refused = max((played.refused.get(mark, 0) for mark in leak.ended), default=0)
        if refused > MOST_OF_ONE * callers:
            yield f"{leak.account}: {callers} consumers showed one key {refused} times after a leak had ended it"


def _agreement(played: Played) -> Iterator[str]:
    """What consumers report is what the accounts saw, so no consumer hides a refusal."""
    figures = [one.figures for one in played.consumers if one.figures is not None]
    if len(figures) < len(played.consumers) or any(one.failed for one in figures):
        return  # that is said already; a failed request may have been refused, or never have arrived
    made, repeated = sum(one.made for one in figures), sum(one.repeated for one in figures)
    refused = sum(played.refused.values())
    if made != played.accepted or repeated != refused:
        yield (
            f"consumers report {made} requests and {repeated} repeats, and the accounts accepted {played.accepted} "
            f"and refused {refused}"
        )


def _counts(played: Played) -> Iterator[str]:
    wanted = played.timetable
    if played.rotations < wanted.rotations:
        yield f"the vault shows {played.rotations} rotations and not {wanted.rotations}"
    if played.leaks_ended < wanted.leaks:
        yield f"{played.leaks_ended} leaked keys ended and not {wanted.leaks}"
    if played.kills < wanted.kills:
        yield f"the journal shows {played.kills} kills and not {wanted.kills}"
    if wanted.outage and (played.outage is None or played.outage.in_vain < len(played.consumers)):
        yield "the outage of the vault did not outlast the keys of all consumers"


def percentile(latency_ms: Mapping[int, int], part: float) -> int:
    """Return the whole milliseconds within which this part of the requests, from 0 to 1, was answered."""
    total, seen = sum(latency_ms.values()), 0
    for ms in sorted(latency_ms):
        seen += latency_ms[ms]
        if seen >= part * total:
            return ms
    return 0


def table(played: Played) -> Table:
    """Return the figures of each kind of consumer, and of all."""
    shown = Table(title="Consumers", title_justify="left")
    for column in COLUMNS:
        shown.add_column(column, justify="left" if column == "client" else "right")
    for kind in played.kinds:
        shown.add_row(*_row(kind, [one for one in played.consumers if one.kind == kind]))
    shown.add_row(*_row("all", played.consumers))
    return shown


def _row(name: str, consumers: list[Consumer]) -> list[str]:
    figures = [one.figures or Figures() for one in consumers]
    latency: Counter[int] = Counter()
    for one in figures:
        latency.update(one.latency_ms)
    counts = [sum(one.callers for one in consumers), *(sum(part) for part in _parts(figures))]
    times = [percentile(latency, part) for part in (0.5, 0.9, 0.99)]
    return [name, *map(str, [*counts, *times, max(latency, default=0)])]


def _parts(figures: list[Figures]) -> list[list[int]]:
    return [[one.made for one in figures], [one.repeated for one in figures], [len(one.failed) for one in figures]]


def words(played: Played) -> list[str]:
    """Return the other figures in words."""
    outage, noticed = played.outage, sorted(played.noticed)
    lines = [
        f"accounts: {played.timetable.accounts}; processes of consumers: {len(played.consumers)}; rotations: "
        f"{played.rotations}; leaks: {played.leaks_ended}; kills of the app's process: {played.kills}",
        f"{sum(played.refused.values())} requests were answered 401, all in all; {played.accepted} were accepted",
    ]
    if outage is not None:
        lines.append(f"the vault was out for {outage.seconds:.0f} s; {outage.in_vain} processes asked it in vain")
    if noticed:
        lines.append(
            f"from a publication until all consumers used the new key: {noticed[len(noticed) // 2]:.1f} s in the "
            f"median, {noticed[-1]:.1f} s at most; a key that was read is used for {played.timetable.max_age:g} s"
        )
    return lines
