"""The demo's judgement can fail: each promise, broken on purpose, is called broken."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from lab.demo import scene
from lab.demo.observer import Announced, Moment, Witness
from lab.demo.picture import lane
from lab.demo.verdict import checks

BEGAN = 1_000_000.0


def text(at: float) -> str:
    return datetime.fromtimestamp(BEGAN + at, UTC).isoformat()


def event(kind: str, at: float, **data: object) -> Announced:
    return Announced(kind, "chat", BEGAN + at, {"slot": "key2", "fingerprint": "f2", **data})


def kept_promises() -> tuple[Witness, list[dict], dict, list[str]]:
    """A short life in which everything went well."""
    witness = Witness(SimpleNamespace(), BEGAN)  # type: ignore[arg-type]
    witness.events = [
        event("KeyAdopted", 1, slot="key1", fingerprint="f1", happenedAt=text(1), previousKeyWorksUntil=text(30)),
        event("RetirementAnnounced", 1, deadline=text(30)),
        event("KeyRetired", 31),
        event("KeyRotated", 31, fingerprint="f3", happenedAt=text(31), previousKeyWorksUntil=text(34)),
        event("KeyRotated", 58.5, fingerprint="f4", happenedAt=text(55), previousKeyWorksUntil=text(58)),
        event("DriftHealed", 71, happenedAt=text(71)),
    ]
    witness.regenerated = [("chat", "key2", BEGAN + 30.9)]
    witness.incidents = [(incident.name, BEGAN + incident.day) for incident in scene.INCIDENTS]
    lives = [{"account": "chat", "made": 100, "failed": 0, "errors": [], "dead_key": 0.0, "repeated": 0}]
    key = {"fingerprint": "x", "value": "k" * 84, "since": 0}
    version = {"enabled": True, "fingerprint": "x", "value": "k" * 84}
    state = {"accounts": [{"name": "chat", "keys": {"key1": key}}], "vaults": [{"secrets": {"chat-key": [version]}}]}
    return witness, lives, state, ["all is well"]


def broken(witness: Witness, lives: list[dict], state: dict, texts: list[str], kills: int = 1) -> list[str]:
    return [check.promise.split()[0] for check in checks(witness, lives, state, texts, kills) if not check.kept]


def test_a_good_life_is_called_good() -> None:
    assert broken(*kept_promises()) == []


def test_one_failed_request_is_enough() -> None:
    witness, lives, state, texts = kept_promises()
    lives[0]["failed"] = 1
    assert broken(witness, lives, state, texts) == ["No"]


def test_a_dead_published_key_is_seen() -> None:
    witness, lives, state, texts = kept_promises()
    state["accounts"][0]["keys"]["key1"]["fingerprint"] = "another"
    assert broken(witness, lives, state, texts) == ["P1"]


@pytest.mark.parametrize(("slot", "at"), [("key1", 30.9), ("key2", 20.0)])
def test_regenerating_the_live_or_the_promised_key_is_seen(slot: str, at: float) -> None:
    witness, lives, state, texts = kept_promises()
    witness.regenerated.append(("chat", slot, BEGAN + at))
    assert "P2" in broken(witness, lives, state, texts)


@pytest.mark.parametrize("announced_at", [29.5, None])
def test_an_end_announced_too_late_or_never_is_seen(announced_at: float | None) -> None:
    witness, lives, state, texts = kept_promises()
    late = [] if announced_at is None else [event("RetirementAnnounced", announced_at, deadline=text(30))]
    witness.events = [one for one in witness.events if one.kind != "RetirementAnnounced"] + late
    assert broken(witness, lives, state, texts) == ["P3"]


def test_an_incident_that_was_not_survived_is_seen() -> None:
    witness, lives, state, texts = kept_promises()
    witness.events = [one for one in witness.events if one.kind != "DriftHealed"]
    assert broken(witness, lives, state, texts) == ["P5"]


def test_a_demo_in_which_nobody_was_killed_proves_nothing_about_it() -> None:
    assert broken(*kept_promises(), kills=0) == ["P5"]


def test_a_key_in_a_log_is_seen_also_in_part() -> None:
    witness, lives, state, _ = kept_promises()
    assert broken(witness, lives, state, ["key is " + "k" * 12]) == ["P7"]


def test_a_lane_shows_the_overlap_between_rotation_and_retirement() -> None:
    moments = [Moment(2.5, "chat", "A", ""), Moment(5.1, "chat", "R", ""), Moment(8.2, "chat", "x", "")]
    assert lane(moments, "chat", 9.0).plain == "··A··R--x·"
