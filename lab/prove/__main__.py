"""`make prove`: run every proof and print its figures. Exit code 1 if any of them found a broken promise.

The long forms take the better part of an hour on two cores; `make test-long` contains a short form of each. The
exploration of histories takes one core for about as long as the others together, so it runs beside them and its figures
are printed last. Each proof can be run by itself, and has `--help`: `python -m lab.prove.histories`, and likewise
`claims`, `lives`, `fuzzing`, `drill`, `sunset`, `trials`, `trial_drill`, `clients`, `consumers`, `calls` and `mutants`.
Where Node, Go or Java is missing, `consumers` runs in its short form without it, and says so.
"""

from __future__ import annotations

import subprocess
import sys
from tempfile import TemporaryFile

from lab.prove.consumers.kinds import lacks

Proof = tuple[str, list[str]]

BESIDE: Proof = ("every history of a small world", ["lab.prove.histories", "--faults", "1", "--thorough"])
BEFORE_THE_LOAD: tuple[Proof, ...] = (
    ("every clash of names and tags", ["lab.prove.claims"]),
    ("every history of a trial, a hold and an agreed end", ["lab.prove.trials", "--faults", "1"]),
    ("long random lives", ["lab.prove.lives", "--seeds", "300"]),
    ("every input from outside, fuzzed", ["lab.prove.fuzzing", "--inputs", "20000"]),
    ("the leak drill, under consumers' load", ["lab.prove.drill"]),
    ("the end of all keys, under consumers' load", ["lab.prove.sunset"]),
    ("the package for consumers, with many versions of openai", ["lab.prove.clients"]),
    ("trials of life without keys, under consumers' load", ["lab.prove.trial_drill"]),
    ("every call, in real processes", ["lab.prove.calls"]),
)
LOAD = "real clients in five languages, through rotations, leaks, kills and an outage"
LAST: Proof = ("every small mistake in the modules that decide", ["lab.prove.mutants"])  # it uses all cores


def main() -> int:
    """Run all proofs and return the exit code."""
    one_by_one = (*BEFORE_THE_LOAD, _load())
    with TemporaryFile("w+") as figures, subprocess.Popen(_command(BESIDE), stdout=figures) as exploring:
        print(f"== {_title(BESIDE)}, at the same time as the next ones", flush=True)
        found = [proof for proof in one_by_one if _finds_something(proof)]
        found += [BESIDE] if exploring.wait() else []
        figures.seek(0)
        print(f"== {_title(BESIDE)}\n{figures.read()}", end="", flush=True)
    found += [LAST] if _finds_something(LAST) else []
    proofs = len(one_by_one) + 2
    print(f"== {proofs - len(found)} of {proofs} proofs hold" + "".join(f"; not: {name}" for name, _ in found))
    return 1 if found else 0


def _load() -> Proof:
    """Return the load proof: the long form if all toolchains are there, else the short one without those kinds."""
    missing = lacks()
    for lack in missing.values():
        print(f"== {lack}", flush=True)
    return LOAD, ["lab.prove.consumers", *(["--short", "--without", ",".join(missing)] if missing else [])]


def _finds_something(proof: Proof) -> bool:
    print(f"== {_title(proof)}", flush=True)
    return subprocess.run(_command(proof), check=False).returncode != 0


def _title(proof: Proof) -> str:
    name, arguments = proof
    return f"{name}: python -m {' '.join(arguments)}"


def _command(proof: Proof) -> list[str]:
    return [sys.executable, "-m", *proof[1]]


if __name__ == "__main__":
    sys.exit(main())
