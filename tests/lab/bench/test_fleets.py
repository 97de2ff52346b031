"""The bounds that the bench compares with, what it counts, and the Azure that it starts for a fleet."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from lab.bench.fleets.bounds import Bound, arm_seconds, azure_bound, vault_seconds
from lab.bench.fleets.cases import Case, Plan, cases
from lab.bench.fleets.leaks import LeakRow
from lab.bench.fleets.measured import Figures, FleetRow, azures_bound, counted
from lab.bench.fleets.processes import an_azure
from lab.bench.fleets.site import schedule
from lab.bench.fleets.table import FLEETS, LEAKS, head, line
from lab.funchost.ncrontab import parse_schedule

FIGURES = Figures(rotated=500, looked=500, given_up=2, failed=1, calls=4000, refused=40, writes={}, seconds=143)


def case(name: str) -> Case:
    return next(one for one in cases(full=True) if one.name == name)


@pytest.mark.parametrize(("writes", "seconds"), [(0, 0), (200, 0), (201, 0.1), (1500, 130), (6000, 580)])
def test_writes_beyond_the_bucket_take_a_tenth_of_a_second_each(writes: int, seconds: float) -> None:
    assert arm_seconds(writes) == pytest.approx(seconds)


@pytest.mark.parametrize(("versions", "seconds"), [(0, 0), (300, 0), (301, 10), (600, 10), (601, 20)])
def test_a_vault_takes_300_versions_at_once_and_then_after_every_ten_seconds(versions: int, seconds: float) -> None:
    assert vault_seconds(versions) == seconds


@pytest.mark.parametrize(("versions", "seconds"), [(60, 0), (66, 1), (300, 40)])
def test_beside_another_program_the_app_has_the_rest_of_the_vault(versions: int, seconds: float) -> None:
    assert vault_seconds(versions, others=24) == pytest.approx(seconds)


def test_azures_bound_is_that_of_the_slowest_subscription_or_vault_after_the_pages() -> None:
    assert azure_bound([300, 500], [10]) == 30
    assert azure_bound([300], [601]) == 20
    assert azure_bound([], [], pages=60) == 60
    assert azure_bound([300], [10], pages=5) == 15


@pytest.mark.parametrize(
    ("name", "seconds"),
    [("one", 130), ("two", 130), ("ten", 40), ("vault", 0), ("shared", 40), ("pages", 60), ("first", 580)],
)
def test_each_fleet_of_the_full_bench_has_its_bound(name: str, seconds: float) -> None:
    found = case(name)
    looked = {found.plan.subscription(0): 6000} if name == "first" else {}
    assert azures_bound(found, replace(FIGURES, writes=looked)) == pytest.approx(seconds)


def test_a_measurement_is_compared_with_the_larger_bound() -> None:
    assert (Bound(130).seconds, Bound(130, 35).seconds, Bound(40, 100).seconds) == (130, 130, 100)
    assert FleetRow(case("one"), 1, FIGURES, Bound(0)).cells()[-1] == "-"


def entry(operation: str, target: str, status: int = 200, **facts: object) -> dict[str, object]:
    service = operation.partition(".")[0]
    known = {"service": service, "operation": operation, "target": target, "status": status, "effect": status == 200}
    return {**known, "time": 1.0, "done": 2.0, **facts}


def test_targets_writes_and_refusals_are_counted_from_the_records_of_azure() -> None:
    account = "/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/a"
    entries = [
        entry("kv.getSecret", "vault/secrets/a", 401),
        entry("arm.getAccount", account),
        entry("arm.listKeys", account, 429),
        entry("arm.listKeys", account),
        entry("arm.regenerateKey", account),
        entry("kv.setSecret", "vault/secrets/a", 429),
        entry("kv.setSecret", "vault/secrets/a"),
        entry("kv.setSecret", "vault/secrets/a"),
        entry("blob.put", "/lease", done=99.0),
    ]
    failed = {"event": {"type": "KeyRotation.RotationFailed", "source": account}}
    rotated = {"event": {"type": "KeyRotation.KeyRotated", "source": account}}
    found = counted(entries, [failed, failed, rotated], given_up=3, took=5, ticks=2)
    assert found == Figures(1, 1, 3, 1, calls=7, refused=2, writes={"s": 2}, seconds=5, ticks=2)


def test_a_line_shows_shares_and_a_ratio_only_if_all_were_rotated() -> None:
    row = FleetRow(case("one"), 2, FIGURES, Bound(130, 35))
    start = "| 500 due in one subscription | 2 | 500 | 500 rotated | 2 / 1 | "
    assert line(row.cells()) == start + "40 of 4000 (1.0 %) | 143 s | 130 s | 35 s | 1.10 |"
    some = FleetRow(row.case, 1, replace(FIGURES, rotated=499, ticks=2), Bound(130))
    assert some.cells()[6:] == ("143 s in 2 ticks", "130 s", "-", "not all")
    first = FleetRow(case("first"), 1, replace(FIGURES, rotated=0), Bound(100))
    assert (first.cells()[2:4], first.cells()[-1]) == (("-", "500 looked at"), "1.43")
    assert head(FLEETS).count("|") == 2 * (len(row.cells()) + 1)


def test_a_leak_is_compared_with_the_calls_that_are_needed() -> None:
    row = LeakRow(20, "resource id", ended=2.4, answered=3.6, status=200)
    assert row.cells() == ("20", "resource id", "2.4 s", "3.6 s (200)", "1.6 s", "1.50")
    assert replace(row, ended=None, status=202).cells()[2:] == ("never", "3.6 s (202)", "1.6 s", "-")
    assert len(row.cells()) == len(LEAKS)


def test_accounts_are_spread_over_subscriptions_and_the_last_are_in_the_last_one() -> None:
    plan = Plan(5, 3, last=2)
    assert [plan.subscription(number)[-1] for number in range(5)] == ["0", "1", "2", "2", "2"]


def test_without_limits_a_fleet_is_spread_so_far_that_nothing_need_wait() -> None:
    alone = case("one").plan.alone()
    assert (alone.subscriptions, alone.vaults, alone.limits) == (13, 25, False)
    crowded = case("shared").plan.alone()
    assert (crowded.subscriptions, crowded.vaults, crowded.others) == (10, 15, 0)
    assert case("pages").plan.alone() == replace(case("pages").plan, limits=False)


@pytest.mark.parametrize("minute", [0, 9, 59])
def test_the_timer_itself_is_due_nearly_ten_minutes_later(minute: int) -> None:
    now = datetime(2026, 11, 29, 12, minute, 5, tzinfo=UTC)
    due = parse_schedule(schedule(now)["ROTATION_SCHEDULE"])
    assert due.next_after(now) - now == timedelta(minutes=10, seconds=-15)


async def test_a_fleet_is_served_with_its_keys_published_its_limits_and_its_delays() -> None:
    plan = Plan(4, 2, 2, strangers=3, delays={"arm.*": 0.5}, others=24)
    async with an_azure(plan) as azure, aiohttp.ClientSession() as session:

        async def look(path: str) -> dict:
            async with session.get(azure.control + path) as answer:
                return await answer.json()

        state = await look("/state")
        rules = (await look("/faults"))["faults"]
        assert (await look("/journal"))["entries"] == []
    assert azure.settings["ROTATION_SUBSCRIPTIONS"].split(",") == [plan.subscription(0), plan.subscription(1)]
    assert azure.settings["ROTATION_VAULTS"].split(",") == [vault["url"] for vault in state["vaults"]]
    published = [sorted(vault["secrets"]) for vault in state["vaults"]]
    strangers = [f"a-secret-of-somebody-0000{number}" for number in range(3)]
    assert published == [
        [*strangers, "account-00000-key", "account-00002-key"],
        ["account-00001-key", "account-00003-key"],
    ]
    assert [account["tags"]["key-rotation-vault"] for account in state["accounts"]] == 2 * [
        vault["url"] for vault in state["vaults"]
    ]
    assert [(rule["operation"], rule["seconds"], rule["times"]) for rule in rules] == [("arm.*", 0.5, 0)]
    assert state["throttling"] is True
