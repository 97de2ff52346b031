"""The short form of the fuzzing, and a check that it finds a reader which raises another error."""

import pytest

from lab.prove.fuzzing.fuzz import INPUTS, fuzz


def test_every_corrupted_input_is_refused_with_a_name_or_handled() -> None:
    figures = fuzz(400)
    assert figures.findings == ()
    assert set(figures.refused) == set(INPUTS)


def test_some_corrupted_inputs_are_still_accepted_because_they_start_valid() -> None:
    figures = fuzz(400)
    assert all(0 < figures.refused[name] < tried for name, tried in figures.tried.items())


def test_a_reader_that_raises_another_error_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(body: bytes) -> object:
        return body.decode("ascii")

    monkeypatch.setattr("lab.prove.fuzzing.fuzz.read_message", careless)
    assert any("UnicodeDecodeError" in finding for finding in fuzz(300).findings)
