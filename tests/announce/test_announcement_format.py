"""Every announcement as an event: it fits its JSON Schema and CloudEvents 1.0, and its id never changes.

The page for listeners, docs/events.md, is compared with the schemas.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shared.announce.acknowledged import acknowledged
from shared.announce.announcements import Announcement, rotation_failed
from shared.announce.kinds import Kind
from shared.announce.outstanding import outstanding
from shared.announce.withdrawn import withdrawn
from shared.decide.situation import Situation
from shared.domain.errors import ProofFailed
from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.model import AccountId, Observation, Target
from shared.domain.orders import EndedBy, Hold, Orders, Stop, Trial
from shared.domain.publication import Marks, Origin, Publication, SecretState
from shared.domain.requests import AwaitedDeployment, Follow, Requester, TrialRequest
from shared.domain.told import CarriedOver, Happened, Told, ToldDeadline
from shared.turns.report import Result
from tests.support.real_parts import Parts

DOCS = Path(__file__).parents[2] / "docs"
SCHEMAS = {path.stem: json.loads(path.read_text()) for path in sorted((DOCS / "schemas").glob("*.json"))}
PAGE = (DOCS / "events.md").read_text()
NOW = datetime(2026, 11, 22, 12, 0, 0, 123456, UTC)
DAY = timedelta(days=1)
KEY, OTHER = Fingerprint.of("a key"), Fingerprint.of("the other")
TARGET = Target(
    "chat",
    AccountId("00000000-0000-4000-8000-000000000001", "prod", "chat"),
    "https://contoso.vault.azure.net",
    "chat-key",
    owner="team-chat@contoso.com",
)
ADA = Requester("r-1", "ada@contoso.com", "Somebody left.")
PRODUCTION = AwaitedDeployment("production")
FOUR_HOURS = timedelta(hours=4)
TRIAL = Trial("t-1", ADA.by, ADA.why, NOW + 10 * DAY, FOUR_HOURS)
FREEZE = Hold(NOW + 60 * DAY, "Change freeze.", ADA.by, NOW, "h-1")
TRIALS = {Kind.TRIAL_ANNOUNCED, Kind.TRIAL_STARTED, Kind.TRIAL_ENDED}
# What every event must be, by CloudEvents 1.0, section "Context Attributes", and its JSON format.
CLOUD_EVENT = {
    "type": "object",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1},
        "source": {"type": "string", "minLength": 1},
        "type": {"type": "string", "minLength": 1},
        "subject": {"type": "string", "minLength": 1},
        "datacontenttype": {"type": "string", "minLength": 1},
        "dataschema": {"type": "string", "minLength": 1},
        "time": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"},
    },
    "propertyNames": {"pattern": "^[a-z0-9]{1,20}$"},
    "not": {"required": ["data", "data_base64"]},
}


def name_of(kind: object) -> str:
    return str(kind).removeprefix("KeyRotation.")


def problems_of(event: object) -> list[str]:
    """Return the problems of an event, by its own schema and as a CloudEvent."""
    event = json.loads(json.dumps(event))
    schema = SCHEMAS[name_of(event["type"])]
    validators = (Draft202012Validator(schema), Draft202012Validator(CLOUD_EVENT))
    return [error.message for one in validators for error in one.iter_errors(event)]


def marks(**changes: Any) -> Marks:
    return replace(Marks(KEY, Origin.ROTATED, NOW, OTHER, NOW + 3 * DAY), **changes)


def observation_of(recorded: Marks, *, key_auth: bool = True, spare: Fingerprint = OTHER) -> Observation:
    publication = Publication(
        "1", SecretState.ACTIVE, NOW, KEY, slot=KeySlot.KEY1, provider=str(TARGET.account), marks=recorded
    )
    keys = {KeySlot.KEY1: KEY, KeySlot.KEY2: spare} if key_auth else {}
    return Observation(key_auth, keys, publication)


def announcements_of(
    recorded: Marks, at: datetime = NOW, target: Target = TARGET, **facts: Any
) -> tuple[Announcement, ...]:
    return outstanding(Situation(observation_of(recorded, **facts), target, at))


def ordered(
    orders: Orders, at: datetime, target: Target, *, key_auth: bool = True, **told: Any
) -> Iterator[Announcement]:
    """Yield what is outstanding about a target with these standing orders."""
    observed = replace(observation_of(marks(told=Told(origin=True, **told)), key_auth=key_auth), orders=orders)
    yield from outstanding(Situation(observed, target, at))


def of_standing_orders(target: Target) -> Iterator[Announcement]:
    """Yield announcements of trials and holds, and of what follows a deployment."""
    warned = ToldDeadline(TRIAL.starts)
    for trial in (TRIAL, replace(TRIAL, by="", why="")):
        far = replace(trial, starts=NOW + 60 * DAY)
        yield from ordered(Orders(far), NOW, target)
        yield from ordered(Orders(replace(trial, told=warned)), NOW + 9 * DAY, target)
        begun = replace(trial, told=warned, begun=trial.starts, off=trial.starts)
        yield from ordered(Orders(begun), trial.starts + DAY / 24, target, key_auth=False)
        for by, refused in ((EndedBy.TIME, 12), (EndedBy.PERSON, None)):
            ended = replace(begun, told_start=True, ended=trial.starts + DAY, ended_by=by, refused=refused, proven=True)
            yield from ordered(Orders(ended), trial.starts + DAY, target)
        called_off = replace(trial, told=warned, stop=Stop(ADA.by, "Too early.", NOW))
        yield from ordered(Orders(called_off), NOW, target)
    yield from ordered(Orders(hold=FREEZE), NOW + 29 * DAY, target, rotation=ToldDeadline(NOW + 30 * DAY, 7 * DAY))
    for then, length in ((Follow.END, None), (Follow.TRIAL, FOUR_HOURS), (Follow.SUNSET, None)):
        awaited = replace(PRODUCTION, soak=4 * DAY, then=then, length=length)
        yield from announcements_of(marks(awaited=awaited), target=target)
        gone_live = replace(awaited, deployed=NOW, id="d-1")
        yield from announcements_of(marks(awaited=gone_live), target=target)
    agreed = marks(agreed=True, requester=ADA)
    yield from announcements_of(agreed, NOW + 2 * DAY, target)
    yield from announcements_of(agreed, NOW + 3 * DAY, target, spare=Fingerprint.of("a fresh one"))


def everything() -> Iterator[Announcement]:
    """Yield announcements of every kind, with all optional fields and with none."""
    bare = replace(TARGET, owner=None)
    for target in (TARGET, bare):
        for origin in Origin:
            yield from announcements_of(marks(origin=origin), target=target)
            yield from announcements_of(marks(origin=origin, unproven=True), target=target)
            yield from announcements_of(marks(origin=origin, requester=ADA), target=target)
            yield from announcements_of(marks(origin=origin, previous=None, until=None, spare=OTHER), target=target)
        for lead in (14 * DAY, 7 * DAY, DAY, timedelta(minutes=90)):
            yield from announcements_of(marks(), NOW + 30 * DAY - lead, target)
            yield from announcements_of(marks(), NOW + 3 * DAY - lead, target)
        yield from announcements_of(marks(), NOW + DAY, target, spare=Fingerprint.of("a fresh one"))
        for happened in Happened:
            carried = CarriedOver(happened, KeySlot.KEY2, Fingerprint.of("an old one"), NOW.replace(microsecond=0))
            yield from announcements_of(marks(told=Told(origin=True, carried_over=(carried,))), target=target)
        for armed in (PRODUCTION, replace(PRODUCTION, soak=timedelta(hours=2)), replace(PRODUCTION, latest=NOW + DAY)):
            yield from announcements_of(marks(awaited=armed), target=target)
        for away in (60 * DAY, 7 * DAY, timedelta(hours=3)):
            yield from announcements_of(marks(), NOW, replace(target, sunset=NOW + away))
        yield from announcements_of(marks(), target=target, key_auth=False)
        every = Told(rotation=ToldDeadline(NOW), retirement=ToldDeadline(NOW), sunset=ToldDeadline(NOW))
        yield from withdrawn(target, KeySlot.KEY1, marks(told=every))
        yield Announcement(Kind.KEY_AUTH_ENABLED, target, happened_at=NOW, occasion=f"{KEY} 1")
        yield from of_standing_orders(target)
        yield rotation_failed(target, ProofFailed("chat", "not accepted."), NOW)


ALL = list(everything())


def test_every_kind_has_a_schema_and_no_schema_is_unused() -> None:
    assert {name_of(kind) for kind in Kind} == SCHEMAS.keys()


def test_every_kind_is_tried_in_this_file() -> None:
    assert {announcement.kind for announcement in ALL} == set(Kind)


@pytest.mark.parametrize("kind", Kind, ids=name_of)
def test_an_event_fits_its_schema_and_is_a_cloud_event(kind: Kind) -> None:
    tried = [announcement for announcement in ALL if announcement.kind is kind]
    assert {message for announcement in tried for message in problems_of(announcement.wire(NOW))} == set()


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_field_of_a_schema_is_sent_and_required_fields_always_are(name: str) -> None:
    data = SCHEMAS[name]["properties"]["data"]
    sent = [set(announcement.wire(NOW)["data"]) for announcement in ALL if name_of(announcement.kind) == name]  # type: ignore[call-overload]
    assert set.union(*sent) == set(data["properties"])
    assert set.intersection(*sent) == set(data["required"])


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_strict_describes_every_field_and_has_an_example(name: str) -> None:
    schema = SCHEMAS[name]
    Draft202012Validator.check_schema(schema)
    data = schema["properties"]["data"]
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"] == schema["properties"]["type"]["const"] == f"KeyRotation.{name}"
    assert schema["additionalProperties"] is False
    assert data["additionalProperties"] is False
    assert set(schema["required"]) == set(schema["properties"])
    assert schema["description"]
    described = (schema["properties"] | data["properties"]).items()
    assert [field for field, one in described if field != "data" and not one.get("description")] == []
    assert schema["examples"]
    assert [problems_of(example) for example in schema["examples"]] == [[] for _ in schema["examples"]]
    shown = set.union(*(set(example["data"]) for example in schema["examples"]))
    assert shown == set(data["properties"]) - {"proven"}  # the usual case is proven


@pytest.mark.parametrize(
    "damage",
    [
        {"specversion": "0.3"},
        {"id": ""},
        {"source": "chat"},
        {"subject": "https://contoso.vault.azure.net/secrets/chat-key/0123456789abcdef"},
        {"time": "2026-11-22 12:00"},
        {"extra": 1},
        {"data": {}},
    ],
    ids=str,
)
def test_a_damaged_event_does_not_fit_its_schema(damage: dict[str, object]) -> None:
    """If the schemas accepted every event, the tests above would prove nothing."""
    for announcement in ALL:
        assert problems_of(announcement.wire(NOW) | damage)


def test_an_id_depends_on_the_content_and_not_on_the_time_of_sending() -> None:
    again = list(everything())
    assert [announcement.id for announcement in again] == [announcement.id for announcement in ALL]
    assert all(announcement.wire(NOW)["id"] == announcement.wire(NOW + DAY)["id"] for announcement in ALL)
    # A fixed value: no release may change an id that a listener has stored.
    first = Announcement(Kind.ROTATION_ANNOUNCED, TARGET, KeySlot.KEY1, KEY, deadline=NOW + 7 * DAY, lead=7 * DAY)
    assert first.id == "3bf8ec468be75056c28a631d6cd65b3f"


def test_an_id_does_not_depend_on_the_case_of_names_or_on_the_owner() -> None:
    shouting = replace(
        TARGET, account=replace(TARGET.account, group="PROD", name="CHAT"), secret="CHAT-KEY", owner=None
    )
    announcement = Announcement(Kind.KEY_ROTATED, TARGET, KeySlot.KEY1, KEY)
    assert replace(announcement, target=shouting).id == announcement.id


@pytest.mark.parametrize(
    "change",
    [
        {"kind": Kind.KEY_RETIRED},
        {"slot": KeySlot.KEY2},
        {"value": OTHER},
        {"deadline": NOW + DAY},
        {"lead": DAY},
        {"occasion": "another"},
        {"target": replace(TARGET, secret="another")},
        {"target": replace(TARGET, account=replace(TARGET.account, name="another"))},
    ],
    ids=lambda one: next(iter(one)),
)
def test_a_different_announcement_has_a_different_id(change: dict[str, Any]) -> None:
    announcement = Announcement(Kind.ROTATION_ANNOUNCED, TARGET, KeySlot.KEY1, KEY, deadline=NOW, lead=7 * DAY)
    assert replace(announcement, **change).id != announcement.id


def test_every_lead_time_of_a_deadline_has_its_own_event() -> None:
    announcements = [one for one in ALL if one.kind is Kind.ROTATION_ANNOUNCED and one.target is TARGET]
    leads = {one.lead: one.id for one in announcements if one.after is None}
    assert leads.keys() == {14 * DAY, 7 * DAY, DAY}
    assert len(set(leads.values())) == 3


def test_a_failure_has_one_id_each_day() -> None:
    error = ProofFailed("chat", "not accepted.")
    first = rotation_failed(TARGET, error, NOW)
    assert rotation_failed(TARGET, error, NOW + timedelta(hours=11)).id == first.id
    assert rotation_failed(TARGET, error, NOW + DAY).id != first.id


def test_switching_keys_off_a_second_time_is_a_second_event() -> None:
    """A person switched keys on again and another key was published. A listener that ignores ids that it has already
    received must receive this event."""
    first, second = (
        announcements_of(marks(), key_auth=False),
        announcements_of(marks(live=OTHER, since=NOW + 90 * DAY), key_auth=False),
    )
    assert first[0].id != second[0].id


def test_an_accepted_announcement_is_no_longer_outstanding() -> None:
    for recorded in (marks(), marks(told=Told(carried_over=(CarriedOver(Happened.ENDED, KeySlot.KEY2, OTHER, NOW),)))):
        situation = Situation(observation_of(recorded), TARGET, NOW + 25 * DAY)
        assert outstanding(situation)
        assert (
            outstanding(replace(situation, seen=observation_of(acknowledged(situation, outstanding(situation))))) == ()
        )


async def test_all_events_in_the_life_of_a_target_fit_their_schemas(parts: Parts) -> None:
    """From adoption to the end of keys, as the topic received them. No account leaves, and keys stay off."""
    world, target = parts.azure.world, replace(parts.target(), owner="team")
    clock, topic = world.clock, next(iter(world.topics.values()))
    for days in (0, 17, 14, 4):
        clock.advance(days * DAY.total_seconds())
        assert (await parts.rotation.turn(target)).result is not Result.FAILED
    world.accounts.regenerate(parts.account().id, "key2")
    assert "publish key2 (healed)" in (await parts.rotation.turn(target)).done
    await parts.rotation.announce_failure(target, ProofFailed(target.name, "not accepted."))
    ending = replace(target, sunset=clock.utcnow() + 2 * DAY)
    for days in (0, 3, 0):
        clock.advance(days * DAY.total_seconds())
        assert (await parts.rotation.turn(ending)).result is not Result.FAILED
    assert {event["type"] for event in topic.events} == {
        str(kind) for kind in Kind if kind not in {Kind.DEADLINE_WITHDRAWN, Kind.KEY_AUTH_ENABLED, *TRIALS}
    }
    assert [(event["type"], problems_of(event)) for event in topic.events if problems_of(event)] == []
    ids = [event["id"] for event in topic.events]
    assert len(ids) == len(set(ids))


async def test_all_events_of_a_trial_fit_their_schemas(parts: Parts) -> None:
    """From its plan to its end, as the topic received them."""
    world, target = parts.azure.world, replace(parts.target(), owner="team")
    clock, topic = world.clock, next(iter(world.topics.values()))
    await parts.rotation.turn(target)
    wanted = TrialRequest(reason="Who still needs a key? " * 8, by=ADA.by, id="t-1", length=FOUR_HOURS)
    assert (await parts.rotation.turn(target, wanted)).result is Result.DONE
    for hours in (0, 25, 0, 5, 0):
        clock.advance(hours * 3600)
        assert (await parts.rotation.turn(target, ordered=True)).result is not Result.FAILED
    sent = [event for event in topic.events if Kind(event["type"]) in TRIALS]
    assert {event["type"] for event in sent} == set(map(str, TRIALS))
    assert [(event["type"], problems_of(event)) for event in sent if problems_of(event)] == []


def listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_page_lists_the_fields_of_every_event(name: str) -> None:
    data = SCHEMAS[name]["properties"]["data"]
    sometimes = [field for field in data["properties"] if field not in data["required"]]
    row = f"| [`KeyRotation.{name}`](schemas/{name}.json) | {listed(data['required'])} | {listed(sometimes)} |"
    assert row in PAGE.splitlines()
    assert [line for line in PAGE.splitlines() if line.startswith(f"| `KeyRotation.{name}` | ")]


def test_the_page_explains_every_field_and_names_only_existing_events() -> None:
    fields = {field for one in SCHEMAS.values() for field in one["properties"]["data"]["properties"]}
    assert set(re.findall(r"^\| `(\w+)` \| ", PAGE, re.MULTILINE)) == fields
    assert set(re.findall(r"KeyRotation\.(\w+)", PAGE)) == SCHEMAS.keys()


def test_a_reason_is_cut_to_the_length_in_its_schema() -> None:
    kept = Requester.read(Requester("r-1", "ada@contoso.com", "x" * 200).text()).why
    field = SCHEMAS["KeyRotated"]["properties"]["data"]["properties"]["requestReason"]
    assert len(kept) == field["maxLength"]
    assert f"at most {len(kept)} characters" in field["description"]


def test_only_the_event_of_a_rotation_names_a_requester() -> None:
    """A healed version keeps the id of the earlier request, so that it is not carried out twice."""
    named = {
        announcement.kind: announcement.requester
        for origin in Origin
        for announcement in announcements_of(marks(origin=origin, requester=ADA))[:1]
    }
    assert named == {Kind.KEY_ADOPTED: Requester(), Kind.KEY_ROTATED: ADA, Kind.DRIFT_HEALED: Requester()}
