"""A digest of a plan that a page has shown, so that another plan is never carried out in its place."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from shared.decide.situation import Situation
from shared.decide.steps import Wait
from shared.domain.requests import (
    ArmRequest,
    EndTrialRequest,
    HoldRequest,
    LeakRequest,
    Request,
    RotateRequest,
    TrialRequest,
)
from shared.turns.report import Row

UNSEEN = "unseen"  # in place of a digest: what would happen could not be shown


def digest(row: Row | None, request: Request) -> str:
    """Return a digest of what a row says would be done for a request: 64 characters, or `UNSEEN` without a plan.

    It covers what was asked (which key, how long to wait, which deployment, how long a trial or a hold), the account,
    the plan's sentence, reason and steps, both keys by their fingerprints, the version that is published, and what
    speaks against a trial. It covers neither why the person asks for it, nor the rest of a wait, nor the first moment
    at which a trial can start: these are others at each moment. So the sentences of trials and holds do not count.
    """
    if row is None or row.plan is None or row.situation is None:
        return UNSEEN
    steps = ["wait" if isinstance(step, Wait) else str(step) for step in row.plan.steps]
    says = "" if isinstance(request, TrialRequest | HoldRequest) else row.plan.why
    plan = [row.plan.reason, says, steps]
    facts = [request.kind, _meant(request), str(row.target.account).casefold(), plan]
    return hashlib.sha256(json.dumps([*facts, *_seen(row.situation)]).encode()).hexdigest()


def _meant(request: Request) -> list[str]:
    if isinstance(request, LeakRequest):
        return [str(request.key), str(request.wait)]
    if isinstance(request, RotateRequest):
        return ["ends the other key"] if request.end_other else []
    if isinstance(request, TrialRequest):
        return [str(request.length), str(request.starts), str(request.despite_copies)]
    if isinstance(request, HoldRequest):
        return [str(request.until)]
    if isinstance(request, EndTrialRequest):
        return [str(request.despite_leak)]
    return [request.deployment.text()] if isinstance(request, ArmRequest) else []


def _seen(situation: Situation) -> list[Any]:
    seen, publication = situation.seen, situation.seen.publication
    check = seen.trial_check
    against = [sorted(check.copies), sorted(check.blockers)] if check.copies or check.blockers else []
    version, value = (publication.version, publication.value) if publication else (None, None)
    return [dict(seen.keys), version, value, *against]
