"""A deployment is reported over HTTP: every target that waits for it gets a turn, and the answer says what follows."""

from __future__ import annotations

import logging

from shared.domain.names import LOGGER
from shared.fleet.enrolment import message_for
from shared.fleet.rotation import Rotation
from shared.handlers.incoming import Incoming
from shared.handlers.reach import reach_of_deployer, within
from shared.web.bodies import Deployment
from shared.web.callers import Caller, Role
from shared.web.responses import Reply, deployment_data, problem, retry_after

log = logging.getLogger(LOGGER)


async def deployed(app: Rotation, incoming: Incoming, caller: Caller) -> Reply:
    """Queue a turn for each target that waits for the deployment.

    If some targets could not be read, the answer is 503, so that the pipeline sends the request again. The targets that
    were queued the first time do not rotate twice.
    """
    body = Deployment.read(incoming.body, incoming.headers)
    now = app.outside.clock.now()
    request = body.request(incoming.id, caller.name, now)
    waiting, listing = await app.waiting_for(body.environment)
    waiting, left_out = within(reach_of_deployer(caller), waiting)
    targets, sees = [one.target.name for one in waiting], caller.may(Role.READER)
    follows = await app.what_follows(waiting, listing, request) if sees and waiting else ()
    facts = deployment_data(body.environment, targets, listing.problems, left_out, follows, names=sees)
    why, count = request.reason or "no reason given", len(waiting)
    log.info("deployment to %s, reported by %s (%s): %d targets wait for it", body.environment, caller.name, why, count)
    queued = () if body.dry_run else tuple(message_for(one, now, request=request) for one in waiting)
    if listing.may_show_more and not body.dry_run:
        detail = "not every target could be read, so some may still wait for this deployment."
        again = "send the request again, with the same Idempotency-Key"
        later = problem(503, "TryLater", detail, **{**facts, "nextStep": again})
        return Reply(503, later.data, later.kind, retry_after(listing.problems) or {"Retry-After": "30"}, queued)
    return Reply(202 if queued else 200, facts, queued=queued)
