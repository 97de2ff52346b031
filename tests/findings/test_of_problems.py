"""What is found where something could not be read or enrolled."""

import json

from lab.simulation.builders import an_account_id
from lab.simulation.dates import hours, minutes
from shared.domain.errors import FixConfiguration, GrantRole, Throttled, TryLater
from shared.domain.refusals import TABLE
from shared.findings.codes import Code, Urgency
from shared.findings.of_problems import of_failing_turns, of_problem
from shared.turns.trouble import error_data, error_of
from tests.support.facts import NOW, codes_of, facts_of, found_in, status_in

ID = str(an_account_id())


def test_an_invalid_tag_is_about_its_account() -> None:
    found = of_problem(FixConfiguration(ID, "key-rotation-period: 'soon' is not a duration."))
    assert (found.code, found.target, found.account) == (Code.NOT_ENROLLABLE, ID, ID)


def test_equal_mistakes_of_several_accounts_are_one_thing_to_do() -> None:
    what = "key-rotation-period: 'soon' is not a duration."
    errors = [FixConfiguration(str(an_account_id(name)), what) for name in ("chat", "search", "vision")]
    [group] = status_in(facts_of(problems=errors)).to_do
    assert len(group.targets) == 3


def test_a_refusal_that_a_check_has_kept_as_text_is_still_a_refusal() -> None:
    error = FixConfiguration("subscription 1", "it is disabled.")
    error.refusal = TABLE[0]
    kept = error_of(json.loads(json.dumps(error_data(error))))
    assert (of_problem(error).code, of_problem(kept).code) == (Code.REFUSED, Code.REFUSED)
    assert kept.hides_targets


def test_an_error_that_an_older_release_has_kept_is_read() -> None:
    assert str(error_of(["GrantRole", "chat", "it may not.", "assign it", None])) == str(
        GrantRole("chat", "it may not.", "assign it")
    )


def test_an_error_that_passes_is_watched_until_everything_is_unseen_for_an_hour() -> None:
    facts = {"problems": [TryLater("https://keys.vault.azure.net", "it was slow.")]}
    [short] = found_in(facts_of(**facts, whole_at=NOW - minutes(30)))
    [long] = found_in(facts_of(**facts, whole_at=NOW - hours(2)))
    assert (short.urgency, long.urgency) == (Urgency.WATCH, Urgency.TO_DO)


def test_a_wait_that_azure_asks_for_says_that_it_goes_on_by_itself() -> None:
    found = of_problem(Throttled("chat", "Azure asks to wait."), target="chat")
    assert (found.urgency, found.next_step) == (Urgency.WATCH, "nothing; it goes on by itself after that moment")


def test_a_missing_role_is_for_a_person() -> None:
    assert of_problem(GrantRole("chat", "it may not.")).urgency is Urgency.TO_DO
    assert codes_of(facts_of(problems=[GrantRole("subscription 1", "it may not list.")])) == ["unseen"]


def test_failing_turns_that_a_later_check_may_clear_are_for_a_person_after_an_hour() -> None:
    error = TryLater("chat", "the vault does not answer.")
    for since, urgency in ((minutes(5), Urgency.WATCH), (hours(2), Urgency.TO_DO)):
        error.since = NOW - since
        found = of_failing_turns(error, "chat", NOW)
        assert (found.urgency, found.since) == (urgency, error.since)
