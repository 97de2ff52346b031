"""The samples in Go, built with the real toolchain and run with the real clients over TLS."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.prove.consumers.runners import programs
from tests.tools import consumer_behaviour as behaviour
from tests.tools.consumer_scene import ANSWER, ROOT, Scene, demand, scene
from tests.tools.named_account import Seen, account_at

pytestmark = pytest.mark.timeout(300)


def trust(ca_file: Path, folder: Path) -> dict[str, str]:
    """Return the variable by which Go trusts a certificate authority."""
    return {"SSL_CERT_FILE": str(ca_file)}


@pytest.fixture(autouse=True)
def _toolchain() -> None:
    demand(programs.lack_of_go())


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
    behaves(azure, programs.go_sample("no_key"))


@pytest.mark.parametrize(
    "behaves",
    [
        behaviour.calls_with_the_key_of_the_vault,
        behaviour.refuses_a_vault_that_is_not_in_azures_domain,
        behaviour.says_that_the_secret_is_missing,
    ],
)
def test_the_sample_with_the_key_of_the_vault(azure: Scene, behaves) -> None:
    behaves(azure, programs.go_sample("key_from_vault"))


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
    behaves(azure, programs.go_runner())


def test_the_sample_without_a_key_keeps_its_token(tmp_path: Path) -> None:
    folder = shutil.copytree(ROOT / "samples" / "no_key" / "go", tmp_path / "go")
    shutil.copy(Path(__file__).with_name("bearer_test.go"), folder)
    done = subprocess.run(["go", "test", "-v", "."], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("--- PASS") == 4


@pytest.mark.parametrize("name", programs.GO_SAMPLES)
def test_a_sample_is_formatted_and_vetted_and_its_sums_are_complete(name: str) -> None:
    folder = ROOT / "samples" / name / "go"
    for command in (
        ["gofmt", "-l", "."],
        ["go", "vet", "./..."],
        ["go", "mod", "verify"],
        ["go", "mod", "tidy", "-diff"],
    ):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        assert command[0] != "gofmt" or done.stdout == ""


def test_the_command_that_the_sample_shows_runs_it(azure: Scene) -> None:
    folder = ROOT / "samples" / "no_key" / "go"
    shown = "go run . https://my-account.openai.azure.com gpt-4o"
    assert shown in (folder / "main.go").read_text()
    command = shown.replace("https://my-account.openai.azure.com", azure.endpoint).split()
    done = azure.run(command, azure.environment("consumer"), folder)
    assert (done.code, done.out.strip()) == (0, ANSWER), done.errors


@pytest.mark.parametrize(
    ("name", "signs"), [("no_key", {"Authorization": "Bearer a-token"}), ("key_from_vault", {"api-key": "a-key"})]
)
def test_a_sample_signs_in_once_on_the_v1_path_of_an_account(name: str, signs: dict[str, str], tmp_path: Path) -> None:
    with account_at("localhost", tmp_path) as account:
        vault = [] if name == "no_key" else [account.vault, "chat-key"]
        command = [*programs.go_sample(name), *vault, account.endpoint, "gpt-4o"]
        done = subprocess.run(command, env=account.environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "Hello"), done.stderr
    assert account.seen == [Seen("/openai/v1/chat/completions", "", signs)]
