"""Notes are small blobs: written, read, listed and removed."""

import pytest

from shared.adapters.blob_notes import BlobNotes
from shared.domain.errors import RotationError
from tests.support.real_parts import Parts


@pytest.fixture
def notes(parts: Parts) -> BlobNotes:
    assert isinstance(parts.rotation.outside.notes, BlobNotes)
    return parts.rotation.outside.notes


async def test_a_note_is_read_as_it_was_written(notes: BlobNotes) -> None:
    await notes.write("notes/one", "first")
    await notes.write("notes/one", "second, with an \u00e4")
    assert await notes.read("notes/one") == "second, with an \u00e4"


async def test_a_note_is_added_only_if_there_is_none(notes: BlobNotes) -> None:
    assert [await notes.add("leaks/one", "first"), await notes.add("leaks/one", "second")] == [True, False]
    assert await notes.read("leaks/one") == "first"


async def test_a_missing_note_is_none_and_can_be_removed(notes: BlobNotes) -> None:
    assert await notes.read("notes/none") is None
    await notes.write("notes/one", "first")
    await notes.remove("notes/none")
    await notes.remove("notes/one")
    assert await notes.read("notes/one") is None


async def test_notes_are_listed_by_their_prefix_also_before_the_first_one(notes: BlobNotes) -> None:
    assert await notes.under("leaks/") == []
    await notes.write("leaks/b", "2")
    await notes.write("leaks/a", "1")
    await notes.write("notes/c", "3")
    assert await notes.under("leaks/") == [("leaks/a", "1"), ("leaks/b", "2")]


async def test_all_notes_are_listed_however_many_there_are(notes: BlobNotes) -> None:
    await notes.write("leaks/000", "first")
    for number in range(1, 150):
        await notes.write(f"leaks/{number:03}", "another")
    assert [name for name, _ in await notes.under("leaks/")] == [f"leaks/{number:03}" for number in range(150)]


async def test_a_note_that_cannot_be_read_is_an_error_only_when_no_other_is_being_read_any_more(
    notes: BlobNotes, parts: Parts
) -> None:
    for number in range(20):
        await notes.write(f"leaks/{number:03}", "a leak")
    parts.azure.world.journal.clear()
    parts.azure.world.faults.add("blob.get", "status", status=403, code="AuthorizationFailure", target="leaks/000")
    with pytest.raises(RotationError):
        await notes.under("leaks/")
    assert parts.azure.world.journal.count("blob.get") == 20


async def test_names_are_listed_in_their_order_with_one_call_and_without_reading_texts(
    notes: BlobNotes, parts: Parts
) -> None:
    assert await notes.names("acts/") == []
    for name in ("acts/2", "acts/1", "leaks/3"):
        await notes.write(name, "a text")
    before = parts.mark()
    assert await notes.names("acts/") == ["acts/1", "acts/2"]
    assert parts.names(since=before) == ["blob.list"]


async def test_a_note_is_replaced_only_while_it_has_the_tag_that_was_read(notes: BlobNotes) -> None:
    assert await notes.read_tagged("notes/orders/one") is None
    first = await notes.replace("notes/orders/one", "first", None)
    assert first is not None
    assert await notes.read_tagged("notes/orders/one") == ("first", first)
    assert await notes.replace("notes/orders/one", "unread", None) is None
    second = await notes.replace("notes/orders/one", "second", first)
    assert second not in (None, first)
    assert await notes.replace("notes/orders/one", "late", first) is None
    assert await notes.read_tagged("notes/orders/one") == ("second", second)
