"""What a person decides about a target, as the runbook says it: trials, holds, what follows a deployment."""

import re
from datetime import timedelta
from typing import Any

import pytest

from tests.runbook.auditing import found, is_found, is_gone
from tests.runbook.site import Site

entry = pytest.mark.entry
END = "python -m cli trial <name> --end"
DESPITE = "python -m cli trial <name> --end --despite-leak"
LIFT = "python -m cli hold <name> --lift"
STATUS = "python -m cli status <name>"


async def begin_a_trial(site: Site) -> None:
    """Plan a trial, and let time pass until keys are off."""
    await site.settle()
    planned = await site.type("python -m cli trial chat --for 4h --reason drill --confirm chat")
    assert planned.code == 0, planned.text
    await site.tick()
    site.world.clock.advance(timedelta(hours=25).total_seconds())
    await site.tick()
    assert site.account().disable_local_auth


@entry("Audit: trial-cannot-end")
async def test_a_trial_that_cannot_end_is_reported_until_keys_can_be_switched_on(site: Site) -> None:
    await begin_a_trial(site)
    site.account().fixed_off = True
    site.world.clock.advance(timedelta(hours=5).total_seconds())
    await site.tick()
    await is_found(site)
    site.account().fixed_off = False
    assert (await site.run(END, name="chat")).code == 0
    assert not site.account().disable_local_auth
    assert site.works()
    await is_gone(site)


@entry("Audit: trial-waits-for-you")
async def test_a_leak_that_cannot_be_ended_during_a_trial_waits_for_a_person(site: Site) -> None:
    await begin_a_trial(site)
    out = site.vault.get_secret("chat-key").value
    site.account().regenerates_while_off = False
    await site.type("python -m cli leak chat --key live")
    await is_found(site)
    site.world.clock.advance(timedelta(hours=9).total_seconds())
    await site.tick()
    assert site.account().disable_local_auth
    await site.run(DESPITE, name="chat")
    for _ in range(3):
        site.world.clock.advance(3600)
        await site.tick()
    assert not site.account().disable_local_auth
    assert site.ended(out)
    assert site.works()
    await is_gone(site)


@entry("Audit: trial-runs")
async def test_a_trial_that_runs_is_reported_until_it_ends(site: Site) -> None:
    await begin_a_trial(site)
    await is_found(site)
    await site.run(END, name="chat")
    assert site.works()
    await is_gone(site)


@entry("Audit: on-hold")
async def test_a_hold_is_reported_until_it_is_lifted(site: Site) -> None:
    await site.settle()
    await put_on_hold(site)
    await is_found(site)
    await site.run(LIFT, name="chat")
    await is_gone(site)


async def put_on_hold(site: Site) -> str:
    until = f"{site.world.clock.utcnow() + timedelta(days=30):%Y-%m-%dT%H:%M:%SZ}"
    assert (await site.type(f"python -m cli hold chat --until {until} --reason freeze")).code == 0
    return until


@entry("Audit: keys-off-by-others")
async def test_keys_that_somebody_else_switched_off_are_reported_until_they_are_on(site: Site) -> None:
    await site.settle()
    site.world.accounts.update(site.account().id, {"disable_local_auth": True})
    await site.look()
    await is_found(site)
    who, back = (one for one in site.entry.commands if one.startswith("az "))
    await site.run(who, account_id=site.account().id)
    await site.run(back, account_id=site.account().id)
    await site.look()
    assert site.works()
    await is_gone(site)


@entry("Try without keys")
async def test_a_trial_is_shown_planned_carried_out_and_ended(site: Site) -> None:
    await site.settle()
    shown, planned = (one for one in site.entry.commands if "--for 4h" in one)
    assert "noted" not in (await site.run(shown, name="chat", why="drill")).text
    answer = await site.run(planned, name="chat", why="drill")
    await site.tick()
    site.world.clock.advance(timedelta(hours=25).total_seconds())
    await site.tick()
    assert site.account().disable_local_auth
    assert site.announced("TrialAnnounced")
    assert (await site.run(END, name="chat")).code == 0
    await site.tick()
    assert site.works()
    assert site.announced("TrialStarted")
    assert site.announced("TrialEnded")
    assert "trial" not in (await site.run(STATUS, name="chat")).data["targets"][0]
    site.sees(f"{answer.data} KeyRotation: TrialAnnounced TrialStarted TrialEnded")


@entry("A key leaks during a trial")
async def test_a_key_that_leaks_during_a_trial_ends_before_keys_are_on_or_waits_for_a_person(site: Site) -> None:
    await begin_a_trial(site)
    out, site.account().regenerates_while_off = site.vault.get_secret("chat-key").value, True
    answer = await site.run("python -m cli leak <name> --key live", name="chat")
    await three_hours(site, 3)
    assert not site.account().disable_local_auth
    assert site.ended(out)
    assert site.works()
    await begin_a_trial(site)
    out, site.account().regenerates_while_off = site.vault.get_secret("chat-key").value, False
    await site.type("python -m cli leak chat --key live")
    await three_hours(site, 3)
    assert site.account().disable_local_auth
    waits = await site.type("python -m cli trial chat --end")
    site.sees(f"{answer.data} {waits.data}")
    await site.run(DESPITE, name="chat")
    await three_hours(site, 1)
    assert site.ended(out)
    assert site.works()
    assert not {"leak-not-ended", "trial-waits-for-you"} & await found(site)
    await site.run("python -m cli audit")


async def three_hours(site: Site, times: int) -> None:
    """Let some checks come, each three hours after the one before."""
    for _ in range(times):
        site.world.clock.advance(3 * 3600)
        await site.tick()


async def in_the_loop(site: Site, typed: str, shown: str) -> Any:
    """Run a command that the entry shows within a loop over names, for the one target, and return the result."""
    assert shown in site.entry.commands
    site.ran.append(shown)
    return await site.type(typed.replace('"$name"', "chat").replace("<why>", "freeze"), shown)


@entry("Change freeze")
async def test_a_change_freeze_lets_rotations_wait_until_it_is_lifted(site: Site) -> None:
    await site.settle()
    listed = await site.run("python -m cli status")
    named = await site.run("python -m cli status --json")
    assert "chat" in listed.text
    assert [one["target"] for one in named.data["targets"]] == ["chat"]
    set_, lift = (one for one in site.entry.commands if "hold" in one)
    until = f"{site.world.clock.utcnow() + timedelta(days=60):%Y-%m-%dT%H:%M:%SZ}"
    answer = await in_the_loop(site, re.sub("<moment, such as [^>]+>", until, set_), set_)
    before = site.vault.get_secret("chat-key").value
    await site.live_for(days=40, every=timedelta(days=1))
    assert site.vault.get_secret("chat-key").value == before
    site.sees(f"{answer.data} {(await site.type('python -m cli plan chat')).data}")
    await in_the_loop(site, lift, lift)
    await site.live_for(days=2, every=timedelta(days=1))
    assert site.vault.get_secret("chat-key").value != before
    await site.run("python -m cli audit")
    assert "on-hold" not in await found(site)


@entry("Flush out copied keys with a deployment")
async def test_both_old_values_end_with_a_deployment(site: Site) -> None:
    await site.settle()
    before = [key.value for key in site.account().keys.values()]
    arm, deployed = (one for one in site.entry.commands if "--environment" in one)
    armed = await site.run(arm, name="chat", environment="production")
    assert armed.code == 0, armed.text
    reported = await site.run(deployed, environment="production")
    await site.live_for(days=6, every=timedelta(hours=6))
    assert all(map(site.ended, before))
    assert site.works()
    site.sees(f"{armed.data} {reported.data}")
    await site.run(STATUS, name="chat")


@entry("End the other key with a rotation")
async def test_the_other_keys_value_ends_with_a_rotation_that_is_confirmed(site: Site) -> None:
    await site.settle()
    assert (await site.type("python -m cli rotate chat")).code == 0
    other = next(
        key.value for key in site.account().keys.values() if key.value != site.vault.get_secret("chat-key").value
    )
    waits = await site.type("POST /api/targets/<name>/rotate", body={}, name="chat")
    site.sees(f"{waits.status} {waits.body}")
    shown, done = (one for one in site.entry.commands if "--end-other-key " in one)
    await site.run(shown, name="chat")
    assert not site.ended(other)
    answer = await site.run(done, name="chat")
    assert answer.code == 0, answer.text
    assert answer.data["endedEarly"]
    assert site.ended(other)
    assert site.works()
    await site.run(STATUS, name="chat")
