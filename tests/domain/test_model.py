"""The nouns: account ids, durations and times as people write them, and errors as operators read them."""

import pickle
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from lab.simulation.builders import SUBSCRIPTION, a_target
from lab.simulation.dates import days, hours, minutes
from shared.domain.errors import GrantRole, RotationError, TryLater, UnknownTarget
from shared.domain.model import AccountId
from shared.domain.requests import Requester, RotateRequest
from shared.domain.times import LONGEST, iso_duration, parse_duration, sane, sane_lead, sane_length

ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/prod/providers/Microsoft.CognitiveServices/accounts/chat"


# Accounts.


def test_an_account_id_is_read_in_whatever_letters_and_written_in_azures():
    assert AccountId.parse(f"  {ID}\n") == AccountId(SUBSCRIPTION, "prod", "chat")
    loud = AccountId.parse(ID.upper())
    assert loud == AccountId(SUBSCRIPTION, "PROD", "CHAT")
    assert str(AccountId.parse(ID)) == ID
    assert AccountId.parse(ID.replace(SUBSCRIPTION, SUBSCRIPTION.replace("4", "A"))).subscription.count("a") == 1
    assert loud.same_as(f" {ID} ")
    assert not loud.same_as(f"{ID}2")


def test_a_text_that_is_no_account_id_is_refused_with_the_form_it_should_have():
    with pytest.raises(ValueError) as error:
        AccountId.parse("chat")
    assert str(error.value) == (
        "'chat' is not the resource id of an account: /subscriptions/<guid>/resourceGroups/<group>"
        "/providers/Microsoft.CognitiveServices/accounts/<name>"
    )


def test_a_secret_is_one_thing_whether_its_vault_ends_in_a_stroke_or_not():
    urls = {a_target(vault_url=f"https://keys.vault.azure.net{end}").secret_url for end in ("", "/")}
    assert urls == {"https://keys.vault.azure.net/secrets/chat-key"}


def test_a_request_says_who_asked_and_why():
    assert RotateRequest(reason="audit", by="ann", id="r-1").requester == Requester("r-1", "ann", "audit")


# Durations.

LENGTHS = [
    ("P30D", days(30)),
    (" PT24H ", hours(24)),
    ("PT1S", timedelta(seconds=1)),
    ("P1DT30M", hours(24.5)),
    ("P3660D", days(3660)),
]


@pytest.mark.parametrize(("text", "length"), LENGTHS)
def test_a_duration_is_read_as_iso_8601(text: str, length: timedelta):
    assert parse_duration(text) == length


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("30 days", "'30 days' is not an ISO 8601 duration such as P30D or PT24H"),
        ("", "'' is not an ISO 8601 duration such as P30D or PT24H"),
        ("P1M", "'P1M' has months or years, which have no fixed length: write days"),
        ("P1Y", "'P1Y' has months or years, which have no fixed length: write days"),
        ("PT0S", "'PT0S' is not longer than zero"),
        ("-P1D", "'-P1D' is not longer than zero"),
        ("P3661D", "3661 days is longer than ten years"),
    ],
)
def test_a_duration_that_cannot_be_meant_says_why(text: str, why: str):
    with pytest.raises(ValueError) as error:
        parse_duration(text)
    assert str(error.value) == why


@pytest.mark.parametrize(("length", "text"), [(days(30), "P30D"), (hours(2), "PT2H"), (minutes(90), "PT1H30M")])
def test_a_duration_is_written_as_iso_8601(length: timedelta, text: str):
    assert iso_duration(length) == text


# Times.

FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2199, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("moment", [FIRST, LAST])
def test_a_time_that_can_be_meant_is_read_in_utc(moment: datetime):
    elsewhere = moment.astimezone(ZoneInfo("Asia/Kolkata"))
    assert sane(elsewhere) == moment
    assert sane(elsewhere).tzinfo is UTC


@pytest.mark.parametrize("moment", [FIRST - timedelta(seconds=1), LAST + timedelta(seconds=1)])
def test_a_time_that_nobody_can_mean_is_refused(moment: datetime):
    with pytest.raises(ValueError) as error:
        sane(moment)
    assert str(error.value) == f"{moment.isoformat()} is not a time between 1970 and 2200"


def test_lengths_and_leads_end_at_ten_years():
    assert sane_length(LONGEST) == LONGEST
    seconds = int(LONGEST.total_seconds())
    assert (sane_lead(0), sane_lead(seconds)) == (timedelta(0), LONGEST)
    for wrong in (-1, seconds + 1):
        with pytest.raises(ValueError) as error:
            sane_lead(wrong)
        assert str(error.value) == f"{wrong} seconds is not a lead time"


# Errors.


def test_an_error_names_the_thing_what_happened_and_the_next_step():
    error = TryLater("chat", "no answer came.")
    assert str(error) == (
        "chat: no answer came. Next step: nothing; the next tick looks again and goes on from what it sees."
    )
    assert (error.thing, error.what, error.code, error.args) == (
        "chat",
        "no answer came.",
        "TryLater",
        ("chat", "no answer came."),
    )


def test_an_error_may_know_a_better_next_step():
    assert str(GrantRole("keys", "refused.", "ask the owner")) == "keys: refused. Next step: ask the owner."
    assert GrantRole("keys", "refused.", "ask the owner").code == "GrantRole"
    assert RotationError("chat", "something.").next_step == "read docs/runbook.md"


def test_an_error_can_be_handed_from_one_process_to_another():
    error = pickle.loads(pickle.dumps(TryLater("chat", "no answer came.")))
    assert (error.thing, error.what) == ("chat", "no answer came.")


def test_who_asks_for_an_unknown_target_may_be_told_the_names_there_are_in_order():
    error = UnknownTarget("x", "nobody enrolled it.", known={"search", "chat"})
    assert error.known == ("chat", "search")
    assert (error.thing, error.what, error.args) == ("x", "nobody enrolled it.", ("x", "nobody enrolled it."))
    assert UnknownTarget("x", "no.", "look again").next_step == "look again"
    assert UnknownTarget("x", "no.").known == ()
