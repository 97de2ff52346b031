"""Tags: what is written is read back, damage is nothing worse than absence, and Key Vault's limits are kept."""

from datetime import timedelta

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from lab.simulation.builders import SUBSCRIPTION, a_publication, a_target, an_account_id, an_observation, mark, marks
from lab.simulation.dates import START, at, days
from shared.announce.outstanding import outstanding
from shared.decide.policies import decide
from shared.decide.situation import Situation
from shared.domain.errors import FixConfiguration
from shared.domain.keys import ApiKey, KeySlot
from shared.domain.model import AccountId
from shared.domain.publication import (
    LONGEST_TAG,
    MOST_TAGS,
    OUR_TAGS,
    PREFIX,
    Marks,
    Origin,
    others_in,
    read_tags,
    stamp,
    tags_of,
    unstamp,
)
from shared.domain.requests import AwaitedDeployment, DeploymentRequest, Requester, RotateRequest
from shared.domain.told import MOST_CARRIED_OVER, CarriedOver, Happened, Told, ToldDeadline
from shared.domain.window import Window
from shared.settings.problems import Problems
from shared.settings.target_fields import Defaults, read_target
from shared.turns.message import Message, read_message
from tests.support import strategies as some

PERIOD = days(30)
exact_told = some.told(st.builds(ToldDeadline, some.exact_moments, some.leads))
others = st.dictionaries(
    st.text("abcdefgh-", min_size=1, max_size=20), st.text(max_size=50), max_size=MOST_TAGS - OUR_TAGS
)


request_ids = st.from_regex(r"[0-9a-f]{1,32}", fullmatch=True)
names = st.from_regex(r"[A-Za-z][A-Za-z0-9@. ü]{0,12}", fullmatch=True)
reasons = st.from_regex(r"([A-Za-z]([A-Za-z0-9 -]{0,100}[a-z])?)?", fullmatch=True)
moments_to_the_second = some.exact_moments.map(lambda moment: moment.replace(microsecond=0))
armings = st.builds(
    AwaitedDeployment,
    st.from_regex(r"[A-Za-z][A-Za-z0-9._-]{0,39}", fullmatch=True),
    st.integers(0, 30 * 86400).map(lambda seconds: timedelta(seconds=seconds)),
    st.one_of(st.none(), moments_to_the_second),
    st.one_of(st.none(), moments_to_the_second),
    st.one_of(st.none(), request_ids),
)


@st.composite
def exact_marks(draw: st.DrawFn) -> Marks:
    previous = draw(st.one_of(st.none(), some.any_fingerprint))
    return Marks(
        live=draw(some.any_fingerprint),
        origin=draw(st.sampled_from(Origin)),
        since=draw(some.exact_moments),
        previous=previous,
        until=draw(some.exact_moments) if previous else None,
        leaked=draw(st.booleans()) if previous else False,
        spare=None if previous else draw(st.one_of(st.none(), some.any_fingerprint)),  # never both: room for tags
        sealed_endpoint=ApiKey("k").seal("https://chat.openai.azure.com/"),
        requester=draw(st.builds(Requester, st.one_of(st.none(), request_ids), names, reasons)),
        awaited=draw(st.one_of(st.none(), armings)),
        told=draw(exact_told),
    )


@given(exact_marks(), some.slots, others)
def test_what_is_written_is_read_back(noted: Marks, slot: KeySlot, kept: dict[str, str]):
    tags = tags_of(noted, slot, str(an_account_id()), PERIOD, kept)
    assert read_tags(tags) == (slot, str(an_account_id()), PERIOD, noted)
    assert others_in(tags) == kept


@given(exact_marks(), some.slots, others)
def test_tags_are_never_too_many_nor_too_long(noted: Marks, slot: KeySlot, kept: dict[str, str]):
    tags = tags_of(noted, slot, str(an_account_id()), PERIOD, kept)
    assert len(tags) <= MOST_TAGS
    assert all(len(text) <= LONGEST_TAG for pair in tags.items() for text in pair)


def test_the_most_that_can_be_told_and_owed_still_fits_into_tags():
    moment = START.replace(microsecond=999_999)
    told_deadline = ToldDeadline(moment, timedelta(days=29))
    outstanding = tuple(CarriedOver(Happened.ENDED, KeySlot.KEY1, mark(letter), START) for letter in "ABCDEFGH")
    told = {"rotation": told_deadline, "retirement": told_deadline, "sunset": told_deadline}
    everything = Told(origin=True, key_auth_off=True, awaited=True, **told, ends=999, carried_over=outstanding)
    assert len(outstanding) == MOST_CARRIED_OVER
    assert len(everything.text()) <= LONGEST_TAG
    assert len(everything.carried_over_text()) <= LONGEST_TAG


def test_a_resource_id_that_fits_into_no_tag_is_refused_when_it_is_enrolled():
    longest, problems = str(AccountId(SUBSCRIPTION, "g" * 90, "a" * 64)), Problems()
    assert len(longest) > LONGEST_TAG
    defaults = Defaults("https://keys.vault.azure.net")
    assert read_target({"account": longest, "name": "long", "secret": "long"}, "entry", defaults, problems) is None
    assert f"{len(longest)} characters" in problems[0].what


def test_the_longest_request_id_that_is_let_in_fits_into_a_tag():
    body = Message("chat", START, request=RotateRequest(id="r" * 300)).text().encode()
    try:
        request = read_message(body).request
    except FixConfiguration:  # refusing such an id is as good
        return
    assert request is not None
    tags = tags_of(marks(request=request.id), KeySlot.KEY1, str(an_account_id()), PERIOD, {})
    assert max(len(text) for text in tags.values()) <= LONGEST_TAG


@pytest.mark.parametrize("known", ["release 7", "release\t7", "release+7", "r" * 65, "größe"])
def test_a_request_id_that_a_tag_would_not_give_back_is_refused(known: str):
    wish = DeploymentRequest(id=known, deployment=AwaitedDeployment("production", deployed=START))
    with pytest.raises(FixConfiguration, match="request_id"):
        read_message(Message("chat", START, request=wish).text().encode())


def test_every_request_id_that_is_let_in_is_read_back_from_the_tags():
    known = "".join(chr(sign) for sign in range(33, 98) if chr(sign) != "+")
    wish = DeploymentRequest(id=known, deployment=AwaitedDeployment("production", deployed=START))
    request = read_message(Message("chat", START, request=wish).text().encode()).request
    assert request is not None
    fired = AwaitedDeployment("e" * 40, timedelta(days=30), at(day=9), START, request.id)
    noted = marks(requester=Requester(request.id, "somebody"), awaited=fired)
    tags = tags_of(noted, KeySlot.KEY1, str(an_account_id()), PERIOD, {})
    assert max(len(text) for text in tags.values()) <= LONGEST_TAG
    assert read_tags(tags)[3] == noted


@given(exact_told)
def test_what_was_told_is_read_back(told: Told):
    assert Told.read(told.text(), told.carried_over_text()) == told


@given(some.exact_moments)
def test_a_stamp_is_read_back_to_the_microsecond(moment):
    assert unstamp(stamp(moment)) == moment


NAMES = ("live", "origin", "previous", "spare", "endpoint", "told", "owed", "request", "armed")
GOOD = tags_of(
    marks(
        previous=mark("B"),
        until=at(day=3),
        told=Told(origin=True, rotation=ToldDeadline(at(day=30), days(7)), carried_over=(
            CarriedOver(Happened.ENDED, KeySlot.KEY2, mark("C"), START),
        )),
    ),
    KeySlot.KEY1, str(an_account_id()), PERIOD, {},
)  # fmt: skip


@given(
    st.dictionaries(st.sampled_from([PREFIX + name for name in NAMES]), st.text(max_size=60)),
    st.dictionaries(st.sampled_from(["CredentialId", "ProviderAddress", "ValidityPeriodDays"]), st.text(max_size=20)),
)
def test_whatever_somebody_wrote_into_our_tags_reading_does_not_raise(ours: dict[str, str], theirs: dict[str, str]):
    read_tags(GOOD | ours | theirs)


@given(st.sampled_from(sorted(GOOD)), st.integers(0, 60), st.text("0123456789 =/.Z", max_size=3))
def test_whatever_character_of_a_good_tag_is_changed_reading_does_not_raise(name: str, where: int, text: str):
    read_tags(GOOD | {name: GOOD[name][:where] + text + GOOD[name][where + 1 :]})


DAMAGE = [
    ("a live mark that is none", "live", "not hexadecimal"),
    ("no origin", "origin", ""),
    ("an origin of another kind", "origin", "invented 20260302T090000.000000Z"),
    ("a since that is no time", "origin", "rotated yesterday"),
    ("a previous without its end", "previous", mark("B")),
    ("a told of something unknown", "told", "origin weather=5/5"),
    ("a told without a time", "told", "rotation="),
    ("a told at the end of all time", "told", "rotation=99999999999999999999/5"),
    ("a told with an endless lead", "told", "rotation=1790000000/99999999999999999999"),
    ("an owed that is cut off", "owed", "e1"),
    ("an owed at the end of all time", "owed", f"e1{mark('C')}99999999999999999999"),
]


@pytest.mark.parametrize(("name", "text"), [row[1:] for row in DAMAGE], ids=[row[0] for row in DAMAGE])
def test_a_damaged_tag_counts_as_absent(name: str, text: str):
    assert read_tags(GOOD | {PREFIX + name: text})[3] is None


FAR_AWAY = [
    ("made at the end of all time", "origin", "rotated 99991231T235959.000000Z"),
    ("promised until the end of all time", "previous", f"{mark('B')} until=99991231T235959.000000Z"),
    ("promised until before all time", "previous", f"{mark('B')} until=00010101T000000.000000Z"),
    ("told of a deadline before all time", "told", "origin retirement=-62135596800/"),
]


@pytest.mark.parametrize(("name", "text"), [row[1:] for row in FAR_AWAY], ids=[row[0] for row in FAR_AWAY])
@pytest.mark.parametrize("window", [None, "Mon-Fri 09:00-16:00 Europe/Berlin"], ids=["no window", "a window"])
def test_a_moment_that_nobody_can_mean_stops_neither_deciding_nor_announcing(name: str, text: str, window: str | None):
    """A tag may be written by people who cannot read the secret; one bad target must not stop a tick (P10)."""
    slot, provider, _, noted = read_tags(GOOD | {PREFIX + name: text})
    target = a_target(window=Window.parse(window) if window else None)
    seen = an_observation(a_publication(marks(), marks=noted, slot=slot, provider=provider, value=mark("A")))
    assert decide(seen, target, at(day=40)).why
    outstanding(Situation(seen, target, at(day=40)))


@given(st.text(), st.text())
@example("https://chat.openai.azure.com/", "not the key")
def test_only_who_has_the_key_can_seal_what_is_believed(text: str, other: str):
    assume(other != "key")
    key = ApiKey("key")
    assert key.unseal(key.seal(text)) == text
    assert key.unseal(ApiKey(other).seal(text)) is None


@given(st.text())
def test_no_text_that_nobody_sealed_is_believed(text: str):
    assert ApiKey("key").unseal(text) is None
