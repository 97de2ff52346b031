"""The record of acts: written first and counted then; what fails is logged and lets the act through."""

from dataclasses import dataclass, field

import pytest

from lab.simulation.builders import GROUP, an_account_id
from lab.simulation.dates import at, minutes
from shared.domain.acts import MANY
from shared.domain.errors import TryLater
from shared.domain.requests import LeakRequest, RotateRequest
from shared.ports import Notes
from shared.turns.acts import ACTS, ActRecord, act_of

ACCOUNT = an_account_id()
NOW = at(day=9)
FIRST = act_of(LeakRequest(id="first"), ACCOUNT, NOW)
SECOND = act_of(LeakRequest(id="second"), ACCOUNT, NOW + minutes(1))


@dataclass
class NotesInMemory(Notes):
    """Notes in a dictionary. Calls named in `broken` fail."""

    texts: dict[str, str] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)

    def _call(self, name: str) -> None:
        if name in self.broken:
            raise TryLater("storage", "no answer came.")

    async def add(self, name: str, text: str) -> bool:
        self._call("add")
        return self.texts.setdefault(name, text) is text

    async def names(self, prefix: str) -> list[str]:
        self._call("names")
        return sorted(name for name in self.texts if name.startswith(prefix))

    async def remove(self, name: str) -> None:
        self._call("remove")
        self.texts.pop(name, None)


async def test_an_act_sees_those_before_it_and_neither_itself_nor_later_ones() -> None:
    record = ActRecord(NotesInMemory())
    assert await record.add(SECOND, ACCOUNT) == []
    assert await record.add(FIRST, ACCOUNT) == []
    assert await record.before(SECOND) == [FIRST]
    await record.remove(FIRST)
    assert await record.before(SECOND) == []


async def test_a_note_names_the_account_in_full_and_the_request_by_hashes_only() -> None:
    notes = NotesInMemory()
    await ActRecord(notes).add(FIRST, ACCOUNT)
    [(name, text)] = notes.texts.items()
    assert name.startswith(f"{ACTS}20260311T090000.000000Z/leak/")
    assert (text, "first" in name, "chat" in name) == (str(ACCOUNT), False, False)
    assert act_of(RotateRequest(id="all"), None, NOW).about == MANY


def test_requests_without_an_id_are_different_acts_at_different_times() -> None:
    assert act_of(LeakRequest(), ACCOUNT, NOW).id != act_of(LeakRequest(), ACCOUNT, NOW + minutes(1)).id


def test_the_case_of_an_account_does_not_matter() -> None:
    shouted = an_account_id("CHAT", GROUP.upper())
    assert act_of(LeakRequest(id="first"), shouted, NOW) == FIRST


async def test_other_names_in_the_record_are_left_out() -> None:
    record = ActRecord(NotesInMemory({f"{ACTS}something": "", f"{ACTS}{FIRST.text()}": ""}))
    assert await record.before(SECOND) == [FIRST]


@pytest.mark.parametrize("broken", ["add", "names"])
async def test_a_storage_that_fails_knows_no_act_and_the_log_says_so(
    broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    record = ActRecord(NotesInMemory({ACTS + FIRST.text(): ""}, {broken}))
    assert await record.add(SECOND, ACCOUNT) == []
    assert "acts: not counted: storage: no answer came." in caplog.text


async def test_an_act_that_cannot_be_read_or_removed_stays_and_the_log_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    notes = NotesInMemory({ACTS + FIRST.text(): ""}, {"remove", "names"})
    assert await ActRecord(notes).before(SECOND) == []
    await ActRecord(notes).remove(FIRST)
    assert notes.texts
    assert "acts: not read" in caplog.text
    assert "still on record" in caplog.text
