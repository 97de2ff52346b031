"""A survey names every account in sight, and calls none ready because something was silent."""

from dataclasses import replace
from typing import Any

import pytest

from lab.simulation.builders import a_publication, a_target
from lab.simulation.dates import days, hours
from lab.simulation.stage import Stage, a_stage
from shared.domain.errors import FixConfiguration, GrantRole, TryLater
from shared.domain.model import AccountId
from shared.domain.readiness import Stage as Way
from shared.domain.readiness import Verdict
from shared.ports import Account
from shared.readiness.entries import MOST_KEPT, InSight
from shared.readiness.kept import KeptSurvey
from shared.readiness.kinds import Entry
from shared.readiness.ports import LogSetting
from shared.readiness.survey import make_survey, without_logs
from shared.readiness.unlisted import MOST_READ, read_unlisted
from shared.turns.keyless import note_withdrawn
from shared.turns.report import Row
from tests.support.surveys import FakeLogs, FakeReads, a_usage, an_account, an_id, surveying


async def surveyed(
    stage: Stage, logs: FakeLogs | None, reads: FakeReads, before: KeptSurvey | None = None
) -> KeptSurvey:
    return await make_survey(surveying(stage, logs), reads.read_only, before)


async def entry(stage: Stage, name: str, logs: FakeLogs | None, reads: FakeReads) -> Entry:
    kept = await surveyed(stage, logs, reads)
    return next(one for one in kept.survey.entries if one.name == name)


async def test_an_account_with_calls_by_identity_alone_is_ready_with_the_step_that_fits_it() -> None:
    stage = a_stage(owner="team")
    reads = FakeReads([an_account("chat"), an_account("nobodys")])
    usage = a_usage(until=stage.now)
    kept = await surveyed(stage, FakeLogs({"chat": usage, "nobodys": usage}), reads)
    chat, nobodys = kept.survey.entries
    assert (chat.target, chat.owner, chat.readiness.verdict) == ("chat", "team", Verdict.READY)
    assert "key-rotation-sunset" in chat.readiness.next_step
    assert (nobodys.target, nobodys.readiness.verdict) == (None, Verdict.READY)
    assert "properties.disableLocalAuth=true" in nobodys.readiness.next_step
    assert (kept.survey.since, kept.survey.until) == (usage.since, usage.until)
    assert kept.survey.counts()[Way.READY] == 2
    assert not reads.asked, "settings are asked only where no call was logged"


async def test_a_ready_target_whose_end_is_agreed_needs_no_step() -> None:
    stage = a_stage(sunset=a_stage().now + days(200))
    found = await entry(stage, "chat", FakeLogs({"chat": a_usage(until=stage.now)}), FakeReads([an_account("chat")]))
    assert (found.readiness.next_step, found.sunset) == ("", stage.target.sunset)


async def test_an_account_with_key_calls_is_used_and_keeps_its_first_callers() -> None:
    stage = a_stage()
    usage = a_usage(7, callers=MOST_KEPT + 3, until=stage.now)
    found = await entry(stage, "chat", FakeLogs({"chat": usage}), FakeReads([an_account("chat")]))
    assert found.readiness.says == f"used by {MOST_KEPT + 3} callers"
    assert found.usage is not None
    assert (len(found.usage.callers), found.usage.more_callers) == (MOST_KEPT, 3)


async def test_an_account_without_a_subdomain_cannot_take_an_identity_whatever_its_calls_are() -> None:
    stage = a_stage()
    reads = FakeReads([an_account("chat", takes_identity=False)])
    found = await entry(stage, "chat", FakeLogs({"chat": a_usage(until=stage.now)}), reads)
    assert found.readiness.verdict is Verdict.CANNOT


@pytest.mark.parametrize(
    ("settings", "because", "step"),
    [
        ((), "it has no diagnostic setting", "az monitor diagnostic-settings create"),
        ((LogSetting("audit-only"),), "its diagnostic setting audit-only sends no log of calls", "diagnostic-settings"),
        ((LogSetting("a"), LogSetting("b")), "its diagnostic settings a, b send no log of calls", "RequestResponse"),
        (
            (LogSetting("all", ("/workspace",), has_request_log=True),),
            "no call of any kind was logged, although its diagnostic setting all sends the log of calls",
            "call the account once by identity",
        ),
    ],
)
async def test_silence_is_explained_by_the_diagnostic_settings(
    settings: tuple[LogSetting, ...], because: str, step: str
) -> None:
    reads = FakeReads([an_account("chat")], {"chat": settings})
    found = await entry(a_stage(), "chat", FakeLogs({"other": a_usage()}), reads)
    assert found.readiness.verdict is Verdict.UNKNOWN
    assert because in found.readiness.says
    assert step in found.readiness.next_step


async def test_a_missing_right_to_read_settings_is_said_of_the_accounts_and_is_no_problem() -> None:
    reads = FakeReads([an_account("chat")], refuses=GrantRole("chat", "403."))
    kept = await surveyed(a_stage(), FakeLogs(), reads)
    assert kept.survey.problems == ()
    assert "readinessReader" in kept.survey.entries[0].readiness.next_step


async def test_settings_that_cannot_be_read_are_said_and_are_one_problem() -> None:
    accounts = [an_account("chat"), *(an_account(f"other-{number}") for number in range(40))]
    reads = FakeReads(accounts, refuses=FixConfiguration("settings", "403 refused."))
    kept = await surveyed(a_stage(), FakeLogs(), reads)
    assert [str(one.what) for one in kept.survey.problems] == ["403 refused."]
    assert len(reads.asked) == 16, "if all of those asked side by side fail, the others are not asked"
    assert {one.readiness.verdict for one in kept.survey.entries} == {Verdict.UNKNOWN}
    assert sum("cannot be read" in one.readiness.says for one in kept.survey.entries) == 16


@pytest.mark.parametrize("verdicts", [{Verdict.UNKNOWN, Verdict.KEYLESS}])
async def test_without_an_answer_of_the_logs_every_account_with_keys_is_unknown(verdicts: set[Verdict]) -> None:
    reads = FakeReads([an_account("chat"), an_account("off", key_auth=False)])
    refused = FakeLogs(error=TryLater("workspace w", "could not count: only a part.", "wait"))
    for logs, because in ((None, "no log of its calls is configured"), (refused, "could not count: only a part")):
        kept = await surveyed(a_stage(), logs, reads)
        assert {one.readiness.verdict for one in kept.survey.entries} == verdicts
        assert because in kept.survey.entries[0].readiness.says
        assert (kept.survey.since, kept.survey.until) == (None, None)
        assert not reads.asked
    assert refused.error in kept.survey.problems


async def test_a_target_that_cannot_be_seen_at_all_is_unknown_unless_its_keys_are_seen_in_use() -> None:
    stage = a_stage()
    stage.world.faults.add("arm.getAccount", "status", status=403, code="AuthorizationFailed", times=0)
    used = await entry(stage, "chat", FakeLogs({"chat": a_usage(3, until=stage.now)}), FakeReads())
    assert used.readiness.verdict is Verdict.USED
    for told in ({}, {"chat": a_usage(until=stage.now)}):
        found = await entry(stage, "chat", FakeLogs(told), FakeReads())
        assert found.readiness.verdict is Verdict.UNKNOWN
        assert found.readiness.says.startswith("unknown because it could not be read: ")


async def test_what_could_not_be_listed_is_a_problem_of_the_survey() -> None:
    reads = FakeReads(problems=(TryLater("subscription x", "slow."),))
    kept = await surveyed(a_stage(), FakeLogs(), reads)
    assert [one.thing for one in kept.survey.problems] == ["subscription x"]


async def test_a_keyless_target_keeps_the_date_since_when_it_is() -> None:
    sunset = a_stage().now + days(20)
    stage = a_stage(sunset=sunset)
    await stage.tick()
    await stage.until(sunset + days(2))
    assert stage.account.disable_local_auth
    off = FakeReads([an_account("chat", key_auth=False)])
    kept = await surveyed(stage, FakeLogs(), off)
    [chat] = kept.survey.entries
    assert chat.readiness.verdict is Verdict.KEYLESS
    assert chat.keyless_since is not None
    assert sunset <= chat.keyless_since <= sunset + hours(12)
    again = await surveyed(a_stage(), FakeLogs(), off, kept)
    assert again.survey.entries[0].keyless_since == chat.keyless_since, "the last survey knows it"


async def test_the_note_of_the_turn_says_since_when_an_account_is_keyless() -> None:
    stage = a_stage()
    app = surveying(stage, FakeLogs())
    off = FakeReads([an_account("chat", key_auth=False)])
    await note_withdrawn(app.outside.notes, stage.target, a_publication(), stage.now - days(3))
    kept = await make_survey(app, off.read_only, None)
    assert kept.survey.entries[0].keyless_since == stage.now - days(3)


async def test_the_note_says_it_better_than_the_last_survey_and_the_secret() -> None:
    """A tag written to a disabled version makes it look younger, and keys may end a second time."""
    sunset = a_stage().now + days(20)
    stage = a_stage(sunset=sunset)
    await stage.tick()
    await stage.until(sunset + days(2))
    off = FakeReads([an_account("chat", key_auth=False)])
    known = await surveyed(stage, FakeLogs(), off)
    noted = known.survey.entries[0].keyless_since
    assert noted is not None
    wrong = replace(known.survey.entries[0], keyless_since=noted - days(9))
    before = replace(known, survey=replace(known.survey, entries=(wrong,)))
    kept = await surveyed(stage, FakeLogs(), off, before)
    assert kept.survey.entries[0].keyless_since == noted


async def test_a_target_that_no_listing_shows_is_read_by_itself_so_that_its_logs_decide() -> None:
    stage = a_stage(sunset=a_stage().now + days(20))
    kept = await surveyed(stage, FakeLogs({"chat": a_usage(until=stage.now)}), FakeReads([]))
    [chat] = kept.survey.entries
    assert (chat.readiness.verdict, chat.by_logs) == (Verdict.READY, True)
    gone = a_stage()
    gone.world.faults.add("arm.getAccount", "status", status=403, code="AuthorizationFailed", times=0)
    kept = await surveyed(gone, FakeLogs({"chat": a_usage(until=gone.now)}), FakeReads([]))
    [chat] = kept.survey.entries
    assert chat.readiness.says.startswith("unknown because it could not be read: ")
    assert not chat.by_logs


async def test_targets_that_no_listing_shows_are_read_up_to_a_bound_those_with_an_agreed_end_first() -> None:
    found = [InSight(an_id(f"a{number:03}"), row=a_row(f"a{number:03}", number)) for number in range(MOST_READ + 20)]
    unseen = [replace(one, is_seen=False) for one in found]
    read: list[str] = []

    class Accounts:
        async def read(self, account: AccountId) -> Account:
            read.append(account.name)
            return an_account(account.name)

    accounts: Any = Accounts()
    after = await read_unlisted(accounts, unseen)
    assert len(read) == MOST_READ
    assert f"a{MOST_READ + 19:03}" in read[:16]
    assert sum(one.is_seen for one in after) == MOST_READ
    assert [one.id for one in after] == [one.id for one in unseen]


def a_row(name: str, number: int) -> Any:
    sunset = a_stage().now + days(9) if number >= MOST_READ + 10 else None
    return Row(replace(a_target(sunset=sunset), name=name, account=an_id(name)))


@pytest.mark.parametrize(
    ("facts", "told", "by_logs"),
    [({}, True, True), ({}, False, True), ({"key_auth": False}, True, False), ({"takes_identity": False}, True, False)],
    ids=["rows", "no row of an account that was seen", "keyless", "no identity"],
)
async def test_a_survey_says_whether_a_verdict_follows_from_the_logs(
    facts: dict[str, bool], told: bool, by_logs: bool
) -> None:
    logs = FakeLogs({"chat": a_usage(until=a_stage().now)} if told else {})
    kept = await surveyed(a_stage(), logs, FakeReads([an_account("chat", **facts)]))
    assert [one.by_logs for one in kept.survey.entries] == [by_logs]


async def test_without_an_answer_of_the_logs_no_verdict_follows_from_them() -> None:
    failing = FakeLogs(error=TryLater("workspace w", "slow."))
    kept = await surveyed(a_stage(), failing, FakeReads([an_account("chat")]))
    assert [one.by_logs for one in kept.survey.entries] == [False]


async def test_accounts_are_in_the_order_of_their_names_each_once_whatever_the_case_of_their_ids() -> None:
    loud = an_account("chat")
    loud = replace(loud, id=AccountId(loud.id.subscription, loud.id.group.upper(), "CHAT"))
    kept = await surveyed(a_stage(), FakeLogs(), FakeReads([an_account("b"), loud, an_account("A")]))
    assert [one.name for one in kept.survey.entries] == ["A", "b", "chat"]


async def test_before_the_first_survey_the_targets_are_shown_as_unknown() -> None:
    app = surveying(a_stage(), None)
    survey = without_logs(app, await app.overview())
    assert [one.readiness.says for one in survey.entries] == ["unknown because no log of its calls is configured"]
    app = surveying(a_stage(), FakeLogs())
    survey = without_logs(app, await app.overview())
    assert [one.readiness.says for one in survey.entries] == ["unknown because no survey was made yet"]
