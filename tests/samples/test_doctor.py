"""The doctor for consumers names the cause of each refusal that teams reported, against the emulated Azure."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from samples.doctor import doctor
from tests.docs.test_docs import ROOT
from tests.samples.refusals import Stage, cases_for, name_of, staged

FILE = ROOT / "samples" / "doctor" / "doctor.py"
CASES = cases_for("python")
NOT_SEEN = {12, 13}  # a wrapper that insists on a key, and a component that has an authentication of its own


def enter(stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take the environment of a case, in place of the whole environment of this process."""
    for name in os.environ:
        monkeypatch.delenv(name)
    for name, text in {**stage.environment, "PATH": str(tmp_path), "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, text)
    if "SSL_CERT_FILE" in stage.environment:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", stage.environment["SSL_CERT_FILE"])


def pretend_installed(case: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let the packages of a case be found in their versions, as an installer records them."""
    for package, version in case.get("installed", {}).items():
        folder = tmp_path / f"{package}-{version}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
        monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_the_doctor_names_the_cause(
    case: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with staged(case) as stage:
        enter(stage, monkeypatch, tmp_path)
        pretend_installed(case, monkeypatch, tmp_path)
        code = doctor.main([*stage.arguments, "--json"])
    out = capsys.readouterr().out
    facts = json.loads(out)
    assert (code, facts["fine"]) == ((0, True) if case["cause"] == "fine" else (1, False))
    causes = [one["cause"] for one in facts["findings"]]
    assert causes == ([] if case["cause"] == "fine" else [case["cause"]])
    for one in facts["findings"]:
        assert case["fragment"] in one["sentence"]
        assert case["command"] in one["command"]
        assert one["sentence"].endswith(".")
    assert not any(text in out for text in stage.planted)


def test_each_report_that_a_doctor_can_see_is_a_case() -> None:
    assert {one["row"] for one in CASES} | NOT_SEEN == set(range(19))


def test_a_role_that_was_on_its_way_acts_later(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with staged({"identity": {"role": "late"}}) as stage:
        enter(stage, monkeypatch, tmp_path)
        assert doctor.main(stage.arguments) == 1
        stage.azure.world.directory.arrive("consumer")
        assert doctor.main(stage.arguments) == 0
    assert "The model can be called without a key, and no key is left here." in capsys.readouterr().out


def test_the_file_runs_alone_and_says_who_signed_in(tmp_path: Path) -> None:
    copy = tmp_path / "doctor.py"
    copy.write_text(FILE.read_text())
    with staged({}) as stage:
        token_free = [sys.executable, str(copy), *stage.arguments]
        environment = {**stage.environment, "PATH": str(tmp_path), "HOME": str(tmp_path)}
        done = subprocess.run(token_free, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"ManagedIdentityCredential signed in as object {stage.identity.object_id}, ")
        assert "eyJ" not in done.stdout + done.stderr


def test_a_missing_package_is_one_sentence_and_one_command(tmp_path: Path) -> None:
    copy = tmp_path / "doctor.py"
    copy.write_text(FILE.read_text())
    without_packages = [sys.executable, "-E", "-S", str(copy), "--endpoint", "https://my-account.openai.azure.com"]
    done = subprocess.run(without_packages, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    sentence, command = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"package: .* lacks azure(\.\w+)*, a part of the package azure-identity\.", sentence)
    assert command == f"  {shlex.quote(sys.executable)} -m pip install azure-identity"


@pytest.mark.parametrize("arguments", [[], ["--endpoint", "my-account"], ["--endpoint", "ftp://x"], ["--nonsense"]])
def test_wrong_arguments_are_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        doctor.main(arguments)
    assert caught.value.code == 2


@pytest.mark.parametrize("form", ["{}/", "{}/openai/v1/", "{}/openai"])
def test_an_address_may_have_the_part_that_clients_need(
    form: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with staged({}) as stage:
        enter(stage, monkeypatch, tmp_path)
        assert doctor.main(["--endpoint", form.format(stage.arguments[1]), "--deployment", "gpt-4o"]) == 0
        assert doctor.main(["--endpoint", form.format(stage.arguments[1])]) == 0


def test_a_certificate_that_is_not_trusted_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with staged({}) as stage:
        enter(stage, monkeypatch, tmp_path)
        monkeypatch.delenv("SSL_CERT_FILE")
        assert doctor.main(stage.arguments) == 1
    assert "certificate: The certificate of 127.0.0.1 is not trusted here" in capsys.readouterr().out


@pytest.mark.parametrize(("status", "fine"), [(429, True), (500, False), (503, False)])
def test_an_answer_that_says_nothing_of_the_identity_is_no_fault_of_it(
    status: int, fine: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with staged({}) as stage:
        enter(stage, monkeypatch, tmp_path)
        stage.azure.world.faults.add("aoai.chat", "status", status=status)
        assert doctor.main(stage.arguments) == (0 if fine else 1)
    assert fine or f"answered {status}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("AADSTS7000215: Invalid client secret provided", "secret"),
        ("AADSTS7000222: The provided client secret keys are expired", "secret"),
        ("AADSTS700213: No matching federated identity record found", "federation"),
        ("AADSTS70021: No matching federated identity record found", "federation"),
        ("AADSTS50058: something else", "sign-in"),
    ],
)
def test_a_refusal_of_the_sign_in_has_its_cause(said: str, cause: str) -> None:
    assert doctor._no_sign_in(doctor.ClientAuthenticationError(said), "").cause == cause


@pytest.mark.parametrize(
    "name",
    [
        *("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_KEY", "AZURE_OPENAI_APIKEY", "AZUREOPENAIKEY", "AZURE_OAI_KEY"),
        *("AZURE_OPENAI_SERVICE_KEY", "AOAI_KEY", "AOAI_API_KEY", "AZURE_API_KEY", "AZURE_AI_API_KEY"),
        *("AZURE_INFERENCE_CREDENTIAL", "MICROSOFT_FOUNDRY_API_KEY", "MICROSOFT_FOUNDRY_KEY"),
        *("AZURE_OPENAI_EMBEDDING_KEY", "AZURE_OPENAI_EMBEDDINGS_API_KEY", "AZURE_OPENAI_DALLE_KEY"),
        *("AZURE_OPENAI_IMAGE_KEY", "AZURE_OPENAI_VISION_KEY", "AZURE_OPENAI_AUDIO_KEY", "AZURE_OPENAI_GPT4_API_KEY"),
        *("AZURE_OPENAI_TRANSCRIPTION_KEY", "AZURE_OPENAI_CLASSIFIER_KEY", "COGNITIVE_SERVICES_KEY"),
        *("AZURE_COGNITIVE_SERVICES_KEY", "AzureOpenAI__ApiKey", "AZUREOPENAI__APIKEY", "AzureOpenAIText__APIKey"),
        *("OpenAI__Key", "OPENAI_API_KEY", "OPENAI_API_KEY_1", "VITE_AZURE_OPENAI_KEY", "NUXT_OPENAI_API_KEY"),
        *("NEXT_PUBLIC_AZURE_OPENAI_API_KEY", "TF_VAR_azureOpenAIServiceKey"),
    ],
)
def test_each_name_under_which_a_key_is_left_over_is_known(name: str) -> None:
    assert doctor.KEYS.fullmatch(name.upper())


@pytest.mark.parametrize(
    "name",
    [
        *("AZURE_SEARCH_KEY", "AZURE_AI_SEARCH_API_KEY", "AZURE_COGNITIVE_SEARCH_ADMIN_KEY", "AZURE_CLIENT_ID"),
        *("AZURE_OPENAI_MAX_TOKENS", "AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_TOKEN_SCOPE", "AZURE_TENANT_ID"),
        *("STORAGE_KEY", "USE_AZURE_OPENAI_KEYVAULT", "AZURE_OPENAI_KEY_VAULT"),
    ],
)
def test_a_name_that_holds_no_key_of_an_account_is_left_alone(name: str) -> None:
    assert not doctor.KEYS.fullmatch(name.upper())
