"""The answer about readers as sentences. None of them says that there is nobody else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shared.domain.relative import counted
from shared.readers.kinds import Holding, Reader
from shared.web.pages.auditor.asked import Part
from shared.web.pages.auditor.principals import counted_principals, principals
from shared.web.pages.auditor.reader_rows import part_of

AS_FAR = "as far as this app sees"
NO_PROOF = "That does not prove that there is none: below stands what could not be seen."
IN_PART = "Not all rights could be read, so there may be more: below stands why."
DENIED = "A deny assignment names it; whether that is enforced is not known."


def sentence_of(words: str) -> str:
    """Return words as a sentence: with a capital letter and one full stop."""
    return f"{words[:1].upper()}{words[1:].removesuffix('.')}."


def everybody_in_words(rows: Sequence[Reader], name: str) -> str:
    """Return how many can read the keys of an account.

    name: What people call it.
    """
    reading = principals(one for one in rows if part_of(one) is Part.KEYS)
    if not reading:
        return f"No right was found by which somebody reads the keys of {name}."
    return f"{counted_principals(reading.values())} can read the keys of {name}, {AS_FAR}."


def more_in_words(rows: Sequence[Reader]) -> str:
    """Return what that sentence leaves out: who waits, who reads copies, who could."""
    reading, active = _who(rows, Part.KEYS), _who(rows, Part.KEYS, now=True)
    copying, could = _who(rows, Part.COPIES) - reading, _who(rows, Part.COULD) - reading
    said = [] if reading else [NO_PROOF]
    if reading - active:
        said.append(f"{len(reading - active):,} of them only once a role was made active.")
    if copying:
        said.append(f"{_others(len(copying), reading)} can read a copy, if one lies where their roles act.")
    if could:
        said.append(f"{_others(len(could), reading)} could give themselves the right.")
    return " ".join(said)


def one_in_words(rows: Sequence[Reader], name: str, principal: str) -> str:
    """Return whether one person, group or app can read the keys of an account.

    rows: Its rows.
    principal: Its object id.
    """
    who = next((one.name for one in rows if one.name), principal)
    keys = [one for one in rows if part_of(one) is Part.KEYS]
    if keys:
        return f"{who} can read the keys of {name}{_but(keys)}."
    parts = {part_of(one) for one in rows}
    if Part.COPIES in parts:
        return f"{who} can read a copy of a key of {name}, if one lies where the roles below act."
    if Part.COULD in parts:
        return f"{who} could take the right to read the keys of {name}."
    return f"No right was found by which {who} reads the keys of {name}."


def more_about_one(rows: Sequence[Reader]) -> str:
    """Return what that sentence leaves out."""
    if not rows:
        return NO_PROOF
    return DENIED if any(one.denied_by for one in rows) else ""


IN_VAULT = "Below stands only what was seen beside the account, such as in the vault's subscription."


def unknown_in_words(name: str) -> str:
    """Return that nothing is known of an account."""
    return f"Nobody can tell who can read the keys of {name}: its rights could not be read."


def _but(keys: Sequence[Reader]) -> str:
    """Return what limits the rights of one principal, if every one of them is limited."""
    if not any(one.holding is Holding.ACTIVE for one in keys):
        return ", once a role was made active"
    return ", under a condition" if all(one.condition for one in keys) else ""


def _who(rows: Sequence[Reader], part: Part, *, now: bool = False) -> set[str]:
    def found() -> Iterator[str]:
        for one in rows:
            if part_of(one) is part and (one.holding is Holding.ACTIVE or not now):
                yield one.principal

    return set(found())


def _others(number: int, reading: set[str]) -> str:
    return counted(number, "other", "others") if reading else f"{number:,}"
