"""What samples and runners must do, whatever language they are written in.

Each function takes a scene and a command.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from lab.emulator.faults import Rule
from lab.emulator.journal import Entry
from tests.tools.consumer_scene import ANSWER, SECRET, USER, Scene, running, until, until_calls


def calls_without_a_key(scene: Scene, command: list[str]) -> None:
    """The program gets its answer as the identity that is named, from an account that accepts no key at all."""
    scene.world.accounts.update(scene.account.id, {"disable_local_auth": True})
    done = scene.run([*command, scene.endpoint, "gpt-4o"], scene.environment("consumer"))
    assert (done.code, done.out.strip()) == (0, ANSWER), done.errors


def sends_no_key_that_is_left_over(scene: Scene, command: list[str]) -> None:
    """Three forgotten key variables change nothing: the account is shown no key."""
    done = scene.run([*command, scene.endpoint, "gpt-4o"], scene.environment("consumer", **scene.left_over()))
    assert (done.code, done.out.strip()) == (0, ANSWER), done.errors
    assert scene.world.accounts.uses == []


def finds_an_identity_when_none_is_named(scene: Scene, command: list[str]) -> None:
    """Without a client id the search of DefaultAzureCredential finds the identity of the platform."""
    scene.world.give_roles("app", [USER])
    done = scene.run([*command, scene.endpoint, "gpt-4o"], scene.environment(None))
    assert (done.code, done.out.strip()) == (0, ANSWER), done.errors


def says_that_the_role_is_missing(scene: Scene, command: list[str]) -> None:
    """Without the role the program ends with the account's refusal, and shows no token."""
    scene.world.give_roles("consumer", [])
    done = scene.run([*command, scene.endpoint, "gpt-4o"], scene.environment("consumer"))
    assert done.code != 0
    assert "lacks the required data action" in done.out + done.errors


def asks_for_the_scope_that_is_set(scene: Scene, command: list[str]) -> None:
    """The token is for whom the setting says."""
    environment = scene.environment("consumer", AZURE_OPENAI_SCOPE="https://ai.azure.com/.default")
    scene.run([*command, scene.endpoint, "gpt-4o"], environment)
    assert {entry.target for entry in scene.world.journal.find("identity.token")} == {"https://ai.azure.com"}


def calls_with_the_key_of_the_vault(scene: Scene, command: list[str]) -> None:
    """The program reads the key once and gets its answer; three forgotten key variables change nothing."""
    environment = scene.environment("app", KEY_VAULT_IS_EMULATED="1", **scene.left_over())
    done = scene.run([*command, scene.vault_url, SECRET, scene.endpoint, "gpt-4o"], environment)
    assert (done.code, done.out.strip()) == (0, ANSWER), done.errors
    assert scene.is_used("key1")
    assert scene.reads() == 1


def refuses_a_vault_that_is_not_in_azures_domain(scene: Scene, command: list[str]) -> None:
    """Without the setting for emulators the Key Vault client gives no token to such a vault."""
    done = scene.run([*command, scene.vault_url, SECRET, scene.endpoint, "gpt-4o"], scene.environment("app"))
    assert done.code != 0
    assert scene.reads() == 0


def says_that_the_secret_is_missing(scene: Scene, command: list[str]) -> None:
    """A secret that is not there is an error, and no call of a model is tried."""
    environment = scene.environment("app", KEY_VAULT_IS_EMULATED="1", **scene.left_over())
    done = scene.run([*command, scene.vault_url, "another", scene.endpoint, "gpt-4o"], environment)
    assert done.code != 0
    assert "secret" in done.errors.lower()
    assert scene.world.accounts.uses == []


def shares_one_read_between_callers(scene: Scene, command: list[str]) -> None:
    """Twenty callers that begin at once read the secret once."""
    with running(command, scene, max_age=3600, callers=20) as runner:
        assert runner.stop()["failed"] == []
    assert scene.reads() == 1


def does_not_notice_a_rotation(scene: Scene, command: list[str]) -> None:
    """With an overlap longer than the age of the key no call is even refused."""
    with running(command, scene, max_age=0.3) as runner:
        scene.regenerate("key2")
        scene.publish("key2")
        until(lambda: scene.is_used("key2"))
        scene.regenerate("key1")
        until_calls(scene, 200)
        result = runner.stop()
    assert (result["failed"], result["repeated"]) == ([], 0)
    assert result["made"] > 200


def does_not_notice_a_leak(scene: Scene, command: list[str]) -> None:
    """If the old key ends at once, calls are refused, the secret is read once more, and no caller sees it."""
    with running(command, scene, max_age=3600) as runner:
        scene.regenerate("key2")
        scene.publish("key2")
        until_calls(scene, 50)
        scene.regenerate("key1")
        until(lambda: scene.is_used("key2"))
        result = runner.stop()
    assert result["failed"] == []
    assert 1 <= result["repeated"] <= 8
    assert scene.reads() == 2


def does_not_notice_a_leak_in_the_overlap(scene: Scene, command: list[str]) -> None:
    """The key before ends with the live one: the first read still brings the live key, which has ended on arrival."""

    def end_the_live_key(_: Entry) -> None:
        scene.publish("key1")
        scene.regenerate("key2")

    with running(command, scene, max_age=3600) as runner:
        scene.regenerate("key2")
        scene.publish("key2")
        until_calls(scene, 50)
        scene.world.faults.put(Rule("kv.getSecret", "hook", when="after", hook=end_the_live_key))
        scene.regenerate("key1")
        until(lambda: scene.is_used("key1"))
        result = runner.stop()
    assert result["failed"] == []
    assert scene.reads() == 3


def does_not_notice_that_the_vault_is_out(scene: Scene, command: list[str]) -> None:
    """While no read succeeds, calls go on with the key that is held, and the vault is asked now and then."""
    with running(command, scene, max_age=0.2) as runner:
        scene.world.down.add("kv")
        until(lambda: scene.reads() <= scene.world.journal.count("kv.getSecret") - 2)
        before = scene.world.journal.count("kv.*")
        until_calls(scene, 1000)
        asked = scene.world.journal.count("kv.*") - before
        scene.world.down.clear()
        scene.regenerate("key2")
        scene.publish("key2")
        until(lambda: scene.is_used("key2"))
        result = runner.stop()
    assert (result["failed"], result["repeated"]) == ([], 0)
    assert asked < 250


def asks_a_vault_that_refuses_seldom(scene: Scene, command: list[str]) -> None:
    """While the vault refuses at once, calls go on, and it is not asked with each of them."""
    scene.world.faults.put(Rule("kv.getSecret", "status", skip=1, times=0, status=403, code="Forbidden"))
    with running(command, scene, max_age=2) as runner:
        until(lambda: scene.world.journal.count("kv.getSecret") > 1)
        until_calls(scene, 1000)
        result = runner.stop()
    assert (result["failed"], result["repeated"]) == ([], 0)
    assert scene.world.journal.count("kv.getSecret") < 50


def does_not_wait_for_a_slow_vault(scene: Scene, command: list[str]) -> None:
    """While a read that renews the key gets no answer, calls go on."""
    with running(command, scene, max_age=0.2) as runner, _held_up(scene) as arrived:
        until(lambda: len(arrived) > 0)
        until_calls(scene, 200)
        assert len(arrived) == 1
        result = runner.stop()
    assert (result["failed"], result["repeated"]) == ([], 0)


def reports_calls_that_are_refused_and_asks_the_vault_seldom(scene: Scene, command: list[str]) -> None:
    """If the account refuses the published key, calls fail, no answer holds a key, and reads are rare."""
    with running(command, scene, max_age=3600) as runner:
        scene.regenerate("key1")
        until_calls(scene, 1000)
        scene.publish("key1")
        until(lambda: scene.is_used("key1"))
        result = runner.stop()
    assert len(result["failed"]) > 500
    assert set(result["failed"]) == {"status 401, 401"}
    assert scene.reads() < 250


@contextmanager
def _held_up(scene: Scene) -> Iterator[list[Entry]]:
    """Let every read of the secret wait until the block ends. Yields those that have arrived."""
    arrived: list[Entry] = []
    gates: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def wait(entry: Entry) -> None:
        gate = asyncio.Event()
        gates.append((asyncio.get_running_loop(), gate))
        arrived.append(entry)
        await gate.wait()

    rule = scene.world.faults.put(Rule("kv.getSecret", "hook", times=0, hook=wait))
    try:
        yield arrived
    finally:
        scene.world.faults.rules.remove(rule)
        for loop, gate in gates:
            loop.call_soon_threadsafe(gate.set)
