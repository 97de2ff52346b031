"""What the last survey of readiness finds, and what it adds to a sunset."""

from dataclasses import replace
from typing import Any

import pytest

from lab.simulation.builders import marks
from lab.simulation.dates import days, hours
from lab.simulation.stage import a_stage
from shared.domain.told import Told, ToldDeadline
from shared.findings.codes import Code, Severity, Urgency
from shared.findings.commands import commands_for
from shared.findings.facts import Facts
from shared.findings.gather import gather_findings
from shared.findings.kinds import Finding
from shared.readiness.kept import AskedSettings, KeptSurvey, packed_survey
from shared.readiness.kinds import Entry
from shared.readiness.log_settings import silent_because
from shared.settings.call_log import CallLog
from tests.support.facts import FAR, NOW, SETTINGS, a_row, codes_of, facts_of, found_in, quiet_target
from tests.support.surveys import (
    FakeLogs,
    FakeReads,
    InMemory,
    a_survey,
    a_usage,
    an_account,
    an_entry,
    an_id,
    surveying,
)

LOGS = replace(SETTINGS, call_log=CallLog(("00000000-0000-0000-0000-00000000000a",)))


def known(*entries: Entry, row: Any = None, **more: Any) -> Facts:
    rows = [row] if row is not None else []
    return facts_of(*rows, survey=a_survey(*entries, at=NOW), **{"settings": LOGS} | more)


def only(facts: Facts) -> Finding:
    [found] = found_in(facts)
    return found


def used(calls: int = 3, callers: int = 3) -> Any:
    return a_usage(calls, callers=callers, until=NOW)


@pytest.mark.parametrize("usage", [a_usage(until=NOW), used()])
def test_a_survey_that_is_too_old_finds_no_unused_keys_and_says_that_it_is_old(usage: Any) -> None:
    survey = a_survey(an_entry("nobodys", usage), an_entry("off", key_auth=False), at=NOW - days(200))
    found = only(facts_of(survey=survey, settings=LOGS))
    assert found.code is Code.USE_UNKNOWN
    assert "unknown because the last survey is 200 days old" in found.says


def test_an_account_whose_keys_nobody_uses_is_found_whether_it_is_enrolled_or_not() -> None:
    found = only(known(an_entry("nobodys", a_usage(until=NOW))))
    assert (found.code, found.severity, found.urgency) == (Code.KEYS_UNUSED, Severity.LOW, Urgency.IMPROVE)
    assert (found.target, found.account) == (str(an_id("nobodys")), str(an_id("nobodys")))
    assert "No call with a key was logged from 2026-02-05 to 2026-03-12." in found.says
    [command] = commands_for(found)
    assert command.endswith(f"{an_id('nobodys')} --set properties.disableLocalAuth=true")
    assert only(known(an_entry("chat", a_usage(until=NOW), target="chat"))).target == "chat"


def test_unused_keys_whose_end_is_agreed_are_no_finding() -> None:
    assert codes_of(known(an_entry("chat", a_usage(until=NOW), target="chat", sunset=FAR))) == []


def test_what_is_not_known_says_why_and_what_to_switch_on() -> None:
    why = silent_because(an_id("chat"), AskedSettings(NOW, ()))
    found = only(known(an_entry("chat", without=why, target="chat")))
    assert (found.code, found.severity, found.urgency) == (Code.USE_UNKNOWN, Severity.LOW, Urgency.IMPROVE)
    assert found.says == (
        "Whether its keys are used is unknown because it has no diagnostic setting, so no call is logged."
    )
    assert found.next_step == "switch its RequestResponse log on"
    [command] = commands_for(found)
    assert command.startswith(
        f"az monitor diagnostic-settings create --name key-rotation-calls --resource {an_id('chat')}"
    )


def test_only_a_missing_log_leads_to_the_command_that_switches_it_on() -> None:
    assert commands_for(only(known(an_entry("chat", target="chat")))) == ()


def test_without_a_log_workspace_unknown_use_is_no_finding() -> None:
    assert codes_of(known(an_entry("chat"), settings=SETTINGS)) == []


def test_what_was_seen_of_an_account_since_the_survey_counts_more() -> None:
    entry = an_entry("chat", target="chat", takes_identity=False)
    row = a_row(target=quiet_target(account=entry.account))
    assert row.seen is not None
    assert row.seen.takes_identity
    assert "no-custom-subdomain" not in codes_of(known(entry, row=row))


def test_an_account_that_cannot_take_an_identity_is_found_with_the_command_that_mends_it() -> None:
    found = only(known(an_entry("chat", takes_identity=False)))
    assert (found.code, found.severity, found.urgency) == (Code.NO_CUSTOM_SUBDOMAIN, Severity.LOW, Urgency.IMPROVE)
    [command] = commands_for(found)
    assert command.startswith("az cognitiveservices account update --subscription ")
    assert command.endswith("--name chat --custom-domain chat")


def test_it_is_to_do_once_the_end_of_all_keys_is_agreed() -> None:
    found = only(known(an_entry("chat", takes_identity=False, target="chat", sunset=FAR)))
    assert (found.severity, found.urgency, found.at) == (Severity.HIGH, Urgency.TO_DO, FAR)
    assert f"agreed to end on {FAR:%Y-%m-%d}" in found.says


def test_keyless_accounts_and_those_in_use_are_no_finding() -> None:
    off = an_entry("off", key_auth=False, takes_identity=False)
    assert codes_of(known(off, an_entry("chat", used()))) == []


def test_keys_that_ended_with_their_sunset_since_the_survey_are_no_finding() -> None:
    row = a_row(key_auth=False, off_by_sunset=True)
    entry = an_entry("chat", a_usage(until=NOW), target="chat")
    assert str(entry.account) == str(row.target.account)
    assert codes_of(known(entry, row=row)) == []


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (an_entry("chat", used()), "Its keys are used by 3 callers, last 2026-03-12 06:00 UTC."),
        (an_entry("chat", a_usage(until=NOW), sunset=FAR), "No call with a key was logged from 2026-02-05 to "),
        (an_entry("chat"), "Whether its keys are used is unknown because no call of any kind was logged."),
        (an_entry("chat", takes_identity=False), "It has no custom subdomain, so it cannot take an identity."),
    ],
)
def test_a_near_sunset_says_who_still_calls(entry: Entry, said: str) -> None:
    ends = NOW + hours(20)
    noted = marks(told=Told(origin=True, sunset=ToldDeadline(ends)))
    facts = known(entry, row=a_row(noted, target=quiet_target(sunset=ends)), settings=SETTINGS)
    [near] = [one for one in found_in(facts) if one.code is Code.SUNSET_NEAR]
    assert said in near.says


def test_a_past_sunset_says_who_still_calls_and_without_a_survey_nothing_is_added() -> None:
    row = a_row(target=quiet_target(sunset=NOW - days(1)))
    [past] = [one for one in found_in(known(an_entry("chat", used()), row=row)) if one.code is Code.SUNSET_PAST]
    assert past.says.endswith("still work. Its keys are used by 3 callers, last 2026-03-12 06:00 UTC.")
    [silent] = [one for one in found_in(facts_of(row)) if one.code is Code.SUNSET_PAST]
    assert silent.says.endswith("still work.")


async def test_the_audit_reads_the_survey_that_is_kept_and_advises_to_switch_unused_keys_off_first() -> None:
    stage = a_stage()
    entries = (an_entry("nobodys", a_usage(until=stage.now)), an_entry("chat", a_usage(until=stage.now), target="chat"))
    kept = InMemory(packed_survey(KeptSurvey(a_survey(*entries, at=stage.now))))
    app = surveying(stage, FakeLogs(), kept)
    reads = FakeReads([an_account("nobodys"), an_account("used"), an_account("old", takes_identity=False)])
    found = (await gather_findings(app, reads)).findings
    steps = {one.target: one.next_step for one in found if one.code is Code.NOT_ENROLLED}
    assert "switch its keys off instead of enrolling it" in steps[str(an_id("nobodys"))]
    assert "instead of" not in steps[str(an_id("used"))]
    assert [one.target for one in found if one.code is Code.NO_CUSTOM_SUBDOMAIN] == [str(an_id("old"))]
    assert {one.target for one in found if one.code is Code.KEYS_UNUSED} == {str(an_id("nobodys")), "chat"}


async def test_a_survey_that_cannot_be_read_is_a_problem_and_hides_no_other_finding() -> None:
    class Refusing(InMemory):
        async def read(self) -> tuple[bytes, str] | None:
            from shared.domain.errors import TryLater

            raise TryLater("views/readiness", "could not be read.")

    found = (await gather_findings(surveying(a_stage(), FakeLogs(), Refusing()), FakeReads())).findings
    assert "views/readiness" in {one.target for one in found if one.code is Code.UNSEEN}
