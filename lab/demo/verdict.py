"""The end of `make demo`: checks whether the promises were kept, from what was seen outside the app, and shows figures.

The promises are those of docs/promises.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Any

from rich.table import Table

from lab.demo import scene
from lab.demo.observer import AcceptedEvent, Observer

FIGURES = (
    "account", "requests", "failed", "repeated", "rotations", "retirements", "deadlines", "days ahead", "longest 401",
)  # fmt: skip


@dataclass(frozen=True)
class Check:
    """The result of one check.

    promise: The promise that was checked.
    kept: True if it was kept.
    seen: What was seen, or what broke it.
    """

    promise: str
    kept: bool
    seen: str


def checks(
    observer: Observer, stats: list[dict[str, Any]], state: dict[str, Any], texts: list[str], kills: int
) -> list[Check]:
    """Check every promise and return the results.

    stats: The consumers' figures. state: The emulated Azure's state with its keys. texts: Every log message, event and
    call, which must not contain a key. kills: How often the app was killed.
    """
    return [
        _consumers(stats),
        _published_works(state),
        _previous_worked(observer),
        _announced_in_time(observer),
        _incidents(observer, kills),
        _nothing_leaked(state, texts),
    ]


def _consumers(stats: list[dict[str, Any]]) -> Check:
    made, failed = sum(one["made"] for one in stats), sum(one["failed"] for one in stats)
    errors = sorted({error for one in stats for error in one["errors"]})
    repeated = sum(one["repeated"] for one in stats)
    seen = f"{made} requests made, {failed} failed, {repeated} repeated after a 401 {', '.join(errors)}".strip()
    return Check("No consumer of the vault had a failed request", failed == 0 and made > 0, seen)


def _published_works(state: dict[str, Any]) -> Check:
    failing = []
    for account in state["accounts"]:
        versions = state["vaults"][0]["secrets"].get(f"{account['name']}-key", [])
        enabled = [version for version in versions if version["enabled"]]
        keys = {key["fingerprint"] for key in account["keys"].values()}
        if not enabled or enabled[-1]["fingerprint"] not in keys:
            failing.append(account["name"])
    return Check("P1 every account's published key works at the end", not failing, ", ".join(failing) or "all work")


def _previous_worked(observer: Observer) -> Check:
    """Check each regeneration except the person's.

    It must not be of the live slot, and not of the previous key before its promised end.
    """
    broken = []
    for account, slot, at in observer.regenerated:
        if any(_by_hand(name, account) and abs(at - when) < 2 for name, when in observer.incidents):
            continue
        made = [event for event in observer.events if event.account == account and _made_at(event) <= at]
        last = max(made, key=_made_at, default=None)
        until = last.time_of("previousKeyWorksUntil") if last else None
        if last and (last.data["slot"] == slot or (until is not None and at < until)):
            broken.append(f"{account} {slot} on day {observer.day(at):.1f}")
    seen = f"{len(observer.regenerated)} regenerations checked"
    return Check("P2 the previous key works until its overlap is over", not broken, ", ".join(broken) or seen)


def _by_hand(incident: str, account: str) -> bool:
    return incident == scene.PORTAL.name and account == scene.PORTAL.account


def _made_at(event: AcceptedEvent) -> float:
    made = event.kind in ("KeyAdopted", "KeyRotated", "DriftHealed")
    return (event.time_of("happenedAt") or event.at) if made else float("inf")


def _announced_in_time(observer: Observer) -> Check:
    """Check each retired key: Event Grid accepted its deadline early enough, and it did not end before the deadline."""
    broken, leads = [], []
    for retired in (event for event in observer.events if event.kind == "KeyRetired"):
        fingerprint = retired.data["fingerprint"]
        announced = [
            e for e in observer.events if e.kind == "RetirementAnnounced" and e.data["fingerprint"] == fingerprint
        ]
        ended = [
            at for account, slot, at in observer.regenerated if _is_key_of(account, slot, retired) and at <= retired.at
        ]
        if not announced or not ended:
            broken.append(f"{retired.account} unannounced")
            continue
        first = min(announced, key=lambda event: event.at)
        deadline = first.time_of("deadline") or 0.0
        leads.append(deadline - first.at)
        if deadline - first.at < scene.NOTICE_DAYS * scene.DAY - 0.05 or max(ended) < deadline:
            broken.append(f"{retired.account} on day {observer.day(retired.at):.1f}")
    summary = f"{len(leads)} retirements, announced at least {min(leads, default=0) / scene.DAY:.1f} days ahead"
    return Check("P3 every retirement was announced in time", not broken and bool(leads), ", ".join(broken) or summary)


def _is_key_of(account: str, slot: str, event: AcceptedEvent) -> bool:
    return account == event.account and slot == event.data["slot"]


def _incidents(observer: Observer, kills: int) -> Check:
    seen = {name for name, _ in observer.incidents}
    healed = any(event.kind == "DriftHealed" for event in observer.events)
    outage = {name: at for name, at in observer.incidents}
    began, ended = (outage.get(incident.name, 0.0) for incident in (scene.OUTAGE, scene.OUTAGE_ENDS))
    during = [event for event in observer.events if began + scene.DAY < event.at < ended - scene.DAY]
    after = [event for event in observer.events if ended <= event.at < ended + 3 * scene.DAY]
    failures = [incident.name for incident in scene.INCIDENTS if incident.name not in seen]
    failures += [] if kills else ["the app was not killed"]
    failures += [] if after and not during else ["Event Grid was not down, or no event was accepted afterwards"]
    words = "app killed, Event Grid down, key regenerated by hand: the app recovered from each without help"
    return Check("P5 P9 the app recovered from every incident", healed and not failures, ", ".join(failures) or words)


def _nothing_leaked(state: dict[str, Any], texts: list[str]) -> Check:
    keys = [version["value"] for versions in state["vaults"][0]["secrets"].values() for version in versions]
    keys += [key["value"] for account in state["accounts"] for key in account["keys"].values()]
    found = sum(part in text for text in texts for key in set(keys) for part in (key, key[:12], key[-12:]))
    return Check("P7 no key in a log or an event", found == 0, f"searched {len(texts)} texts for {len(set(keys))} keys")


def table_of_promises(found: list[Check]) -> Table:
    """Return the checks as a table."""
    table = Table(title="Promises", title_justify="left")
    for column in ("promise", "kept", "details"):
        table.add_column(column)
    for check in found:
        kept = "[green]yes[/]" if check.kept else "[bold red]NO[/]"
        table.add_row(check.promise, kept, check.seen)
    return table


def table_of_figures(observer: Observer, stats: list[dict[str, Any]]) -> Table:
    """Return a table with one row of figures per account."""
    table = Table(title=f"{scene.DAYS} days", title_justify="left")
    for column in FIGURES:
        table.add_column(column, justify="left" if column == "account" else "right")
    for account in scene.PERIODS:
        table.add_row(account, *_figures(observer, [one for one in stats if one["account"] == account], account))
    return table


def _figures(observer: Observer, stats: list[dict[str, Any]], account: str) -> list[str]:
    mine = [event for event in observer.events if event.account == account]
    ahead = [((event.time_of("deadline") or 0) - event.at) / scene.DAY for event in mine if event.data.get("deadline")]
    dead = max((one["dead_key"] for one in stats), default=0.0)
    return [
        str(sum(one["made"] for one in stats)),
        str(sum(one["failed"] for one in stats)),
        str(sum(one["repeated"] for one in stats)),
        str(sum(event.kind == "KeyRotated" for event in mine)),
        str(sum(event.kind == "KeyRetired" for event in mine)),
        str(len(ahead)),
        f"{min(ahead):.1f} to {max(ahead):.1f}, median {median(ahead):.1f}" if ahead else "none",
        f"{dead:.1f} s" if dead else "never",
    ]
