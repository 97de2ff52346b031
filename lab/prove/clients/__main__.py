"""`python -m lab.prove.clients`: try the package for consumers with old and new versions of `openai`.

Prints one line for each version and way that is not as expected, and a table. Exit code 1 if there is such a line.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lab.emulator.directory import Identity
from lab.emulator.serve import Azure, running_in_thread
from lab.emulator.world import World
from lab.prove.clients import EXPECTED, VERSIONS

ROOT = Path(__file__).resolve().parents[3]
ROLES = [
    {"name": "Reads secrets", "permissions": [{"dataActions": ["Microsoft.KeyVault/vaults/secrets/getSecret/action"]}]},
    {"name": "Calls models", "permissions": [{"dataActions": ["Microsoft.CognitiveServices/accounts/OpenAI/*"]}]},
]


def main(arguments: Sequence[str] | None = None) -> int:
    """Try all versions. Return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="the Python that the environments are made with")
    parser.add_argument("versions", nargs="*", default=VERSIONS, help="versions of openai; default: a handful")
    asked = parser.parse_args(arguments)
    wrong = []
    for version in asked.versions:
        found, ways = probe(environment(asked.python, version))
        bad = surprises(found, ways)
        wrong += bad
        print(f"openai {found}: {sum(not error for error in ways.values())} of {len(ways)} ways work")
        print("".join(f"  {name}: {error or 'works'}\n" for name, error in ways.items()), end="", flush=True)
        print("".join(f"  NOT AS EXPECTED: {one}\n" for one in bad), end="", flush=True)
    return 1 if wrong else 0


def environment(python: str, version: str) -> str:
    """Return the Python of a virtual environment with a version of openai (empty: the newest) and the package."""
    said = subprocess.run(
        [python, "-c", "import sys; print(*sys.version_info[:2], sep='.')"], capture_output=True, text=True, check=True
    )
    name = said.stdout.strip()
    folder = ROOT / ".run" / "openai" / f"{version or 'newest'}-python{name}"
    made, package = str(folder / "bin" / "python"), str(ROOT / "clients" / "python")
    install = [made, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if not (folder / ".ready").exists():
        subprocess.run([python, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([*install, f"openai=={version}" if version else "openai", package], check=True)
        (folder / ".ready").touch()
    subprocess.run([*install, "--no-deps", "--force-reinstall", package], check=True)  # as it is now
    return made


def probe(python: str) -> tuple[str, dict[str, str]]:
    """Run the probe with a Python. Return the version of openai, and the error of each way, empty if it worked."""
    with emulated() as azure:
        process = subprocess.Popen(
            [python, "-m", "lab.prove.clients.probe"],
            cwd=ROOT, env=_settings(azure), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        with process:
            facts = list(_facts(process, azure))
        if process.returncode:
            raise RuntimeError(f"the probe ended with {process.returncode}")
    return str(facts[0]["version"]), {str(one["way"]): str(one["error"]) for one in facts[1:]}


def surprises(version: str, ways: dict[str, str]) -> list[str]:
    """Return each way that works or fails otherwise than `EXPECTED` says."""
    number = tuple(int(part) for part in version.split("."))
    missing = [f"{name}: not tried" for name in EXPECTED.keys() - ways.keys()]
    return missing + [
        f"{name}: {error or 'works'}"
        for name, error in ways.items()
        if (number >= EXPECTED[name].works_from) != (not error)
    ]


@contextmanager
def emulated() -> Iterator[Azure]:
    """Serve an Azure in which the identity `consumer` may read the key of the account `chat`, and call its models."""
    world = World()
    account = world.accounts.add("chat")
    world.add_vault("keys").set_secret("chat-key", account.keys["key1"].value)
    world.directory.add(Identity("consumer"))
    world.give_roles("consumer", ROLES)
    with running_in_thread(world) as azure:
        yield azure


def _facts(process: subprocess.Popen[str], azure: Azure) -> Iterator[dict[str, str]]:
    """Yield what the probe says. Where it asks for a change, somebody regenerates the key and publishes it late."""
    assert process.stdin is not None
    assert process.stdout is not None
    account = azure.world.accounts.named("chat")
    for line in process.stdout:
        if line != "change\n":
            yield json.loads(line)
            continue
        azure.world.accounts.regenerate(account.id, "key1")
        azure.world.vaults["keys"].set_secret("chat-key", account.keys["key1"].value)
        process.stdin.write("\n")
        process.stdin.flush()


def _settings(azure: Azure) -> dict[str, str]:
    names = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "SSL_CERT_FILE", "NO_PROXY", "no_proxy")
    return {
        **{name: azure.settings[name] for name in names},
        "REQUESTS_CA_BUNDLE": azure.settings["SSL_CERT_FILE"],
        "PATH": os.environ["PATH"],
        "AZURE_CLIENT_ID": azure.world.directory.identities["consumer"].client_id,
        "AZURE_OPENAI_ENDPOINT": azure.world.endpoint(azure.world.accounts.named("chat")),
        "VAULT_URL": azure.settings["ROTATION_VAULT_URL"],
    }


if __name__ == "__main__":
    sys.exit(main())
