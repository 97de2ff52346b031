"""Mistakes about names and tags, planted one at a time. The tests fail if the proof does not find each of them.

While a mistake is planted, it replaces a part of the shipped code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple
from unittest.mock import patch

from lab.prove.claims.case import Case, Forged, Who
from shared.decide import leaked_keys, policies
from shared.decide.plan import Plan, Reason
from shared.decide.steps import Prove, Publish
from shared.domain.keys import KeySlot
from shared.domain.model import AccountId, Observation, Target
from shared.domain.publication import Origin, Publication
from shared.domain.requests import Request
from shared.fleet import enrolment
from shared.fleet.enrolment import Enrolled, Enrolment
from shared.fleet.listing import Fleet
from shared.settings.target_fields import Claim
from shared.turns import key_usage

ORDER = "P12: the order in which Azure lists"
GIVEN_AWAY = "P12: chat-key holds a publication of"


@contextmanager
def keeping_disputed_names() -> Iterator[None]:
    """Let the first account that is listed keep a name that two have (S1)."""
    with patch.object(Enrolment, "dispute", lambda *_: None):
        yield


@contextmanager
def letting_tags_name_any_secret() -> Iterator[None]:
    """Publish in whatever secret a tag of the account names (S2)."""
    with patch.object(enrolment, "_untrusted_secret", lambda *_: None):
        yield


@contextmanager
def believing_the_address() -> Iterator[None]:
    """Take a value that is neither key for a dead publication, if the tag ProviderAddress names the account (S2)."""
    real = policies.decide

    def decide(seen: Observation, target: Target, now: datetime, request: Request | None = None) -> Plan:
        plan = real(seen, target, now, request)
        named = seen.publication is not None and target.account.same_as(seen.publication.provider or "")
        if not plan.needs_a_person or not named or seen.live is not None or not target.publishes:
            return plan
        healed = Publish(KeySlot.KEY1, Origin.HEALED, seen.keys[KeySlot.KEY2], target.cadence.period)
        return Plan(Reason.DRIFT, "The published key does not work.", (Prove(KeySlot.KEY1), healed))

    with patch.object(key_usage, "decide", decide):
        yield


@contextmanager
def keeping_contested_secrets() -> Iterator[None]:
    """Let the first account that is listed keep a secret that two ask for (S3)."""
    real = Enrolment._claimed

    def claimed(enrolled: Enrolment) -> dict[Claim, list[Enrolled]]:
        return {claim: each[:1] for claim, each in real(enrolled).items()}

    with patch.object(Enrolment, "_claimed", claimed):
        yield


@contextmanager
def believing_unsealed_marks() -> Iterator[None]:
    """Give a contested secret to the account that its marks name, whoever wrote them (S3)."""

    async def as_held(_: Fleet, held: Publication, _claimant: Target) -> Publication:
        """Return what is held as it is."""
        return held

    with patch.object(Fleet, "_as_sealed", as_held):
        yield


@contextmanager
def publishing_wherever_an_account_points() -> Iterator[None]:
    """After a leak by id, take the secret that the account's tags name for its own, whoever else claims it (S3)."""
    real = Fleet.find_account

    async def find(fleet: Fleet, account: AccountId, request: Request | None = None) -> Enrolled | None:
        """Return the target as if it were known that nobody else claims its secret."""
        found = await real(fleet, account, request)
        return found and replace(found, target=replace(found.target, alone=True))

    with patch.object(Fleet, "find_account", find):
        yield


@contextmanager
def sparing_keys_behind_a_foreign_value() -> Iterator[None]:
    """Let a leaked key live on, because somebody's value stands in the secret of its account."""
    with patch.object(leaked_keys, "holds_a_foreign_value", lambda _: False):
        yield


def _is_an_honest_contest(case: Case) -> bool:
    return case.is_contested and case.first is not Who.NOBODY and case.forged is Forged.NOTHING


class PlantedMistake(NamedTuple):
    """One mistake.

    plant: A context manager that plants it.
    broken: How the violation begins that must be found.
    where: Whether it can show in a case. The others need not be played. Default: it can show in all.
    """

    plant: Callable[[], AbstractContextManager[None]]
    broken: str
    where: Callable[[Case], bool] = lambda _: True


MISTAKES: dict[str, PlantedMistake] = {
    "S1: the first account keeps a disputed name": PlantedMistake(
        keeping_disputed_names, "P12: a name that two accounts have led to one of them"
    ),
    "S1: the order decides which account a name means": PlantedMistake(keeping_disputed_names, ORDER),
    "S2: a tag names any secret": PlantedMistake(letting_tags_name_any_secret, "P12: a key of the rival stands in"),
    "S2: a tag names the account whose key overwrites a value": PlantedMistake(
        believing_the_address, "P12: a foreign value"
    ),
    "S3: the first account keeps a contested secret": PlantedMistake(keeping_contested_secrets, ORDER),
    "S3: the account that published first is stopped": PlantedMistake(
        keeping_contested_secrets, "P12: the first account is stopped", _is_an_honest_contest
    ),
    "S3: contested secrets go by unsealed marks": PlantedMistake(believing_unsealed_marks, GIVEN_AWAY),
    "S3: a leak by id publishes wherever the account points": PlantedMistake(
        publishing_wherever_an_account_points, GIVEN_AWAY
    ),
    "a foreign value keeps a leaked key alive": PlantedMistake(
        sparing_keys_behind_a_foreign_value, "P12: a leaked key did not end"
    ),
}
