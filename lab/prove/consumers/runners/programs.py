"""Builds programs in Go and Java with the toolchains of this machine: the runners here, and the samples.

    python -m lab.prove.consumers.runners.programs      build all of them

The first time Go and Maven download what go.sum and pom.xml name, into the caches that they keep for all projects.
What is built lies in .run/consumers and is built again when a source has changed.
"""

import fcntl
import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[3]
BUILT = ROOT / ".run" / "consumers"
GO_SAMPLES = ("no_key", "key_from_vault")
JAVA_SAMPLES = ("no_key", "key_from_vault")
OLDEST_GO = (1, 26)
OLDEST_JAVA = 17


class ToolchainMissingError(RuntimeError):
    """A toolchain is not on this machine. The message says which, and what to do."""


def lack_of_go() -> str | None:
    """Return what is missing to build programs in Go, and the next step. None if nothing is missing."""
    wanted = ".".join(map(str, OLDEST_GO))
    if shutil.which("go") is None:
        return f"There is no go on the PATH. Next step: install Go {wanted} or later."
    # In the folder of a module another go may answer: an older one gets the newer, unless GOTOOLCHAIN forbids it.
    if _version(r"go(\d+)\.(\d+)", ["go", "env", "GOVERSION"]) < OLDEST_GO:
        return f"The go on the PATH is too old for the modules. Next step: install Go {wanted} or later."
    return None


def lack_of_java() -> str | None:
    """Return what is missing to build programs in Java, and the next step. None if nothing is missing."""
    missing = [name for name in ("java", "javac", "mvn") if shutil.which(name) is None]
    step = f"Next step: install a JDK of Java {OLDEST_JAVA} or later, and Maven."
    if missing:
        return f"There is no {' and no '.join(missing)} on the PATH. {step}"
    if _version(r"javac (\d+)", ["javac", "-version"]) < (OLDEST_JAVA,):
        return f"The JDK on the PATH is too old. {step}"
    return None


def go_sample(name: str) -> list[str]:
    """Build the sample in samples/<name>/go and return the command that runs it.

    Raises ToolchainMissingError without Go, and RuntimeError with the compiler's text if it cannot be built.
    """
    return [str(_go_program(ROOT / "samples" / name / "go", name))]


def go_runner() -> list[str]:
    """Build the runner of the load proof in Go and return the command that runs it. Raises what `go_sample` raises."""
    return [str(_go_program(HERE / "go", "runner", ROOT / "samples" / "key_from_vault" / "go"))]


def java_sample(name: str) -> list[str]:
    """Build the sample in samples/<name>/java and return the command that runs it.

    Raises ToolchainMissingError without Java or Maven, and RuntimeError with Maven's text if it cannot be built.
    """
    return ["java", "-cp", _classpath(name), "Chat"]


def java_runner() -> list[str]:
    """Build the runner of the load proof in Java, which uses the classes of the sample, and return its command.

    Raises what `java_sample` raises.
    """
    classpath = _classpath("key_from_vault")
    classes = BUILT / "java" / "runner"
    sources = sorted((HERE / "java").glob("*.java"))
    with _unless_built(classes, HERE / "java", ROOT / "samples" / "key_from_vault" / "java") as needed:
        if needed:
            _run(["javac", "-nowarn", "-d", str(classes), "-cp", classpath, *map(str, sources)], ROOT)
    return ["java", "-cp", f"{classes}:{classpath}", "Runner"]


def java_trust(ca_file: Path, folder: Path) -> str:
    """Write a trust store with the certificate authorities of a PEM file into a folder.

    Returns the JAVA_TOOL_OPTIONS that make Java trust them and nobody else.
    """
    certificates = x509.load_pem_x509_certificates(ca_file.read_bytes())
    entries = [pkcs12.PKCS12Certificate(one, f"authority {at}".encode()) for at, one in enumerate(certificates)]
    store = folder / "trust.p12"
    store.write_bytes(pkcs12.serialize_java_truststore(entries, NoEncryption()))
    return f"-Djavax.net.ssl.trustStore={store} -Djavax.net.ssl.trustStoreType=PKCS12"


def _go_program(folder: Path, name: str, *others: Path) -> Path:
    _demand(lack_of_go())
    made = BUILT / "go" / name
    with _unless_built(made, folder, *others) as needed:
        if needed:
            _run(["go", "build", "-o", str(made / "program"), "."], folder)
    return made / "program"


def _classpath(name: str) -> str:
    """Build a sample in a copy of its folder, as somebody does who copied it. Returns its classpath."""
    _demand(lack_of_java())
    source = ROOT / "samples" / name / "java"
    made = BUILT / "java" / name
    with _unless_built(made, source) as needed:
        if needed:
            shutil.copytree(source, made, dirs_exist_ok=True)
            _maven(made)
    return f"{made / 'target' / 'classes'}:{(made / 'target' / 'classpath').read_text().strip()}"


def _maven(folder: Path) -> None:
    # exec:help brings what the command needs that the samples show, so that this works without a network afterwards.
    goals = ["compile", "dependency:build-classpath", "-Dmdep.outputFile=target/classpath", "exec:help"]
    try:
        _run(["mvn", "-q", "-B", "-o", *goals], folder)
    except RuntimeError:  # not everything is in Maven's cache yet
        _run(["mvn", "-q", "-B", *goals], folder)


@contextmanager
def _unless_built(made: Path, *sources: Path) -> Iterator[bool]:
    """Yield whether a folder must be built anew: an empty one is there then. Other processes wait meanwhile."""
    BUILT.mkdir(parents=True, exist_ok=True)
    stamp = made.with_name(f"{made.name}.built")
    with (BUILT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = _digest(sources)
        needed = not stamp.exists() or stamp.read_text() != wanted
        if needed:
            stamp.unlink(missing_ok=True)
            shutil.rmtree(made, ignore_errors=True)
            made.mkdir(parents=True)
        yield needed
        stamp.write_text(wanted)


def _digest(folders: tuple[Path, ...]) -> str:
    files = [file for folder in folders for file in sorted(folder.rglob("*")) if file.is_file()]
    found = hashlib.sha256()
    for file in files:
        found.update(str(file).encode() + b"\0" + file.read_bytes() + b"\0")
    return found.hexdigest()


def _demand(lack: str | None) -> None:
    if lack is not None:
        raise ToolchainMissingError(lack)


def _version(pattern: str, command: list[str]) -> tuple[int, ...]:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=HERE / "go")
    found = re.search(pattern, done.stdout + done.stderr)
    return tuple(map(int, found.groups())) if found else (0,)


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    if done.returncode != 0:
        raise RuntimeError(f"`{' '.join(command[:2])}` failed in {folder}:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")


def main() -> int:
    """Build everything that can be built. Returns 1 if a toolchain is missing, and says which."""
    lacks = [lack for lack in (lack_of_go(), lack_of_java()) if lack is not None]
    if lack_of_go() is None:
        _ = [go_sample(name) for name in GO_SAMPLES], go_runner()
    if lack_of_java() is None:
        _ = [java_sample(name) for name in JAVA_SAMPLES], java_runner()
    for lack in lacks:
        print(lack, file=sys.stderr)
    return 1 if lacks else 0


if __name__ == "__main__":
    sys.exit(main())
