"""A finding: one thing that is not as it should be. What its kind means stands in `meanings`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NotRequired, TypedDict

from shared.findings.codes import Code, Severity, Urgency
from shared.findings.meanings import MEANINGS, Meaning


class FindingData(TypedDict):
    """A finding in JSON. The field names are public."""

    code: Code
    severity: Severity
    urgency: Urgency
    target: str
    account: NotRequired[str]
    says: str
    consequence: str
    nextStep: str
    since: NotRequired[str]
    at: NotRequired[str]


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be.

    code: The kind of finding.
    target: What it is about: a target's name, an account's or a subscription's id, a setting, or `fleet`.
    says: The cause, as a sentence.
    special_step: What to do about this one. None for the step of its kind.
    special_urgency: How urgent this one is. None for the urgency of its kind.
    since: Since when it is so, in UTC. None if that is not known.
    at: When something ends because of it, in UTC. None if nothing ends at a known time.
    account: The resource id of the account that it is about. Empty if it is about none.
    special_severity: How serious this one is. None for the severity of its kind.
    """

    code: Code
    target: str
    says: str
    special_step: str | None = None
    special_urgency: Urgency | None = None
    since: datetime | None = None
    at: datetime | None = None
    account: str = ""
    special_severity: Severity | None = None

    @property
    def meaning(self) -> Meaning:
        """What all findings of its kind have in common."""
        return MEANINGS[self.code]

    @property
    def severity(self) -> Severity:
        """How serious it is."""
        return self.special_severity or self.meaning.severity

    @property
    def urgency(self) -> Urgency:
        """What a person does about it."""
        return self.special_urgency or self.meaning.urgency

    @property
    def next_step(self) -> str:
        """What to do about it, without a period at the end."""
        return self.special_step or self.meaning.next_step

    def data(self) -> FindingData:
        """Return the finding as JSON-ready data."""
        facts = FindingData(
            code=self.code,
            severity=self.severity,
            urgency=self.urgency,
            target=self.target,
            says=self.says,
            consequence=self.meaning.consequence,
            nextStep=self.next_step,
        )
        if self.account:
            facts["account"] = self.account
        if self.since is not None:
            facts["since"] = self.since.isoformat()
        if self.at is not None:
            facts["at"] = self.at.isoformat()
        return facts
