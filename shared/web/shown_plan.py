"""A digest of a plan that a page has shown, so that another plan is never carried out in its place."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from shared.decide.situation import Situation
from shared.decide.steps import Wait
from shared.domain.requests import ArmRequest, LeakRequest, Request
from shared.turns.report import Row

UNSEEN = "unseen"  # in place of a digest: what would happen could not be shown


def digest(row: Row | None, request: Request) -> str:
    """Return a digest of what a row says would be done for a request: 64 characters, or `UNSEEN` without a plan.

    It covers what was asked (which key, how long to wait, which deployment), the account, the plan's sentence, reason
    and steps, both keys by their fingerprints, and the version that is published. It covers neither why the person asks
    for it, nor the rest of a wait, which is another one at each moment.
    """
    if row is None or row.plan is None or row.situation is None:
        return UNSEEN
    steps = ["wait" if isinstance(step, Wait) else str(step) for step in row.plan.steps]
    plan = [row.plan.reason, row.plan.why, steps]
    facts = [request.kind, _meant(request), str(row.target.account).casefold(), plan]
    return hashlib.sha256(json.dumps([*facts, *_seen(row.situation)]).encode()).hexdigest()


def _meant(request: Request) -> list[str]:
    if isinstance(request, LeakRequest):
        return [str(request.key), str(request.wait)]
    return [request.deployment.text()] if isinstance(request, ArmRequest) else []


def _seen(situation: Situation) -> list[Any]:
    seen, publication = situation.seen, situation.seen.publication
    return [dict(seen.keys), publication.version if publication else None, publication.value if publication else None]
