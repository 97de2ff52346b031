"""Pages beside the runbook: one setting names where people read it, and the other pages lie in the same place."""

from __future__ import annotations

import re

WITHOUT_KEYS = "without-keys"  # docs/without-keys.md
_RUNBOOK = re.compile(r"(/|%2F)runbook(\.\w+)?(?=/?$|[?&])", re.IGNORECASE)


def page_beside(runbook: str | None, page: str) -> str | None:
    """Return the address of another page of docs/, by its name without an ending.

    runbook: ROTATION_RUNBOOK_URL, such as `https://wiki.contoso.com/docs/runbook.md`. None if it is not set.

    None if it is not set, or if the runbook has another name there: then nobody knows the names of the other pages.
    """
    found = list(_RUNBOOK.finditer(runbook or ""))
    if runbook is None or not found:
        return None
    last = found[-1]
    return f"{runbook[: last.start()]}{last[1]}{page}{last[2] or ''}{runbook[last.end() :]}"
