"""What a turn and a tick cost: no more calls than section 6 of the design allows, counted by the emulator."""

import json
import ssl
from collections import Counter
from datetime import timedelta

import pytest

from lab.emulator.serve import Azure
from shared.domain.model import Target
from shared.domain.requests import RotateRequest
from shared.turns.report import Result
from tests.support.real_parts import Parts, parts_over

DAY = timedelta(days=1)
ORDERS = 1  # the note of standing orders, which a turn reads before it acts (docs/decisions/0035)
MOST = 12  # account read or list, listKeys, secret read, regenerate, 2 proofs, write, look back (2), publish, lease (2)


async def adopted(parts: Parts) -> Target:
    """Adopt a target, so that tokens, connections and clients exist, and return it."""
    target = parts.target()
    outcome = await parts.rotation.turn(target)
    assert outcome.result is Result.DONE, outcome
    return target


async def test_a_turn_that_rotates_makes_these_twelve_calls_and_reads_its_orders(parts: Parts) -> None:
    target = await adopted(parts)
    for days in (31, 4):  # a rotation, and the end of the key before it
        parts.azure.world.clock.advance(timedelta(days=days).total_seconds())
        await parts.rotation.turn(target)
    parts.azure.world.clock.advance(timedelta(days=27).total_seconds())
    before = parts.mark()
    outcome = await parts.rotation.turn(target)
    assert outcome.done == ("regenerate key1", "prove key1", "publish key1 (rotated)"), outcome
    assert Counter(parts.names(since=before)) == {
        "blob.lease.acquire": 1,
        "blob.lease.release": 1,
        "kv.getSecret": 2,
        "arm.listKeys": 2,
        "arm.regenerateKey": 1,
        "aoai.models": 2,
        "kv.setSecret": 1,
        "eg.publish": 1,
        "kv.updateSecret": 1,
        "blob.get": ORDERS,
    }
    assert len(parts.names(since=before)) == MOST + ORDERS


async def test_a_turn_with_nothing_to_do_makes_at_most_half_as_many_calls(parts: Parts) -> None:
    target = await adopted(parts)
    before = parts.mark()
    outcome = await parts.rotation.turn(target)
    assert outcome.result is Result.NOTHING, outcome
    assert Counter(parts.names(since=before)) == {
        "blob.lease.acquire": 1,
        "blob.lease.release": 1,
        "kv.getSecret": 1,
        "arm.listKeys": 1,
    }
    assert len(parts.names(since=before)) <= MOST // 2


async def test_a_turn_that_retires_regenerates_once_and_neither_proves_nor_publishes_a_key(parts: Parts) -> None:
    target = await adopted(parts)
    parts.azure.world.clock.advance(timedelta(days=31).total_seconds())
    assert "publish key2 (rotated)" in (await parts.rotation.turn(target)).done
    parts.azure.world.clock.advance((4 * DAY).total_seconds())
    before = parts.mark()
    outcome = await parts.rotation.turn(target)
    assert outcome.done == ("regenerate key1",), outcome
    assert Counter(parts.names(since=before)) == {
        "blob.get": 1 + ORDERS,  # one says whether these marks were taken back
        "blob.lease.acquire": 1,
        "blob.lease.release": 1,
        "kv.getSecret": 1,
        "arm.listKeys": 1,
        "arm.regenerateKey": 1,
        "eg.publish": 1,
        "kv.updateSecret": 1,
    }


async def test_a_turn_that_adopts_makes_at_most_two_more_calls_than_one_that_rotates(parts: Parts) -> None:
    await adopted(parts)
    before = parts.mark()
    outcome = await parts.rotation.turn(parts.target(2))
    assert "publish key1 (adopted)" in outcome.done
    calls = [name for name in parts.names(since=before) if name not in ("blob.put", "blob.container.create")]
    assert len([name for name in calls if not name.startswith("kv.getDeleted")]) <= MOST + ORDERS + 2, calls


async def test_a_dry_run_takes_no_lease_and_changes_nothing(parts: Parts) -> None:
    target = await adopted(parts)
    before = parts.mark()
    row = await parts.rotation.plan_turn(target, RotateRequest())
    assert row.plan is not None
    assert Counter(parts.names(since=before)) == {"kv.getSecret": 1, "arm.listKeys": 1, "blob.get": ORDERS}


def enrol(azure: Azure, count: int) -> None:
    """Add tagged accounts, each with a publication in the vault."""
    world = azure.world
    vault = next(iter(world.vaults.values()))
    for number in range(count):
        world.accounts.add(f"fleet-{number:03}", tags={"key-rotation": "on"})
        vault.set_secret(f"fleet-{number:03}-key", "a value nobody reads")


async def test_a_tick_over_tagged_targets_makes_one_call_for_each_page(parts: Parts) -> None:
    enrol(parts.azure, 60)
    now = parts.rotation.outside.clock.now()
    found = await parts.rotation.tick(now - timedelta(minutes=10), now)
    assert len(found.turns) + found.quiet == 60, found
    # The leaks on record, standing orders, what Azure asked to wait for, and failures are listed once each; the view is
    # read and written. 60 secrets are 3 pages of 25; 62 accounts are a page.
    listed = {"kv.listSecrets": 3, "arm.listAccounts": 1, "blob.list": 4}
    assert Counter(parts.names()) == {**listed, "blob.get": 1, "blob.put": 2, "blob.container.create": 1}


async def test_a_process_reads_once_who_owned_accounts_and_only_if_one_has_an_owner(parts: Parts) -> None:
    enrol(parts.azure, 1)
    now = parts.rotation.outside.clock.now()
    await parts.rotation.tick(now - timedelta(minutes=10), now)
    assert parts.names().count("blob.get") == 1  # the view
    parts.azure.world.accounts.named("fleet-000").tags["key-rotation-owner"] = "a team"
    await parts.rotation.tick(now, now + timedelta(minutes=10))
    assert parts.names().count("blob.get") >= 3
    parts.azure.world.journal.clear()
    await parts.rotation.tick(now, now + timedelta(minutes=10))
    assert (parts.names().count("blob.get"), parts.names().count("blob.put")) == (1, 1)


@pytest.mark.parametrize(("count", "pages"), [(1, 1), (25, 1), (26, 2)])
async def test_a_tick_over_explicit_targets_reads_no_account(azure: Azure, count: int, pages: int) -> None:
    enrol(azure, count)
    ids = [one.id for one in azure.world.accounts if one.name.startswith("fleet")]
    explicit = json.dumps([{"account": one} for one in ids])
    async with parts_over(azure, ROTATION_TARGETS=explicit, ROTATION_SUBSCRIPTIONS="") as parts:
        now = parts.rotation.outside.clock.now()
        found = await parts.rotation.tick(now - timedelta(minutes=10), now)
        assert len(found.turns) + found.quiet == count
        blobs = {"blob.list": 4, "blob.get": 1, "blob.put": 2, "blob.container.create": 1}
        assert Counter(parts.names()) == {"kv.listSecrets": pages, **blobs}


async def test_a_process_creates_only_one_tls_context(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    create = ssl.SSLContext.__new__

    def counting(kind: type, *rest: object) -> ssl.SSLContext:
        made.append(kind.__name__)
        return create(kind, *rest)

    monkeypatch.setattr(ssl.SSLContext, "__new__", counting)
    async with parts_over(azure) as parts:
        for number in (1, 2):
            assert (await parts.rotation.turn(parts.target(number))).result is Result.DONE
        assert parts.connections.shared.connector._ssl is parts.connections.proving.connector._ssl
    assert len(made) == 1, made


async def test_the_calls_of_a_turn_share_connections_and_only_proofs_open_new_ones(parts: Parts) -> None:
    target = await adopted(parts)
    opened: list[object] = []
    for name in ("shared", "proving"):
        connector = getattr(parts.connections, name).connector
        create = connector._create_connection

        async def counting(request: object, *rest: object, _create=create, _name=name) -> object:  # type: ignore[no-untyped-def]
            opened.append(_name)
            return await _create(request, *rest)

        connector._create_connection = counting
    outcome = await parts.rotation.turn(target, RotateRequest(id="one"))
    assert outcome.result in (Result.DONE, Result.HELD), outcome
    assert "shared" not in opened, opened
    assert (await parts.rotation.turn(parts.target(2))).result is Result.DONE
    assert opened == ["proving", "proving"], opened
