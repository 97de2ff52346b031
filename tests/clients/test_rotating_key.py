"""The key that a consumer holds: when it is read, by how many at once, and what it does while the vault is out."""

import asyncio
import copy
import itertools
import logging
import os
import pickle
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from rotating_key import AsyncRotatingKey, NoKeyError, RotatingKey
from rotating_key.key import ASK_AGAIN, EARLY, FIRST_PAUSE, PACE

VALUE = "a-key-that-no-text-shows"


class Vault:
    """A vault that can be out or slow. It counts how often it is asked."""

    def __init__(self) -> None:
        self.value: str | None = VALUE
        self.asked, self.is_out = 0, False
        self.entered, self.open = threading.Event(), threading.Event()
        self.open.set()

    def get_secret(self, name: str) -> SimpleNamespace:
        self.asked += 1
        self.entered.set()
        assert self.open.wait(20)
        if self.is_out:
            raise ConnectionError(f"no answer for {name}")
        return SimpleNamespace(value=self.value)


class Clock:
    """A clock that stands still."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def vault() -> Vault:
    return Vault()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def key(vault: Vault, clock: Clock) -> RotatingKey:
    return RotatingKey(vault, "chat-key", 100, clock=clock)


def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds. Fails after 20 seconds."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_the_secret_is_read_with_the_first_call_and_not_before_its_age_comes(vault, clock, key) -> None:
    assert vault.asked == 0
    assert key() == VALUE
    clock.now += 100 * EARLY[0] - 1
    assert key() == VALUE
    assert vault.asked == 1


def test_a_value_that_grows_old_is_read_again_behind_the_callers(vault, clock, key) -> None:
    key()
    vault.value = "next"
    vault.open.clear()
    clock.now += 100 * EARLY[1] + 1
    assert [key() for _ in range(20)] == [VALUE] * 20  # nobody waits for the vault
    vault.open.set()
    until(lambda: key() == "next")
    assert vault.asked == 2


def test_a_value_that_is_too_old_is_read_again_first(vault, clock, key) -> None:
    key()
    vault.value = "next"
    clock.now += 101
    until(lambda: key() == "next")
    assert vault.asked == 2


def test_threads_that_call_at_the_same_time_share_one_read(vault, key) -> None:
    vault.open.clear()
    got: list[str] = []
    threads = [threading.Thread(target=lambda: got.append(key())) for _ in range(20)]
    for one in threads:
        one.start()
    assert vault.entered.wait(20)
    vault.open.set()
    for one in threads:
        one.join(20)
    assert got == [VALUE] * 20
    assert vault.asked == 1


def test_refused_threads_share_one_read(vault, clock, key) -> None:
    key()
    clock.now += 10
    vault.value = "next"
    threads = [threading.Thread(target=key.read_again, args=(VALUE,)) for _ in range(20)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(20)
    assert key() == "next"
    assert vault.asked == 2


def test_refused_callers_ask_for_an_unchanged_key_at_a_bounded_pace(vault, clock, key) -> None:
    key()
    for _ in range(100):
        clock.now += PACE / 10
        assert key.read_again(VALUE) == VALUE
    assert 10 <= vault.asked <= 11


def test_a_new_version_that_was_announced_is_read_at_once(vault, clock, key) -> None:
    key()
    clock.now += 1
    vault.value = "next"
    assert key.read_again() == "next"
    assert key() == "next"


def test_while_the_vault_is_out_the_key_that_was_read_is_used_and_the_vault_is_asked_less_and_less(
    vault, clock, key
) -> None:
    key()
    vault.is_out = True
    clock.now += 101
    asked_at = []
    for _ in range(1000):
        before = vault.asked
        assert key() == VALUE
        until(lambda: not key._renewing)
        asked_at += [clock.now] if vault.asked > before else []
        clock.now += 0.25
    pauses = [later - one for one, later in itertools.pairwise(asked_at)]
    assert pauses[:3] == [FIRST_PAUSE, FIRST_PAUSE * 2, FIRST_PAUSE * 4]
    assert set(pauses[6:]) == {ASK_AGAIN}
    vault.is_out, vault.value = False, "next"
    clock.now += ASK_AGAIN
    until(lambda: key() == "next")


def test_while_the_vault_is_out_refused_callers_keep_to_the_same_pace(vault, clock, key) -> None:
    key()
    vault.is_out = True
    for _ in range(400):
        clock.now += PACE
        assert key.read_again(VALUE) == VALUE
    assert vault.asked < 10


def test_a_vault_that_is_out_from_the_start_is_an_error_that_names_the_secret(vault, clock, key) -> None:
    vault.is_out = True
    with pytest.raises(NoKeyError, match="chat-key could not be read: ConnectionError") as caught:
        key()
    assert isinstance(caught.value.__cause__, ConnectionError)
    for _ in range(50):
        with pytest.raises(NoKeyError, match="ConnectionError"):
            key()
    assert vault.asked == 1
    vault.is_out = False
    clock.now += FIRST_PAUSE
    assert key() == VALUE


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_secret_without_a_value_replaces_no_key(vault, clock, key, nothing: str | None) -> None:
    key()
    vault.value = nothing
    clock.now += 1
    assert key.read_again() == VALUE


def test_no_text_of_it_shows_the_key(vault, clock, key, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        key()
        vault.is_out = True
        clock.now += 5
        key.read_again()
    texts = [repr(key), str(key), repr(AsyncRotatingKey(key)), f"{key!r:>10}", caplog.text]
    assert "chat-key" in caplog.text
    assert not any(VALUE in one for one in texts)
    assert "read 5 s ago" in repr(key)
    assert not hasattr(key, "__dict__")
    for write in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="it holds a key"):
            write(key)


async def test_the_event_loop_goes_on_while_the_vault_is_slow(vault, key) -> None:
    vault.open.clear()
    shared = AsyncRotatingKey(key)
    waiting = [asyncio.create_task(shared()) for _ in range(10)]
    assert await asyncio.to_thread(vault.entered.wait, 20)
    assert not any(one.done() for one in waiting)
    vault.open.set()
    assert await asyncio.gather(*waiting) == [VALUE] * 10
    assert vault.asked == 1


async def test_an_asynchronous_caller_gets_a_fresh_key_without_a_thread(vault, key, monkeypatch) -> None:
    shared = AsyncRotatingKey(key)
    await shared()
    monkeypatch.setattr(asyncio, "to_thread", None)
    assert await shared() == VALUE


def test_a_forked_process_has_its_own_lock_and_its_own_client(vault) -> None:
    clients: list[Vault] = []

    def secrets() -> Vault:
        clients.append(vault)
        return vault

    key = RotatingKey(secrets, "chat-key")
    key()
    vault.open.clear()
    reading = threading.Thread(target=key.read_again)  # holds the lock while this process forks
    vault.entered.clear()
    key._not_before = 0.0
    reading.start()
    assert vault.entered.wait(20)
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        try:
            vault.open.set()
            key._not_before = 0.0
            os.write(theirs, f"{key.read_again()} {len(clients)}".encode())
        finally:
            os._exit(0)
    vault.open.set()
    reading.join(20)
    assert os.read(ours, 100).decode() == f"{VALUE} 2"
    os.waitpid(child, 0)
    assert len(clients) == 1


def test_the_client_that_was_made_here_is_closed_and_one_that_was_given_stays_open(vault) -> None:
    closed: list[str] = []
    vault.close = lambda: closed.append("closed")
    for secrets, expected in ((lambda: vault, ["closed"]), (vault, [])):
        closed.clear()
        with RotatingKey(secrets, "chat-key") as key:
            assert key() == VALUE
        assert closed == expected
        assert key.read_again() == VALUE


def test_an_error_that_is_no_refusal_is_raised_at_once(vault, key) -> None:
    calls = []

    def call() -> None:
        calls.append(1)
        raise ValueError("of the program")

    with pytest.raises(ValueError, match="of the program"):
        key.surviving_a_change(call)
    assert calls == [1]
