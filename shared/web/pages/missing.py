"""The page in place of a target's own: nobody enrolled it, several have its name, or it cannot be read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from shared.domain.errors import DisputedName, FixConfiguration, RotationError, UnknownTarget
from shared.domain.text import plain, quotable
from shared.findings.verdict import Tone
from shared.web.pages.links import Links
from shared.web.pages.shell import Shell

MOST_NEAR, LONGEST = 5, 80


@dataclass(frozen=True)
class MissingPage:
    """The page.

    shell: What stands around it.
    sentence: The answer.
    why: Why, as a sentence.
    step: What to do, as a sentence.
    nearest: What could have been meant: the words and the address.
    runbook: The entry of the runbook.
    """

    shell: Shell
    sentence: str
    why: str
    step: str
    nearest: tuple[tuple[str, str], ...]
    runbook: str


def missing(error: RotationError, asked: str, shell: Shell) -> MissingPage:
    """Return the page for an error that hides a target of which nothing is known.

    asked: What the caller asked for.
    shell: What stands around the page, before its sentence is known.
    """
    name = quotable(plain(asked))[:LONGEST]
    unknown = isinstance(error, UnknownTarget)
    sentence = f"No target is called “{name}”." if unknown else f"{name} cannot be shown."
    step = f"{error.next_step[:1].upper()}{error.next_step[1:].removesuffix('.')}."
    return MissingPage(
        shell=replace(shell, tone=Tone.PLAIN if unknown else Tone.AMBER, title=f"{name}: not found"),
        sentence=sentence,
        why="" if unknown else error.what,
        step=step,
        nearest=tuple(_nearest(error, asked, shell.links)),
        runbook=error.code,
    )


def _nearest(error: RotationError, asked: str, links: Links) -> Iterable[tuple[str, str]]:
    """Yield what could have been meant: names that are spelled alike, or the accounts that have the name."""
    if isinstance(error, UnknownTarget):
        for name in difflib.get_close_matches(asked, error.known, n=MOST_NEAR):
            yield name, links.named(name)
    if isinstance(error, DisputedName) and isinstance(error, FixConfiguration):
        for account in list(error.accounts)[:MOST_NEAR]:
            yield str(account), links.of_account(str(account))
