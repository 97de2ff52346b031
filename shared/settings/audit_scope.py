"""Where audit and readiness look for accounts beside the enrolled ones: `ROTATION_AUDIT_SCOPE`."""

from __future__ import annotations

import re
from dataclasses import dataclass

EVERYTHING = "all"
_GROUP = re.compile(r"[\w.()-]{1,90}")


@dataclass(frozen=True)
class AuditScope:
    """Where only those parts look that change nothing.

    groups: The names of management groups. Empty: everything that the app's identity can read.
    """

    groups: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The scope as people read it: "management group prod"."""
        if not self.groups:
            return "whatever Resource Graph shows"
        named = "management group" if len(self.groups) == 1 else "management groups"
        return f"{named} {', '.join(self.groups)}"


def audit_scope(text: str) -> AuditScope | None:
    """Read `all`, or names of management groups in a list with commas. Raises ValueError."""
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if EVERYTHING in (name.lower() for name in names):
        if len(names) > 1:
            raise ValueError(f"{EVERYTHING!r} stands alone; beside it no management group is named")
        return AuditScope()
    wrong = [name for name in names if not _GROUP.fullmatch(name)]
    if wrong:
        raise ValueError(f"{wrong[0][:100]!r} is not the name of a management group, nor {EVERYTHING!r}")
    return AuditScope(names) if names else None
