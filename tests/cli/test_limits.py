"""On the command line, too, a leak that may take apps by surprise is confirmed, and requests are limited (S4)."""

from tests.cli.conftest import Terminal

LEAK = ("leak", "chat", "--key", "live")
BOTH = ("leak", "chat", "--key", "both")


def regenerated(terminal: Terminal) -> int:
    return terminal.world.journal.count("arm.regenerateKey", "chat", effect=True)


def test_both_keys_are_ended_only_if_the_targets_name_confirms_it(terminal: Terminal) -> None:
    terminal.publish(days_ago=5)
    printed = terminal.type(*BOTH)
    assert printed.code == 3
    assert printed.out.startswith("ConfirmFirst: chat: This report would end both keys. A leak was reported (both)")
    assert "key 1, which apps read from the vault" in printed.out
    assert "with --confirm chat" in printed.out
    wrong = terminal.json(*BOTH, "--confirm", "search")
    assert (wrong.code, wrong.data["error"]) == (3, "ConfirmFirst")
    assert regenerated(terminal) == 0
    assert terminal.type(*BOTH, "--dry-run").code == 0
    assert terminal.json(*BOTH, "--confirm", "chat").data["result"] == "done"
    assert terminal.works()


def test_a_second_leak_must_be_confirmed_and_a_repetition_need_not(terminal: Terminal) -> None:
    terminal.publish(days_ago=5)
    assert terminal.json(*LEAK, "--id", "ticket-12").data["result"] == "done"
    assert terminal.json(*LEAK, "--id", "ticket-12").data["reason"] == "already-done"
    done = regenerated(terminal)
    assert terminal.json(*LEAK).data["error"] == "ConfirmFirst"
    assert regenerated(terminal) == done
    assert terminal.json(*LEAK, "--confirm", "chat").data["result"] == "done"


def test_too_many_requests_in_an_hour_are_refused_with_the_moment(terminal: Terminal) -> None:
    terminal.set(ROTATION_REQUESTS_PER_TARGET="2")
    terminal.publish(days_ago=5)
    for _ in range(2):
        assert terminal.type(*LEAK, "--confirm", "chat").code == 0
    printed = terminal.type(*LEAK, "--confirm", "chat")
    assert printed.code == 3
    assert "LimitReached: chat: 2 rotations, leaks, trials and holds of this target in one hour" in printed.out
    assert "It may be sent again from " in printed.out
    assert terminal.type("rotate", "chat").code == 3
    assert terminal.type("arm", "chat", "--environment", "production").code == 0


def test_a_leak_of_both_whose_target_cannot_be_looked_up_is_not_put_on_record_before_it_is_confirmed(
    terminal: Terminal,
) -> None:
    terminal.publish(days_ago=5)
    terminal.type("disarm", "chat")  # makes the container
    terminal.world.faults.add("arm.listAccounts", "status", times=0, status=503)
    assert terminal.json(*BOTH).data["error"] == "ConfirmFirst"
    assert terminal.world.blobs.list("key-rotation-leases", "leaks/") == []
    terminal.type(*BOTH, "--confirm", "chat")
    assert len(terminal.world.blobs.list("key-rotation-leases", "leaks/")) == 1
