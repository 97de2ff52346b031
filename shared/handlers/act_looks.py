"""A target as it was looked at for an act on the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from shared.decide.limits import Judgement
from shared.decide.plan import Plan
from shared.domain.errors import RotationError
from shared.domain.requests import Request, RequestKind
from shared.fleet.rotation import Rotation
from shared.turns.report import Row
from shared.web.act_form import ActForm
from shared.web.shown_plan import UNSEEN, digest


@dataclass(frozen=True)
class Looked:
    """A target as it was looked at for an act.

    name: The target's name, which is typed to confirm.
    at: When that began, in UTC.
    request: The request that the form makes. None if something must be filled in first.
    wrong: What is wrong with what was filled in, by field.
    app: The app. None if its settings are invalid.
    row: The target, and what would be done now. None if it could not be looked up.
    error: Why it could not be looked up or decided about. None if it could.
    before: What earlier requests say about this one.
    """

    name: str
    at: datetime
    request: Request | None = None
    wrong: Mapping[str, str] = field(default_factory=dict)
    app: Rotation | None = None
    row: Row | None = None
    error: RotationError | None = None
    before: Judgement = field(default_factory=Judgement)

    @property
    def plan(self) -> Plan | None:
        """What would be done now. None if that is not known."""
        return self.row.plan if self.row else None

    @property
    def digest(self) -> str:
        """The digest of the plan."""
        return digest(self.row, self.request) if self.request else UNSEEN

    def is_as_in(self, form: ActForm) -> bool:
        """Return whether the plan is the one that the form's person saw. Only a leak may be reported without one."""
        return self.digest == form.plan and (self.plan is not None or form.kind is RequestKind.LEAK)
