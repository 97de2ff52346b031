"""Node for tests: programs that run beside the emulator, with packages from a lock file."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.emulator.serve import Azure
from lab.prove.consumers.node_packages import CLIENT, Bench, NodeMissingError, bench

TIMEOUT = 100  # seconds that one program may take: below the timeout of a test, so that its output is shown
FOREIGN = ("AZURE_", "OPENAI_", "IDENTITY_", "MSI_", "NODE_", "NPM_")  # what this machine says must not reach a test


@contextmanager
def or_skipped() -> Iterator[None]:
    """Skip the test if the block finds that Node or its packages are missing. In CI that is a failure."""
    try:
        yield
    except NodeMissingError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@contextmanager
def node(locked: Path = CLIENT) -> Iterator[Bench]:
    """Lend a folder in which Node finds the packages of a lock file and clients/javascript, or skip the test."""
    with or_skipped(), bench(locked) as lent:
        yield lent


def run(folder: Path, *command: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder and return what became of it, with all that it printed."""
    return subprocess.run(
        command,
        cwd=folder,
        env=clean(environment or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT,
        stdin=subprocess.DEVNULL,
    )


def tool(lent: Bench, name: str) -> str:
    """Return the path of an installed command."""
    return str(lent.folder.parent / "node_modules" / ".bin" / name)


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """Return this machine's environment without what says where Azure is or who calls, and with `environment`."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(FOREIGN)}
    return {**kept, "NO_COLOR": "1", **environment}


def around(azure: Azure, identity: str = "") -> dict[str, str]:
    """Return the variables that say where the identity endpoint is, who calls, and which authority to trust."""
    names = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "AZURE_CLIENT_ID", "NO_PROXY", "no_proxy")
    settings = {name: azure.settings[name] for name in names}
    if identity:
        settings["AZURE_CLIENT_ID"] = azure.world.directory.identities[identity].client_id
    return {**settings, "NODE_EXTRA_CA_CERTS": azure.settings["SSL_CERT_FILE"]}
