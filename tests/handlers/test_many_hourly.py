"""Requests for many where ticks are an hour apart: what is queued and what is said goes by the real next tick."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from lab.simulation.dates import hours, minutes
from shared.domain.rates import Rates
from shared.handlers import timer_and_queue
from tests.handlers.test_many import ALL, begun, leak
from tests.support.many_site import ManySite, a_many_site

NUMBER = 30


@pytest.fixture
async def site(monkeypatch: pytest.MonkeyPatch) -> ManySite:
    """Return a site of 30 accounts half an hour after a tick of an hourly schedule, where Azure allows a write a
    second."""
    site = a_many_site(monkeypatch, NUMBER)
    site.stage.settings = replace(site.stage.settings, rates=Rates(arm_writes=1, secret_creations=1))
    await hourly(site)
    site.queue.clear()
    site.stage.pass_time(minutes(30))
    return site


async def hourly(site: ManySite) -> None:
    """Run the timer as a host does whose schedule is hourly."""
    site.start()
    now = site.stage.now
    await timer_and_queue.tick((now - hours(1)).isoformat(), now.isoformat(), past_due=False)


async def last_date(site: ManySite, body: dict[str, Any], name: str) -> timedelta:
    reply = await site.post({**body, "dry_run": True})
    assert reply is not None
    return datetime.fromisoformat(json.loads(reply.body)[name]) - site.stage.now


def body(**more: Any) -> dict[str, Any]:
    return {**ALL, "confirm": f"{NUMBER} targets", **more}


async def test_all_leaks_leave_with_the_request_and_none_waits_for_the_tick(site: ManySite) -> None:
    wanted = leak("both", confirm=f"{NUMBER} targets")
    within = await last_date(site, wanted, "deadBy")
    assert within < minutes(4), "4 writes each, one a second, and 15 at once"
    id_ = await begun(site, wanted)
    assert len(site.queue) == NUMBER
    assert datetime.fromisoformat((await site.status(id_))["deadBy"]) - site.stage.now == within


async def test_leaks_that_do_not_fit_before_the_tick_leave_as_well(site: ManySite) -> None:
    site.stage.pass_time(minutes(29))
    await begun(site, leak("both", confirm=f"{NUMBER} targets"))
    assert len(site.queue) == NUMBER, "in case the tick is late"
    assert max(begins for begins, *_ in site.queue) - site.stage.now < minutes(5)


async def test_the_dates_of_a_rotation_count_from_the_tick_that_really_comes(site: ManySite) -> None:
    assert minutes(30) < await last_date(site, body(), "doneBy") < minutes(34)
    id_ = await begun(site, body())
    assert datetime.fromisoformat((await site.status(id_))["doneBy"]) > site.stage.now + minutes(30)
    site.queue.clear()
    site.stage.pass_time(minutes(30))
    await hourly(site)
    assert datetime.fromisoformat((await site.status(id_))["doneBy"]) > site.stage.now + minutes(60)
