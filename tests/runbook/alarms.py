"""The alerts of infra/alerts.bicep, evaluated over the app's telemetry as Azure Monitor does."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from datetime import datetime

from lab.emulator.clock import Clock
from tests.runbook.event_grid import Deliveries
from tests.runbook.kusto import Row, ask, duration
from tests.runbook.page import DOCS

INFRA = DOCS.parent / "infra"
RULE = re.compile(
    r"name: '(?P<name>[\w-]+)'\s+says: '(?P<says>[^']*)'.*?loadTextContent\('(?P<query>[^']*)'\)"
    r"\s+window: '(?P<window>\w+)'.*?operator: '(?P<operator>\w+)'\s+threshold: (?P<threshold>\d+)",
    re.DOTALL,
)
SOURCE = (INFRA / "alerts.bicep").read_text()
RULES = {found["name"]: found.groupdict() for found in RULE.finditer(SOURCE)}
METRIC = re.compile(
    r"name: 'key-rotation-(?P<name>[a-z-]+)-\$\{topic.*?windowSize: '(?P<window>\w+)'"
    r".*?metricName: '(?P<metric>\w+)'.*?operator: '(?P<operator>\w+)'\s+threshold: (?P<threshold>\d+)",
    re.DOTALL,
)
METRICS = {found["name"]: found.groupdict() for found in METRIC.finditer(SOURCE)}


@dataclass
class Telemetry(logging.Handler):
    """What the host sends to Application Insights, with the times of the emulated Azure's clock.

    clock: The clock of the emulated Azure.
    deliveries: What Event Grid delivers to the app.
    traces: The rows of AppTraces: the app's log records.
    requests: The rows of AppRequests: one for each invocation.
    exceptions: The rows of AppExceptions: one for each failed invocation.
    """

    clock: Clock
    deliveries: Deliveries = field(default_factory=Deliveries)
    traces: list[Row] = field(default_factory=list)
    requests: list[Row] = field(default_factory=list)
    exceptions: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(logging.INFO)

    __hash__ = object.__hash__

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a log record of the app. Records of libraries are ignored."""
        if record.name.startswith(("key-rotation", "shared")):
            self.traces.append({"TimeGenerated": self.clock.utcnow(), "Message": record.getMessage()})

    def ended(self, name: str, error: Exception | None = None) -> None:
        """Record that an invocation ended. An error is worded as the Python worker words it."""
        now = self.clock.utcnow()
        self.requests.append({"TimeGenerated": now, "Name": name, "Success": error is None})
        if error is not None:
            text = f"Result: Failure\nException: {type(error).__name__}: {error}\nStack: ..."
            self.exceptions.append({"TimeGenerated": now, "InnermostMessage": text})

    def clear(self) -> None:
        """Forget everything so far."""
        for rows in (self.traces, self.requests, self.exceptions):
            rows.clear()

    @property
    def text(self) -> str:
        """All log messages and exceptions."""
        return "\n".join(
            [*(row["Message"] for row in self.traces), *(row["InnermostMessage"] for row in self.exceptions)]
        )

    def rings(self, alert: str) -> bool:
        """Return whether the alert fires now, over its own time window."""
        if alert in METRICS:
            return self._counts(METRICS[alert])
        rule, now = RULES[alert], self.clock.utcnow()
        since = now - duration(rule["window"])
        query = (INFRA / rule["query"]).read_text()
        tables = {"AppTraces": self.traces, "AppRequests": self.requests, "AppExceptions": self.exceptions}
        found = len(ask(query, {name: _after(rows, since) for name, rows in tables.items()}))
        few = rule["operator"] == "LessThan"
        return found < int(rule["threshold"]) if few else found > int(rule["threshold"])

    def _counts(self, rule: dict[str, str]) -> bool:
        """Return whether a metric is above its threshold within the alert's window."""
        assert (rule["metric"], rule["operator"]) == ("DeliveryAttemptFailCount", "GreaterThan")
        since = self.clock.utcnow() - duration(rule["window"])
        return len([one for one, _ in self.deliveries.failed if one > since]) > int(rule["threshold"])


def _after(rows: list[Row], since: datetime) -> list[Row]:
    return [row for row in rows if row["TimeGenerated"] > since]
