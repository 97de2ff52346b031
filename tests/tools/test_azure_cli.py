"""The released Azure CLI takes every `az` command of the pages and of `doctor`, and its options are those recorded.

`make test-tools` installs it and runs these tests. Set `AZ_PYTHON` to the Python of another installation.
"""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from shared.doctor import remedies
from tests.runbook.az_options import ROOT, shown, words_and_options
from tests.samples.test_grants import GRANTS
from tests.samples.test_grants import run as grant
from tests.support.entra import Directory, install
from tests.support.remedies import TOPIC, az_commands, every_remedy
from tests.support.shells import PAGES, all_blocks, filled, run

PYTHON = Path(os.environ.get("AZ_PYTHON", ROOT / ".run" / "az" / "bin" / "python"))
RECORD = ROOT / "tests" / "runbook" / "data" / "az.json"
OPTIONS = ROOT / "tests" / "runbook" / "az_options.py"

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason=f"the Azure CLI is not installed at {PYTHON}")


def asked(*arguments: str, given: object = None) -> Any:
    """Run Python code or a script with the Azure CLI's Python, and return its JSON output."""
    text = json.dumps(given)
    done = subprocess.run([PYTHON, *arguments], input=text, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def commands_of_the_pages(folder: Path) -> list[list[str]]:
    """Return the words of every `az` command of the pages, of blocks and of lines, as bash understands them."""
    spans = [span for page in PAGES for span in re.findall(r"`(az [a-z][^`]* --[^`]+)`", page.read_text())]
    lines = [filled(" ".join(span.split())) for span in spans]
    commands, complaint = run("bash", "\n".join([*(block.filled for block in all_blocks()), *lines]), folder)
    assert complaint == ""
    return [words for words in commands if words[0] == "az"]


def test_the_azure_cli_parses_every_command_of_the_pages(tmp_path: Path) -> None:
    commands = [words[1:] for words in commands_of_the_pages(tmp_path) if words[1] != "login"]
    assert len(commands) > 50
    assert asked(str(OPTIONS), "--parse", given=commands) == []


def test_the_azure_cli_parses_every_command_that_doctor_writes_out() -> None:
    commands = [words[1:] for line in every_remedy() for words in az_commands(line) if words != ["az", "login"]]
    assert asked(str(OPTIONS), "--parse", given=commands) == []


def test_the_azure_cli_parses_every_command_of_the_sign_in_script(tmp_path: Path) -> None:
    install(tmp_path)
    entra = Directory(tmp_path)
    entra.state["values"] = {
        "AZURE_ENV_NAME": "prod",
        "AZURE_SUBSCRIPTION_ID": "1a2b3c4d",
        "ROTATION_URL": "https://x/api",
    }
    entra.keep()
    environment = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    for words in ((), ("allow", "somebody", "Rotation.Operator"), ("remove",)):
        script = ["sh", ROOT / "infra" / "sign-in.sh", *words]
        subprocess.run(script, env=environment, check=True, capture_output=True)
    commands = [words[1:] for words in entra.calls if words[0] == "az"]
    assert {" ".join(words[:3]) for words in commands} >= {"ad app create", "ad app delete", "ad sp create"}
    assert asked(str(OPTIONS), "--parse", given=commands) == []


def test_the_azure_cli_parses_every_command_of_the_grants(tmp_path: Path) -> None:
    commands = []
    for name in ("openai_user.sh", "read_secret.sh"):
        (tmp_path / name).mkdir()
        made, done = grant(GRANTS / name, tmp_path / name, "one", "two", "three")
        assert done.returncode == 0
        commands += [words[1:] for words in made]
    assert len(commands) == 4
    assert asked(str(OPTIONS), "--parse", given=commands) == []


def test_a_command_that_the_azure_cli_does_not_know_is_found() -> None:
    assert len(asked(str(OPTIONS), "--parse", given=[["keyvault", "show", "--name", "x", "--flavour", "y"]])) == 1


def test_the_record_holds_the_options_of_the_released_azure_cli() -> None:
    assert asked(str(OPTIONS)) == json.loads(RECORD.read_text())
    assert {words_and_options(command)[0] for command in shown()} - {"login"} <= set(json.loads(RECORD.read_text()))


SEARCH = """
import json, sys, jmespath
query, rows = json.load(sys.stdin)
print(json.dumps(jmespath.search(query, rows)))
"""


def test_the_query_for_a_topic_passes_over_a_topic_without_an_endpoint() -> None:
    [words] = az_commands(remedies.see_topic(TOPIC))
    rows = [{"endpoint": None}, {"name": "news", "endpoint": TOPIC, "inputSchema": "CloudEventSchemaV1_0"}]
    answer = asked("-c", SEARCH, given=[words[words.index("--query") + 1], rows])
    assert answer == [{"name": "news", "schema": "CloudEventSchemaV1_0"}]
