"""The doctor for consumers in JavaScript names the cause of each reported refusal, in the words of the other one."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.prove.consumers.node_packages import ROOT, Bench
from samples.doctor import doctor as python
from tests.samples.refusals import Stage, cases_for, name_of, staged
from tests.samples.test_doctor import enter
from tests.support.node import node, run

FILE = ROOT / "samples" / "doctor" / "doctor.mjs"
CASES = cases_for("javascript")
GET = "fetch(process.argv[1]).then((answer) => console.log(answer.status))"


@pytest.fixture
def work() -> Iterator[Bench]:
    """A folder in which Node finds @azure/identity, with the doctor."""
    with node() as lent:
        lent.copy(FILE)
        yield lent


def examine(work: Bench, stage: Stage, *more: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the doctor in the environment of a case and in no other."""
    command = ("node", str(work.at(FILE)), *stage.arguments, *more)
    return run(folder or work.at(FILE).parent, *command, environment=stage.environment)


def said_in_python(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> list[dict[str, str]]:
    """Return the findings of the doctor in Python about the same case."""
    enter(stage, monkeypatch, tmp_path)
    python.main([*stage.arguments, "--json"])
    return json.loads(capsys.readouterr().out)["findings"]


def comparable(one: dict[str, str]) -> tuple[str, str, str]:
    """Return a finding without what one language alone says: its libraries, the file's name, the system's own texts."""
    sentence = re.sub(r" AzureOpenAI of openai [^ ]+ refuses .*? apiKey: ''\.| \(.*\)(?=:)", "", one["sentence"])
    command = one["command"].replace("node doctor.mjs", "python doctor.py")
    return one["cause"], sentence, command


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_the_doctor_names_the_cause_in_the_words_of_the_other_one(
    case: dict[str, Any],
    work: Bench,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with staged(case) as stage:
        done = examine(work, stage, "--json")
        theirs = said_in_python(stage, monkeypatch, tmp_path, capsys)
    facts = json.loads(done.stdout)
    assert (done.returncode, facts["fine"]) == ((0, True) if case["cause"] == "fine" else (1, False))
    assert [one["cause"] for one in facts["findings"]] == ([] if case["cause"] == "fine" else [case["cause"]])
    for one in facts["findings"]:
        assert case["fragment"] in one["sentence"]
        assert case["command"] in one["command"]
    assert [comparable(one) for one in facts["findings"]] == [comparable(one) for one in theirs]
    assert not any(text in done.stdout + done.stderr for text in (*stage.planted, "eyJ"))
    assert done.stderr == ""


def test_it_says_who_signed_in_and_when_the_role_acts_it_is_content(work: Bench) -> None:
    with staged({"identity": {"role": "late"}}) as stage:
        assert examine(work, stage).returncode == 1
        stage.azure.world.directory.arrive("consumer")
        done = examine(work, stage)
        identity, tenant = stage.identity, stage.azure.world.directory.tenant
    assert done.returncode == 0, done.stdout
    first, second, last = done.stdout.splitlines()
    assert first == (
        f"ManagedIdentityCredential signed in as object {identity.object_id}, client {identity.client_id}, "
        f"tenant {tenant}."
    )
    assert re.fullmatch(
        r"The token is for https://cognitiveservices\.azure\.com, until \d{4}-\d\d-\d\d \d\d:\d\d UTC\.", second
    )
    assert last == "The model can be called without a key, and no key is left here."


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--endpoint", "my-account"],
        ["--endpoint", "ftp://x"],
        ["--nonsense"],
        ["--endpoint", "https://x", "--timeout", "0"],
    ],
)
def test_wrong_arguments_are_exit_code_2(work: Bench, arguments: list[str]) -> None:
    done = run(work.folder, "node", str(work.at(FILE)), *arguments)
    assert done.returncode == 2
    assert "--endpoint" in done.stderr


def test_a_missing_package_is_one_sentence_and_one_command(work: Bench, tmp_path: Path) -> None:
    """The folder is outside of `work`, so Node finds no packages there."""
    shutil.copy(work.at(FILE), tmp_path)
    done = run(tmp_path, "node", "doctor.mjs", "--endpoint", "https://my-account.openai.azure.com")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "package: Node finds no package @azure/identity here.",
        "  npm install @azure/identity",
    ]


@pytest.mark.parametrize("form", ["{}/", "{}/openai/v1/", "{}/openai"])
def test_an_address_may_have_the_part_that_clients_need(work: Bench, form: str) -> None:
    with staged({}) as stage:
        endpoint = form.format(stage.arguments[1])
        assert examine(work, stage, "--endpoint", endpoint).returncode == 0
        assert examine(work, stage, "--endpoint", endpoint, "--deployment", "").returncode == 0


def test_a_certificate_that_is_not_trusted_is_named(work: Bench) -> None:
    with staged({}) as stage:
        del stage.environment["NODE_EXTRA_CA_CERTS"]
        done = examine(work, stage)
    assert done.returncode == 1
    assert "certificate: The certificate of 127.0.0.1 is not trusted here" in done.stdout


def test_a_proxy_that_fetch_does_not_use_is_named(work: Bench) -> None:
    with staged({"account": {"address": "closed"}}) as stage:
        stage.environment["HTTPS_PROXY"] = "http://127.0.0.1:9"
        done = examine(work, stage)
        assert "HTTPS_PROXY is set, but fetch, by which openai calls, does not use it by itself." in done.stdout
    with staged({}) as stage:
        stage.environment["HTTPS_PROXY"] = "http://127.0.0.1:9"
        del stage.environment["NO_PROXY"], stage.environment["no_proxy"]
        stage.environment["NO_PROXY"] = "of-another-host"
        direct = run(work.folder, "node", "--eval", GET, stage.arguments[1], environment=stage.environment)
    assert direct.stdout.strip().isdigit()  # somebody answered, and at the proxy's address nobody listens


@pytest.mark.parametrize(("status", "fine"), [(429, True), (503, False)])
def test_an_answer_that_says_nothing_of_the_identity_is_no_fault_of_it(work: Bench, status: int, fine: bool) -> None:
    with staged({}) as stage:
        stage.azure.world.faults.add("aoai.chat", "status", status=status)
        done = examine(work, stage)
    assert done.returncode == (0 if fine else 1)
    assert fine or f"answered {status}" in done.stdout


def test_an_account_that_does_not_answer_is_given_up_after_the_timeout(work: Bench) -> None:
    with staged({}) as stage:
        stage.azure.world.faults.add("aoai.chat", "delay", seconds=3)
        done = examine(work, stage, "--timeout", "0.5")
    assert done.returncode == 1
    assert "network: No connection to 127.0.0.1:" in done.stdout


@pytest.mark.parametrize(
    ("version", "environment", "cause", "said"),
    [
        ("4.40.2", {}, "library", "openai 4.40.2 takes no token provider for Azure"),
        ("4.41.0", {}, "", "no key is left here"),
        ("6.49.0", {"AZURE_OPENAI_API_KEY": "left"}, "key", "AzureOpenAI of openai 6.49.0 refuses a token provider"),
    ],
)
def test_it_knows_what_the_installed_client_does(
    work: Bench, tmp_path: Path, version: str, environment: dict[str, str], cause: str, said: str
) -> None:
    package = tmp_path / "node_modules" / "openai" / "package.json"
    package.parent.mkdir(parents=True)
    package.write_text(json.dumps({"name": "openai", "version": version}))
    with staged({}) as stage:
        stage.environment.update(environment)
        done = examine(work, stage, folder=tmp_path)
    assert said in done.stdout
    assert re.findall(r"^(\S+): ", done.stdout, re.MULTILINE) == ([cause] if cause else [])


@pytest.mark.parametrize(
    ("said", "name", "sentence"),
    [
        (
            "AADSTS7000215: Invalid client secret provided",
            "AuthenticationError",
            "secret: The secret in AZURE_CLIENT_S",
        ),
        (
            "AADSTS7000222: The client secret keys are expired",
            "AuthenticationError",
            "secret: The secret in AZURE_CLIENT",
        ),
        (
            "AADSTS700213: No matching federated identity",
            "AggregateAuthenticationError",
            "federation: The federated cred",
        ),
        (
            "AADSTS50058: something else",
            "AuthenticationError",
            "sign-in: Nothing here can sign in: Entra ID answered AADSTS50058",
        ),
        (
            "network_error: See the page",
            "AuthenticationError",
            "sign-in: Nothing here can sign in: Entra ID cannot be reached",
        ),
        (
            "network_error: See the page",
            "AggregateAuthenticationError",
            "sign-in: Nothing here can sign in: no managed identity",
        ),
    ],
)
def test_a_refusal_of_the_sign_in_has_its_cause(
    tmp_path: Path, work: Bench, said: str, name: str, sentence: str
) -> None:
    """The package is replaced, because the emulator has no Entra ID that refuses to give tokens."""
    package = tmp_path / "node_modules" / "@azure" / "identity"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"name": "@azure/identity", "type": "module", "exports": "./index.js"}')
    (package / "index.js").write_text(f"""
        export const logger = {{ info: {{}} }};
        export class DefaultAzureCredential {{
          async getToken() {{ throw Object.assign(new Error({json.dumps(said)}), {{ name: {json.dumps(name)} }}); }}
        }}""")
    shutil.copy(FILE, tmp_path)
    with staged({}) as stage:
        done = run(tmp_path, "node", "doctor.mjs", *stage.arguments, environment=stage.environment)
    assert done.returncode == 1
    assert sentence in done.stdout


def test_both_doctors_know_the_same_names_of_keys() -> None:
    text = FILE.read_text()
    pattern = "".join(re.findall(r"^ +'(.*)'(?: \+|,)$", text[: text.index("const TOKENS")], re.MULTILINE))
    assert pattern.replace("\\\\", "\\") == f"^{python.KEYS.pattern}$"
    assert f"const ROLE = '{python.ROLE}';" in text
