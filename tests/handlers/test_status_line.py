"""Each check logs one line about what needs doing, and never fails for it."""

import json
import logging

import pytest

from lab.simulation.dates import hours
from lab.simulation.stage import Stage, a_stage
from shared.findings.codes import Code
from shared.findings.facts import Facts
from shared.findings.gather import gather_shown
from shared.findings.status import status_of
from shared.fleet.rotation import Rotation
from shared.handlers import status_line
from shared.handlers.status_line import line_of, log_status


async def a_stage_with_a_sunset_tomorrow() -> Stage:
    stage = a_stage(sunset=a_stage().now + hours(20))
    await stage.tick()
    await stage.tick()
    return stage


def the_line(caplog: pytest.LogCaptureFixture) -> dict[str, object]:
    [line] = [one.getMessage() for one in caplog.records if one.getMessage().startswith("status: ")]
    return json.loads(line.removeprefix("status: "))


async def test_the_line_counts_the_findings_that_the_page_shows(caplog: pytest.LogCaptureFixture) -> None:
    stage = await a_stage_with_a_sunset_tomorrow()
    app = stage.rotation()
    stage.world.journal.clear()
    with caplog.at_level(logging.INFO):
        await log_status(app, await app.surveyor._view())
    assert not stage.world.journal.count("arm.listEventSubscriptions")
    facts, found = await gather_shown(app)
    shown = status_of(facts, [one for one in found if one.code is not Code.NOBODY_LISTENS])  # it asks nobody for that
    assert the_line(caplog) == json.loads(line_of(shown))
    assert the_line(caplog)["toDo"] == {group.code: len(group.findings) for group in shown.to_do}
    assert "sunset-near" in the_line(caplog)["toDo"]  # type: ignore[operator]
    assert not stage.world.journal.count("arm.listKeys")


async def test_a_check_does_not_fail_if_the_line_cannot_be_made(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(app: Rotation, view: object) -> Facts:
        raise KeyError("a fault")

    monkeypatch.setattr(status_line, "gather_kept", broken)
    app = a_stage().rotation()
    await log_status(app, await app.surveyor._view())
    assert "what the check found could not be summed up: KeyError" in caplog.text
