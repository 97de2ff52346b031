"""A trial, a hold, the end of the other key and what follows a deployment, from a terminal."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.conftest import Terminal


def ahead(**length: float) -> str:
    return (datetime.now(UTC) + timedelta(**length)).isoformat(timespec="seconds")


def notes(terminal: Terminal) -> int:
    return len(terminal.world.blobs.list("key-rotation-leases", "notes/orders/"))


@pytest.fixture
def chat(terminal: Terminal) -> Terminal:
    """A terminal with a target of which both keys are in use."""
    until = datetime.now(UTC) + timedelta(days=2)
    terminal.publish(days_ago=5, until=until)
    terminal.type("disarm", "chat")  # makes the container
    return terminal


def test_a_trial_is_confirmed_planned_shown_and_called_off(chat: Terminal) -> None:
    refused = chat.type("trial", "chat", "--for", "2h")
    assert refused.code == 3
    assert refused.out.startswith("ConfirmFirst: chat: This would switch all keys off")
    assert "with --confirm chat" in refused.out
    assert chat.json("trial", "chat", "--confirm", "search").data["error"] == "ConfirmFirst"
    dry = chat.json("trial", "chat", "--for", "2h", "--dry-run")
    assert (dry.code, dry.data["reason"], notes(chat)) == (0, "trial-planned", 0)
    done = chat.json("trial", "chat", "--for", "2h", "--reason", "who needs keys?", "--confirm", "chat")
    assert (done.code, done.data["reason"], notes(chat)) == (0, "trial-planned", 1)
    shown = chat.json("status", "chat").data["targets"][0]["trial"]
    assert (shown["state"], shown["duration"], shown["reason"]) == ("planned", "PT2H", "who needs keys?")
    assert chat.json("trial", "chat", "--confirm", "chat").data["reason"] == "trial-refused"
    ended = chat.json("trial", "chat", "--end")
    assert (ended.code, ended.data["reason"]) == (0, "trial-called-off")
    assert chat.json("trial", "chat", "--end").data["reason"] == "already-done"


def test_a_hold_is_set_shown_and_lifted(chat: Terminal) -> None:
    words = ("hold", "chat", "--until", ahead(days=3), "--reason", "a freeze")
    assert (chat.json(*words, "--dry-run").data["reason"], notes(chat)) == ("hold-set", 0)
    assert chat.json(*words).data["reason"] == "hold-set"
    assert chat.json("status", "chat").data["targets"][0]["hold"]["reason"] == "a freeze"
    lifted = chat.json("hold", "chat", "--lift")
    assert (lifted.code, lifted.data["reason"]) == (0, "hold-lifted")


def test_the_other_key_ends_with_a_rotation_only_if_its_name_is_given(chat: Terminal) -> None:
    assert chat.json("rotate", "chat").data["reason"] == "overlap-runs"
    refused = chat.type("rotate", "chat", "--end-other-key")
    assert refused.code == 3
    assert "These keys would end: key 2, the previous key, which apps may still hold, promised to work" in refused.out
    done = chat.json("rotate", "chat", "--end-other-key", "--confirm", "chat")
    assert (done.code, done.data["result"]) == (0, "done")
    assert done.data["endedEarly"][0].startswith("key 2 with fingerprint ")
    assert chat.works()


def test_more_than_a_rotation_after_a_deployment_is_confirmed_and_told_before_it_happens(chat: Terminal) -> None:
    words = ("arm", "chat", "--environment", "production", "--soak", "2d", "--then", "end")
    assert chat.json(*words).data["error"] == "ConfirmFirst"
    assert chat.json(*words, "--confirm", "chat").data["reason"] == "armed"
    dry = chat.type("deployed", "--environment", "production", "--dry-run")
    assert "chat: The deployment to production went live. Both values that the keys have now" in dry.out
    done = chat.json("deployed", "--environment", "production")
    [follows] = done.data["follows"]
    assert follows["then"] == "end"
    assert done.data["outcomes"][0]["reason"] == "deployed"


def test_a_trial_after_a_deployment_has_its_length(chat: Terminal) -> None:
    words = ("arm", "chat", "--environment", "production", "--then", "trial", "--for", "1d", "--confirm", "chat")
    assert chat.json(*words).data["reason"] == "armed"
    assert chat.json("status", "chat").data["targets"][0]["waitsFor"]["duration"] == "P1D"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("trial", "chat", "--for", "5m"), "--for: '5m' is invalid."),
        (("trial", "chat", "--start", "tomorrow"), "--start: 'tomorrow' is invalid."),
        (("trial", "chat", "--start", "2199-01-01T00:00:00Z"), "--start: 2199-01-01 00:00:00 UTC is more than 90 days"),
        (("trial", "chat", "--end", "--for", "4h"), "--end goes with"),
        (("trial", "chat", "--despite-leak"), "it goes with --end"),
        (("trial",), "Name a target"),
        (("hold", "chat"), "Say until when and why"),
        (("hold", "chat", "--until", "2020-01-01T00:00:00Z"), "Say until when and why"),
        (
            ("hold", "chat", "--until", "2020-01-01T00:00:00Z", "--reason", "x"),
            "--until: 2020-01-01 00:00:00 UTC is not",
        ),
        (("hold", "chat", "--until", "2199-01-01T00:00:00Z", "--reason", "x"), "is more than 90 days ahead"),
        (("hold", "chat", "--until", "2020-01-01T00:00:00Z", "--lift"), "not both"),
        (("arm", "chat", "--environment", "p", "--then", "end", "--soak", "1h"), "P1D - PT1H = PT23H too early"),
        (("arm", "chat", "--environment", "p", "--for", "4h"), "Only a trial has a duration"),
    ],
)
def test_what_cannot_be_meant_is_an_invalid_command(chat: Terminal, words: tuple[str, ...], said: str) -> None:
    printed = chat.type(*words)
    assert (printed.code, printed.out) == (2, "")
    assert said in printed.err
    assert notes(chat) == 0
