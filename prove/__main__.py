"""`make prove`: every proof, one after the other, each with its figures. Exit code 1 if any found something.

The short form of each is part of `make test`. The long forms take more than an hour on two cores. Each can be
run by itself, all with `--help`: `python -m prove.histories`; so can `calls`, `lives`, `doors`, `drill` and `mutants`.
"""

from __future__ import annotations

import subprocess
import sys

PROOFS = (
    ("every history of a small world", ["prove.histories", "--faults", "1", "--thorough"]),
    ("long random lives", ["prove.lives", "--seeds", "300"]),
    ("the doors, fuzzed", ["prove.doors", "--inputs", "20000"]),
    ("the leak drill, under consumers' load", ["prove.drill"]),
    ("every call, in real processes", ["prove.calls"]),
    ("every small mistake in the rooms that decide", ["prove.mutants"]),
)


def main() -> int:
    found = []
    for name, command in PROOFS:
        print(f"== {name}: python -m {' '.join(command)}", flush=True)
        if subprocess.run([sys.executable, "-m", *command], check=False).returncode:
            found.append(name)
    print(
        f"== {len(PROOFS) - len(found)} of {len(PROOFS)} proofs hold" + (f"; not: {', '.join(found)}" if found else "")
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
