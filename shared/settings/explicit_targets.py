"""The targets that settings name one by one: `ROTATION_TARGETS`."""

from __future__ import annotations

import json

from shared.domain.model import Target
from shared.settings.problems import Problems
from shared.settings.target_fields import Claim, Defaults, claims, target_from_fields


def read_targets(text: str, defaults: Defaults, problems: Problems) -> tuple[Target, ...]:
    """Return the targets of a JSON array. Those that are invalid are left out and named in `problems`."""
    if not text.strip():
        return ()
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError) as problem:
        problems.add("ROTATION_TARGETS", f"is not JSON ({problem})")
        return ()
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        problems.add("ROTATION_TARGETS", "is not a JSON array of objects")
        return ()
    targets = [
        target_from_fields(entry, f"ROTATION_TARGETS[{n}]", defaults, problems) for n, entry in enumerate(entries)
    ]
    found = tuple(target for target in targets if target is not None)
    _check_claims(found, problems)
    return found


def _check_claims(targets: tuple[Target, ...], problems: Problems) -> None:
    """Add a problem for each name, account or secret that two targets have: all names, then accounts, then secrets."""
    taken: set[Claim] = set()
    for of_one_kind in zip(*map(claims, targets), strict=True):
        for claim in of_one_kind:
            if claim in taken:
                problems.add("ROTATION_TARGETS", f"two targets have the {claim.kind} {claim.text}")
            taken.add(claim)
