"""What readiness costs a day for ten thousand accounts, as docs/readiness.md states it."""

from collections import Counter
from dataclasses import dataclass, field

from lab.simulation.dates import days, minutes
from lab.simulation.stage import a_stage
from shared.fleet.rotation import Rotation
from shared.readiness.daily import survey_if_due
from shared.readiness.kept import load_survey
from shared.readiness.log_settings import MOST_ASKED
from shared.readiness.survey import MOST_NOTES
from tests.support.surveys import FakeLogs, FakeReads, InMemory, a_usage, an_account, surveying

ACCOUNTS, CHECKS = 10_000, 144


@dataclass
class Day:
    """A day of checks every ten minutes, over many accounts of which a third logged no call."""

    surveys: InMemory = field(default_factory=InMemory)

    async def live(self) -> tuple[Rotation, FakeLogs, FakeReads, Counter[str]]:
        stage = a_stage()
        names = [f"account-{number:05}" for number in range(ACCOUNTS)]
        usage = a_usage(2, callers=2, until=stage.now)
        logs = FakeLogs(dict.fromkeys(names[: 2 * ACCOUNTS // 3], usage))
        reads = FakeReads([an_account(name, key_auth=number % 7 > 0) for number, name in enumerate(names)])
        app = surveying(stage, logs, self.surveys)
        stage.world.journal.clear()
        for _ in range(CHECKS):
            await survey_if_due(app, reads.read_only)
            await app.outside.clock.sleep(minutes(10))
        return app, logs, reads, Counter(one.operation for one in stage.world.journal.entries)


async def test_a_day_of_ten_thousand_accounts_costs_one_query_one_listing_and_a_bounded_number_of_reads() -> None:
    day = Day()
    app, logs, reads, calls = await day.live()
    assert logs.queries == 1
    assert reads.listed == 1
    assert len(reads.asked) == MOST_ASKED == 200
    assert (day.surveys.reads, day.surveys.writes) == (1, 1)
    assert calls["blob.put"] == 2, "that a survey was tried, and that it was made"
    assert calls["blob.get"] <= CHECKS + 2 + MOST_NOTES, "the note of each check, the view, and notes of keyless ones"
    assert calls["arm.getAccount"] == 1, "the target that no listing showed; 200 of them at most"
    others = {"blob.get", "blob.put", "blob.list", "arm.listAccounts", "kv.listSecrets"}
    assert set(calls) <= {"arm.getAccount", *others}
    kept, _ = await load_survey(app.outside.surveys)
    assert kept is not None
    assert len(kept.survey.entries) == ACCOUNTS + 1, "and the target that no listing showed"
    assert day.surveys.data is not None
    assert len(day.surveys.data) < 8_000_000, "bytes that are kept"
    assert app.outside.clock.now() - kept.survey.asked_at == days(1)
