"""Play lives and record them: `python -m tests.recordings.record [LIFE ...]` writes the recordings again."""

import json
import sys
from pathlib import Path
from typing import Any

from tests.recordings.lives import LIVES
from tests.recordings.stage import a_stage

DATA = Path(__file__).with_name("data")


def lived(name: str) -> list[dict[str, Any]]:
    """Play a life and return all its entries, as they come back from JSON."""
    life = LIVES[name]
    with a_stage(life.accounts, life.settings) as stage:
        for step in life.steps:
            step.run(stage)
    return json.loads(json.dumps(stage.entries))


def file_of(name: str) -> Path:
    return DATA / f"{name}.json"


def recorded(name: str) -> list[dict[str, Any]]:
    """Return the recorded entries of a life."""
    return json.loads(file_of(name).read_text())


def write(name: str) -> None:
    text = json.dumps(lived(name), sort_keys=True, indent=1, ensure_ascii=False)
    file_of(name).write_text(f"{text}\n")


if __name__ == "__main__":
    for one in sys.argv[1:] or LIVES:
        write(one)
