"""The demo's checks can fail: each test breaks one promise, and the check of that promise fails."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from lab.demo import scene
from lab.demo.observer import AcceptedEvent, Moment, Observer
from lab.demo.picture import timeline
from lab.demo.verdict import checks

BEGAN = 1_000_000.0


def text(at: float) -> str:
    """Return the time `at` seconds after the demo began, as in an event."""
    return datetime.fromtimestamp(BEGAN + at, UTC).isoformat()


def event(kind: str, at: float, **data: object) -> AcceptedEvent:
    """Return an event of the account `chat` that was accepted `at` seconds after the demo began."""
    return AcceptedEvent(kind, "chat", BEGAN + at, {"slot": "key2", "fingerprint": "f2", **data})


def kept_promises() -> tuple[Observer, list[dict], dict, list[str]]:
    """A short demo in which every promise was kept."""
    observer = Observer(SimpleNamespace(), BEGAN)  # type: ignore[arg-type]
    observer.events = [
        event("KeyAdopted", 1, slot="key1", fingerprint="f1", happenedAt=text(1), previousKeyWorksUntil=text(30)),
        event("RetirementAnnounced", 1, deadline=text(30)),
        event("KeyRetired", 31),
        event("KeyRotated", 31, fingerprint="f3", happenedAt=text(31), previousKeyWorksUntil=text(34)),
        event("KeyRotated", 58.5, fingerprint="f4", happenedAt=text(55), previousKeyWorksUntil=text(58)),
        event("DriftHealed", 71, happenedAt=text(71)),
    ]
    observer.regenerated = [("chat", "key2", BEGAN + 30.9)]
    observer.incidents = [(incident.name, BEGAN + incident.day) for incident in scene.INCIDENTS]
    stats = [{"account": "chat", "made": 100, "failed": 0, "errors": [], "dead_key": 0.0, "repeated": 0}]
    key = {"fingerprint": "x", "value": "k" * 84, "since": 0}
    version = {"enabled": True, "fingerprint": "x", "value": "k" * 84}
    state = {"accounts": [{"name": "chat", "keys": {"key1": key}}], "vaults": [{"secrets": {"chat-key": [version]}}]}
    return observer, stats, state, ["an ordinary message"]


def broken(observer: Observer, stats: list[dict], state: dict, texts: list[str], kills: int = 1) -> list[str]:
    """Return the first word of each check that failed."""
    return [check.promise.split()[0] for check in checks(observer, stats, state, texts, kills) if not check.kept]


def test_all_checks_pass_if_every_promise_was_kept() -> None:
    assert broken(*kept_promises()) == []


def test_one_failed_request_fails_the_check_of_consumers() -> None:
    observer, stats, state, texts = kept_promises()
    stats[0]["failed"] = 1
    assert broken(observer, stats, state, texts) == ["No"]


def test_a_published_key_that_does_not_work_fails_p1() -> None:
    observer, stats, state, texts = kept_promises()
    state["accounts"][0]["keys"]["key1"]["fingerprint"] = "another"
    assert broken(observer, stats, state, texts) == ["P1"]


@pytest.mark.parametrize(("slot", "at"), [("key1", 30.9), ("key2", 20.0)])
def test_regenerating_the_live_key_or_the_previous_key_too_early_fails_p2(slot: str, at: float) -> None:
    observer, stats, state, texts = kept_promises()
    observer.regenerated.append(("chat", slot, BEGAN + at))
    assert "P2" in broken(observer, stats, state, texts)


@pytest.mark.parametrize("announced_at", [29.5, None])
def test_a_retirement_that_is_announced_late_or_never_fails_p3(announced_at: float | None) -> None:
    observer, stats, state, texts = kept_promises()
    late = [] if announced_at is None else [event("RetirementAnnounced", announced_at, deadline=text(30))]
    observer.events = [one for one in observer.events if one.kind != "RetirementAnnounced"] + late
    assert broken(observer, stats, state, texts) == ["P3"]


def test_an_incident_without_recovery_fails_p5() -> None:
    observer, stats, state, texts = kept_promises()
    observer.events = [one for one in observer.events if one.kind != "DriftHealed"]
    assert broken(observer, stats, state, texts) == ["P5"]


def test_a_demo_in_which_the_app_was_not_killed_fails_p5() -> None:
    assert broken(*kept_promises(), kills=0) == ["P5"]


def test_a_part_of_a_key_in_a_log_fails_p7() -> None:
    observer, stats, state, _ = kept_promises()
    assert broken(observer, stats, state, ["key is " + "k" * 12]) == ["P7"]


def test_a_timeline_shows_the_overlap_between_rotation_and_retirement() -> None:
    moments = [Moment(2.5, "chat", "A", ""), Moment(5.1, "chat", "R", ""), Moment(8.2, "chat", "x", "")]
    assert timeline(moments, "chat", 9.0).plain == "··A··R--x·"
