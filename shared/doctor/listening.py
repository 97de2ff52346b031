"""Check who listens to the announcements, with the commands that show it and fix it.

What is wrong is said by the findings that an audit has, too, so that both say the same.
"""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator

from shared.doctor import remedies
from shared.doctor.check import Check, Examination, failed, not_checked, passed
from shared.domain.model import Target
from shared.findings.codes import Code
from shared.findings.kinds import Finding
from shared.findings.listening import find_listeners


async def check_listeners(examination: Examination, targets: list[Target]) -> AsyncIterator[Check]:
    """Check that somebody listens to the topic and that deliveries succeed. No check if no topic is set."""
    outside = examination.rotation.outside
    if outside.listeners is None or examination.settings.topic is None:
        return
    found = await find_listeners(outside, targets)
    for finding in found:
        yield _check(examination, finding)
    if not found:
        names = ", ".join(one.name for one in (await outside.listeners.hearing(examination.now())).listening)
        yield passed("listeners", "announcements", f"Announcements of an end are delivered to: {names}.")


def _check(examination: Examination, finding: Finding) -> Check:
    topic = examination.settings.topic_id or "<topic-resource-id>"
    if finding.code is Code.LISTENERS_UNKNOWN:
        if examination.settings.topic_id is None:
            return not_checked(
                "listeners", finding.target, finding.says, remedies.set_settings("EVENT_GRID_TOPIC_ID=<id>")
            )
        grant = examination.remedies.assign(remedies.READER, remedies.topic(examination.settings.topic or ""))
        return not_checked("listeners", finding.target, finding.says, grant)
    if finding.code is Code.DELIVERIES_FAIL:
        return failed("listeners", finding.target, finding.says, see_deliveries(topic))
    return failed("listeners", finding.target, finding.says, listen(topic))


def listen(topic_id: str) -> str:
    """Return the command that adds a web hook to the topic's listeners."""
    return (
        f"az eventgrid event-subscription create --name <name> --source-resource-id {shlex.quote(topic_id)} "
        "--endpoint <https-url> --event-delivery-schema cloudeventschemav1_0"
    )


def see_deliveries(topic_id: str) -> str:
    """Return the command that shows how many deliveries failed, and why."""
    return (
        f"az monitor metrics list --resource {shlex.quote(topic_id)} --interval PT1H --aggregation Total "
        "--metrics DeliverySuccessCount DeliveryAttemptFailCount"
    )
