"""The end: were the promises kept, judged from what was seen from outside, and a table of what it came to."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Any

from rich.table import Table

from lab.demo import scene
from lab.demo.observer import Announced, Witness

FIGURES = (
    "account", "requests", "failed", "repeated", "rotations", "retirements", "deadlines", "days ahead", "dead key held",
)  # fmt: skip


@dataclass(frozen=True)
class Check:
    """A promise, whether it was kept, and what was seen."""

    promise: str
    kept: bool
    seen: str


def checks(
    witness: Witness, lives: list[dict[str, Any]], state: dict[str, Any], texts: list[str], kills: int
) -> list[Check]:
    return [
        _consumers(lives),
        _published_works(state),
        _previous_worked(witness),
        _announced_in_time(witness),
        _incidents(witness, kills),
        _nothing_leaked(state, texts),
    ]


def _consumers(lives: list[dict[str, Any]]) -> Check:
    made, failed = sum(life["made"] for life in lives), sum(life["failed"] for life in lives)
    errors = sorted({error for life in lives for error in life["errors"]})
    repeated = sum(life["repeated"] for life in lives)
    seen = f"{made} requests made, {failed} failed, {repeated} repeated after a 401 {', '.join(errors)}".strip()
    return Check("No consumer of the vault had a failed request", failed == 0 and made > 0, seen)


def _published_works(state: dict[str, Any]) -> Check:
    wrong = []
    for account in state["accounts"]:
        versions = state["vaults"][0]["secrets"].get(f"{account['name']}-key", [])
        enabled = [version for version in versions if version["enabled"]]
        keys = {key["fingerprint"] for key in account["keys"].values()}
        if not enabled or enabled[-1]["fingerprint"] not in keys:
            wrong.append(account["name"])
    return Check("P1 the published key works, at the end, for every account", not wrong, ", ".join(wrong) or "all do")


def _previous_worked(witness: Witness) -> Check:
    """Every regeneration but the person's: never the live slot, never the previous one before its promised end."""
    broken = []
    for account, slot, at in witness.regenerated:
        if any(_by_hand(name, account) and abs(at - when) < 2 for name, when in witness.incidents):
            continue
        made = [event for event in witness.events if event.account == account and _made_at(event) <= at]
        last = max(made, key=_made_at, default=None)
        until = last.moment_of("previousKeyWorksUntil") if last else None
        if last and (last.data["slot"] == slot or (until is not None and at < until)):
            broken.append(f"{account} {slot} on day {witness.day(at):.1f}")
    seen = f"{len(witness.regenerated)} regenerations looked at"
    return Check("P2 the previous key works until its overlap is over", not broken, ", ".join(broken) or seen)


def _by_hand(incident: str, account: str) -> bool:
    return incident == scene.PORTAL.name and account == scene.PORTAL.account


def _made_at(event: Announced) -> float:
    made = event.kind in ("KeyAdopted", "KeyRotated", "DriftHealed")
    return (event.moment_of("happenedAt") or event.at) if made else float("inf")


def _announced_in_time(witness: Witness) -> Check:
    """Each retired value: its end was accepted by Event Grid at least the notice before, and not brought earlier."""
    late, leads = [], []
    for retired in (event for event in witness.events if event.kind == "KeyRetired"):
        mark = retired.data["fingerprint"]
        said = [e for e in witness.events if e.kind == "RetirementAnnounced" and e.data["fingerprint"] == mark]
        ended = [at for account, slot, at in witness.regenerated if _is(account, slot, retired) and at <= retired.at]
        if not said or not ended:
            late.append(f"{retired.account} unannounced")
            continue
        first = min(said, key=lambda event: event.at)
        deadline = first.moment_of("deadline") or 0.0
        leads.append(deadline - first.at)
        if deadline - first.at < scene.NOTICE_DAYS * scene.DAY - 0.05 or max(ended) < deadline:
            late.append(f"{retired.account} on day {witness.day(retired.at):.1f}")
    least = f"{len(leads)} retirements, announced at least {min(leads, default=0) / scene.DAY:.1f} days ahead"
    return Check("P3 nothing ends unannounced", not late and bool(leads), ", ".join(late) or least)


def _is(account: str, slot: str, event: Announced) -> bool:
    return account == event.account and slot == event.data["slot"]


def _incidents(witness: Witness, kills: int) -> Check:
    met = {name for name, _ in witness.incidents}
    healed = any(event.kind == "DriftHealed" for event in witness.events)
    outage = {name: at for name, at in witness.incidents}
    began, ended = (outage.get(incident.name, 0.0) for incident in (scene.OUTAGE, scene.OUTAGE_ENDS))
    during = [event for event in witness.events if began + scene.DAY < event.at < ended - scene.DAY]
    late = [event for event in witness.events if ended <= event.at < ended + 3 * scene.DAY]
    missing = [incident.name for incident in scene.INCIDENTS if incident.name not in met]
    missing += [] if kills else ["nobody was killed"]
    missing += [] if late and not during else ["Event Grid was not out, or nothing was said after it"]
    words = "killed, Event Grid out, key regenerated by hand: all healed without anybody's help"
    return Check("P5 P9 every incident was survived", healed and not missing, ", ".join(missing) or words)


def _nothing_leaked(state: dict[str, Any], texts: list[str]) -> Check:
    keys = [version["value"] for versions in state["vaults"][0]["secrets"].values() for version in versions]
    keys += [key["value"] for account in state["accounts"] for key in account["keys"].values()]
    found = sum(part in text for text in texts for key in set(keys) for part in (key, key[:12], key[-12:]))
    return Check(
        "P7 no key in a log or an event", found == 0, f"{len(set(keys))} keys looked for in {len(texts)} texts"
    )


def table_of_promises(found: list[Check]) -> Table:
    table = Table(title="The promises", title_justify="left")
    for column in ("promise", "kept", "what was seen"):
        table.add_column(column)
    for check in found:
        kept = "[green]yes[/]" if check.kept else "[bold red]NO[/]"
        table.add_row(check.promise, kept, check.seen)
    return table


def table_of_figures(witness: Witness, lives: list[dict[str, Any]]) -> Table:
    table = Table(title=f"{scene.DAYS} days", title_justify="left")
    for column in FIGURES:
        table.add_column(column, justify="left" if column == "account" else "right")
    for account in scene.PERIODS:
        table.add_row(account, *_figures(witness, [life for life in lives if life["account"] == account], account))
    return table


def _figures(witness: Witness, lives: list[dict[str, Any]], account: str) -> list[str]:
    mine = [event for event in witness.events if event.account == account]
    ahead = [
        ((event.moment_of("deadline") or 0) - event.at) / scene.DAY for event in mine if event.data.get("deadline")
    ]
    dead = max((life["dead_key"] for life in lives), default=0.0)
    return [
        str(sum(life["made"] for life in lives)),
        str(sum(life["failed"] for life in lives)),
        str(sum(life["repeated"] for life in lives)),
        str(sum(event.kind == "KeyRotated" for event in mine)),
        str(sum(event.kind == "KeyRetired" for event in mine)),
        str(len(ahead)),
        f"{min(ahead):.1f} to {max(ahead):.1f}, median {median(ahead):.1f}" if ahead else "none",
        f"{dead:.1f} s" if dead else "never",
    ]
