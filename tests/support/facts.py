"""Facts of a fleet and rows of targets, as findings are made of them."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from lab.simulation.builders import a_situation, a_target, marks
from lab.simulation.dates import START, minutes
from shared.announce.outstanding import outstanding
from shared.decide.policies import decide
from shared.decide.situation import Situation
from shared.domain.model import Target
from shared.domain.publication import Marks
from shared.domain.told import Told, ToldDeadline
from shared.findings.facts import Checks, Facts
from shared.findings.gather import findings_of, severe_first
from shared.findings.kinds import Finding
from shared.findings.status import Status, status_of
from shared.settings.environment import PUBLIC_CLOUD, Mode, Settings
from shared.settings.storage import Storage
from shared.settings.target_fields import Defaults
from shared.turns.report import Row

NOW = START + timedelta(days=10)
SETTINGS = Settings(
    mode=Mode.ROTATE,
    targets=(),
    subscriptions=(),
    defaults=Defaults(),
    look_every=timedelta(hours=1),
    topic="https://announcements.example.com",
    client_id=None,
    resource_manager=PUBLIC_CLOUD,
    storage=Storage(),
)
FAR = START + timedelta(days=300)  # a sunset that is no matter yet
ALL_TOLD = marks(told=Told(origin=True, sunset=ToldDeadline(FAR)))


def quiet_target(name: str = "chat", **facts: Any) -> Target:
    """Return a target about which nothing is to be found: it has an owner and a sunset far off."""
    return a_target(name, **{"owner": f"{name}-team", "sunset": FAR} | facts)


def row_of(situation: Situation, **facts: Any) -> Row:
    """Return the row of an observed target, as a turn would decide it now."""
    plan = decide(situation.seen, situation.target, situation.now)
    return replace(Row(situation.target, plan, situation, outstanding(situation)), **facts)


def a_row(noted: Marks | None = None, now: datetime = NOW, target: Target | None = None, **seen: Any) -> Row:
    """Return the row of a target whose latest version has these marks. `seen` are facts of the observation.

    Without marks, all is announced.
    """
    situation = a_situation(ALL_TOLD if noted is None else noted, now, target or quiet_target(), **seen)
    publication = situation.seen.publication
    if publication is not None:
        publication = replace(publication, expires=FAR, provider=str(situation.target.account))
    return row_of(replace(situation, seen=replace(situation.seen, publication=publication)))


def facts_of(*rows: Row, now: datetime = NOW, **more: Any) -> Facts:
    """Return the facts of a fleet with these targets, as a check has just seen them."""
    return Facts(**{"settings": SETTINGS, "now": now, "rows": list(rows), "checks": Checks(now, minutes(10))} | more)


def found_in(facts: Facts) -> list[Finding]:
    """Return the findings, in their order."""
    return severe_first(findings_of(facts))


def codes_of(facts: Facts) -> list[str]:
    """Return the codes of the findings, in their order."""
    return [one.code.value for one in found_in(facts)]


def status_in(facts: Facts) -> Status:
    """Return the status of the fleet."""
    return status_of(facts, found_in(facts))
