"""What to do about an account, as a sentence and as a command to copy."""

from __future__ import annotations

from dataclasses import dataclass

from shared.domain.readiness import Verdict
from shared.readiness.commands import giving_a_subdomain
from shared.readiness.kinds import Entry

_BEFORE_COMMAND = ": az "  # between a step in words and the command that carries it out


@dataclass(frozen=True)
class StepShown:
    """What to do.

    says: It, as a sentence. Empty if there is nothing to do.
    command: The command that does it. Empty if there is none.
    """

    says: str = ""
    command: str = ""

    @property
    def first(self) -> str:
        """The first part of the sentence, for a table."""
        return as_sentence(self.says.partition("; ")[0])


NO_STEP = StepShown()


def step_of(entry: Entry) -> StepShown:
    """Return what to do about an account."""
    ready = entry.readiness
    words, colon, command = ready.next_step.partition(_BEFORE_COMMAND)
    if ready.verdict is Verdict.CANNOT:
        return StepShown(as_sentence(words), giving_a_subdomain(entry.account))
    return StepShown(as_sentence(words), f"{_BEFORE_COMMAND[2:]}{command}" if colon else "")


def as_sentence(words: str) -> str:
    """Return words as a sentence: with a capital letter and one full stop. Nothing stays nothing."""
    return f"{words[:1].upper()}{words[1:].removesuffix('.')}." if words else ""
