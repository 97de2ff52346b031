"""The kinds of consumers: how each one is started, and which toolchain it needs."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from lab.prove.consumers import node_packages
from lab.prove.consumers.runners import programs

type Start = Callable[[], AbstractContextManager[tuple[str, ...]]]


@contextmanager
def command(*words: str) -> Iterator[tuple[str, ...]]:
    """Lend a command as it is."""
    yield words


def in_python(module: str) -> Start:
    """Return how a module is started in the Python of this process."""
    return lambda: command(sys.executable, "-m", module)


@contextmanager
def _in_go() -> Iterator[tuple[str, ...]]:
    yield tuple(programs.go_runner())


@contextmanager
def _in_java() -> Iterator[tuple[str, ...]]:
    yield tuple(programs.java_runner())


PYTHON: Mapping[str, Start] = {
    "python_sync": in_python("lab.prove.consumers.runners.python_sync"),
    "python_async": in_python("lab.prove.consumers.runners.python_async"),
}
KINDS: Mapping[str, Start] = {**PYTHON, "node": node_packages.runner, "go": _in_go, "java": _in_java}


def lacks(kinds: Mapping[str, Start] = KINDS) -> dict[str, str]:
    """Return what this machine lacks for some of these kinds, in words, and what to do, by kind."""
    missing = [name for name in ("node", "npm") if not shutil.which(name)]
    node = f"There is no {' and no '.join(missing)} on the PATH. Next step: install Node 20 or later."
    known = {"node": node if missing else None, "go": programs.lack_of_go(), "java": programs.lack_of_java()}
    return {kind: lack for kind, lack in known.items() if lack is not None and kind in kinds}


def trust(ca_file: Path, folder: Path) -> dict[str, str]:
    """Return the variables by which each kind trusts a certificate authority. Java's trust store goes into a folder."""
    pem = dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"), str(ca_file))
    return {**pem, "JAVA_TOOL_OPTIONS": programs.java_trust(ca_file, folder)}
