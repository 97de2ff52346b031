"""Event Grid's deliveries to the app, past App Service authentication, and the metric that counts failed ones."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from tests.runbook.page import DOCS

# What Event Grid calls a function by (docs/facts.md, Events), and the answers that it does not try again after.
WEBHOOK = "/runtime/webhooks/EventGrid"
NAMES = {401: "Unauthorized", 404: "NotFound"}


def excluded_paths() -> list[str]:
    """Return the paths that the template excludes from authentication."""
    source = (DOCS.parent / "infra" / "app.bicep").read_text()
    listed = re.search(r"excludedPaths: \[(.*?)\]", source, re.DOTALL)
    assert listed is not None
    return re.findall(r"'([^']*)'", listed[1])


@dataclass
class Deliveries:
    """What Event Grid delivers to the app.

    excluded: The paths that App Service authentication lets through. Letters of another case are another path.
    functions: Whether the app has its functions.
    failed: The time and the error of each failed attempt.
    """

    excluded: list[str] = field(default_factory=excluded_paths)
    functions: bool = True
    failed: list[tuple[datetime, str]] = field(default_factory=list)

    def deliver(self, now: datetime) -> int:
        """Deliver one event and return the status of the answer. A failed attempt is counted."""
        status = 401 if WEBHOOK not in self.excluded else 200 if self.functions else 404
        if status != 200:
            self.failed.append((now, NAMES[status]))
        return status

    def listed(self) -> str:
        """Return the metric, as `az monitor metrics list` shows it with one row for each error."""
        errors = [error for _, error in self.failed]
        return "\n".join(f"DeliveryAttemptFailCount {error} {errors.count(error)}" for error in dict.fromkeys(errors))
