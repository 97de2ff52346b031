"""A survey is read as it was kept. What cannot be read counts as absent."""

import asyncio
import hashlib
import zlib

import pytest

from lab.simulation.dates import days
from shared.domain.errors import FixConfiguration, GrantRole
from shared.readiness import kept
from shared.readiness.kept import FORM, AskedSettings, KeptSurvey, load_survey, packed_survey, read_survey, save_survey
from shared.readiness.ports import LogSetting
from tests.support.surveys import NOW, InMemory, a_survey, a_usage, an_entry, an_id

FULL = an_entry("chat", a_usage(4, callers=3, unclear=2), target="chat", owner="team", sunset=NOW + days(9))
OFF = an_entry("off", key_auth=False, takes_identity=False, keyless_since=NOW - days(2))
KEPT = KeptSurvey(a_survey(FULL, OFF), {str(an_id("x")): AskedSettings(NOW, (LogSetting("a", ("w",), True),))})


def test_a_survey_is_read_as_it_was_kept() -> None:
    assert read_survey(packed_survey(KEPT)) == KEPT


def test_its_problems_are_read_as_people_are_shown_them() -> None:
    refused = FixConfiguration("workspace w", "it is not there.", "name another")
    made = KeptSurvey(a_survey(problems=(refused, GrantRole("subscription s", "no right."))))
    read = read_survey(packed_survey(made))
    assert read is not None
    assert list(map(str, read.survey.problems)) == list(map(str, made.survey.problems))
    assert list(map(type, read.survey.problems)) == [FixConfiguration, GrantRole]


@pytest.mark.parametrize("spoiled", [b"", b"no zlib", zlib.compress(b"[]"), zlib.compress(b'{"form": 1}')])
def test_what_cannot_be_read_counts_as_absent(spoiled: bytes) -> None:
    assert read_survey(spoiled) is None


def test_what_another_release_kept_counts_as_absent() -> None:
    text = zlib.decompress(packed_survey(KEPT))
    changed = text.replace(f'"form":{FORM}'.encode(), b'"form":99')
    assert changed != text
    assert read_survey(zlib.compress(changed)) is None
    assert read_survey(zlib.compress(text.replace(b'"verdict":"used"', b'"verdict":"tired"'))) is None


async def test_a_survey_that_another_check_kept_meanwhile_stays() -> None:
    views = InMemory()
    assert await load_survey(views) == (None, None)
    await save_survey(views, KEPT, None)
    found, tag = await load_survey(views)
    assert found == KEPT
    newer = KeptSurvey(a_survey(OFF, at=NOW + days(1)))
    await save_survey(views, newer, tag)
    await save_survey(views, KEPT, tag)
    assert (await load_survey(views))[0] == newer


async def test_a_process_decodes_the_same_survey_once_and_another_one_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[int] = []

    def counting(data: bytes) -> KeptSurvey | None:
        decoded.append(len(data))
        return read_survey(data)

    monkeypatch.setattr(kept, "read_survey", counting)
    large = KeptSurvey(a_survey(*(an_entry(f"{number} {sha(number)}", a_usage(1)) for number in range(1500))))
    views = InMemory(packed_survey(large))
    assert views.data is not None
    assert len(views.data) > kept.MOST_AT_ONCE
    found = await asyncio.gather(*(load_survey(views) for _ in range(5)))
    assert {id(one) for one, _ in found} == {id(found[0][0])}
    assert found[0][0] == large
    assert len(decoded) == 1
    await save_survey(views, KEPT, found[0][1])
    assert (await load_survey(views))[0] == KEPT
    assert len(decoded) == 2


def sha(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()
