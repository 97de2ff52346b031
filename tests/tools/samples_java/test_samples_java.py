"""The samples in Java, built with the real toolchain and run with the real clients over TLS."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.prove.consumers.runners import programs
from tests.tools import consumer_behaviour as behaviour
from tests.tools.consumer_scene import ANSWER, LEFT_OVER, ROOT, Scene, demand, scene
from tests.tools.named_account import Seen, account_at

pytestmark = pytest.mark.timeout(300)


def trust(ca_file: Path, folder: Path) -> dict[str, str]:
    """Return the variable by which Java trusts a certificate authority."""
    return {"JAVA_TOOL_OPTIONS": programs.java_trust(ca_file, folder)}


@pytest.fixture(autouse=True)
def _toolchain() -> None:
    demand(programs.lack_of_java())


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path, trust) as made:
        yield made


@pytest.mark.parametrize(
    "behaves",
    [
        behaviour.calls_without_a_key,
        behaviour.sends_no_key_that_is_left_over,
        behaviour.finds_an_identity_when_none_is_named,
        behaviour.says_that_the_role_is_missing,
        behaviour.asks_for_the_scope_that_is_set,
    ],
)
def test_the_sample_without_a_key(azure: Scene, behaves) -> None:
    behaves(azure, programs.java_sample("no_key"))


@pytest.mark.parametrize(
    "behaves",
    [
        behaviour.calls_with_the_key_of_the_vault,
        behaviour.refuses_a_vault_that_is_not_in_azures_domain,
        behaviour.says_that_the_secret_is_missing,
    ],
)
def test_the_sample_with_the_key_of_the_vault(azure: Scene, behaves) -> None:
    behaves(azure, programs.java_sample("key_from_vault"))


@pytest.mark.parametrize(
    "behaves",
    [
        behaviour.shares_one_read_between_callers,
        behaviour.does_not_notice_a_rotation,
        behaviour.does_not_notice_a_leak,
        behaviour.does_not_notice_a_leak_in_the_overlap,
        behaviour.does_not_notice_that_the_vault_is_out,
        behaviour.asks_a_vault_that_refuses_seldom,
        behaviour.does_not_wait_for_a_slow_vault,
        behaviour.reports_calls_that_are_refused_and_asks_the_vault_seldom,
    ],
)
def test_the_runner_with_the_key_of_the_vault(azure: Scene, behaves) -> None:
    behaves(azure, programs.java_runner())


def test_the_sample_without_a_key_keeps_its_token(tmp_path: Path) -> None:
    classpath = programs.java_sample("no_key")[2]
    source = Path(__file__).with_name("CachedTokenCheck.java")
    subprocess.run(["javac", "-nowarn", "-d", str(tmp_path), "-cp", classpath, str(source)], check=True)
    command = ["java", "-cp", f"{tmp_path}:{classpath}", "CachedTokenCheck"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["shared", "replaced", "kept", "said"], done.stderr


def test_the_command_that_the_sample_shows_runs_it(azure: Scene, tmp_path: Path) -> None:
    folder = shutil.copytree(ROOT / "samples" / "no_key" / "java", tmp_path / "java")
    shown = 'mvn -q compile exec:java -Dexec.args="https://my-account.openai.azure.com gpt-4o"'
    assert shown in (folder / "src" / "main" / "java" / "Chat.java").read_text()
    command = shlex.split(shown.replace("https://my-account.openai.azure.com", azure.endpoint))
    # Maven itself needs the usual certificate authorities, so only the program that it runs gets the emulator's.
    options = azure.environment("consumer")
    trust_options = [f"-D{one}" for one in options.pop("JAVA_TOOL_OPTIONS").removeprefix("-D").split(" -D")]
    done = azure.run([*command, *trust_options], options, folder)
    assert done.code == 0, done.out + done.errors
    assert ANSWER in done.out


@pytest.mark.parametrize(
    ("name", "signs"),
    [("no_key", {"Authorization": "Bearer a-token"}), ("key_from_vault", {"Authorization": "Bearer a-key"})],
)
def test_a_sample_signs_in_once_on_the_v1_path_of_an_account(name: str, signs: dict[str, str], tmp_path: Path) -> None:
    with account_at("my-account.openai.azure.com", tmp_path) as account:
        vault = [] if name == "no_key" else [account.vault, "chat-key"]
        command = [*programs.java_sample(name), *vault, account.endpoint, "gpt-4o"]
        done = subprocess.run(command, env=account.environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "Hello"), done.stderr
    assert account.seen == [Seen("/openai/v1/chat/completions", "", signs)]


@pytest.mark.parametrize(
    ("names", "outcome"),
    [
        (["AZURE_OPENAI_KEY"], "made"),
        (["AZURE_OPENAI_API_KEY"], "must be specified"),
        (LEFT_OVER, "Please specify only"),
    ],
)
def test_a_client_from_the_environment_depends_on_key_variables_as_the_sample_says(names, outcome: str) -> None:
    command = ["java", "-cp", programs.java_sample("no_key")[2], str(Path(__file__).with_name("FromEnv.java"))]
    environment = {"PATH": os.environ["PATH"], **dict.fromkeys(names, "left-over")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert outcome in done.stdout + done.stderr
