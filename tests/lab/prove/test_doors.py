"""The short form of the fuzzing, and that a door which lets something else out is found."""

import pytest

from lab.prove.fuzzing.fuzz import DOORS, fuzz


def test_bad_input_is_always_refused_by_name() -> None:
    figures = fuzz(400)
    assert figures.findings == ()
    assert set(figures.refused) == set(DOORS)


def test_inputs_start_valid_so_that_some_are_still_good() -> None:
    figures = fuzz(400)
    assert all(0 < figures.refused[name] < tried for name, tried in figures.tried.items())


def test_a_door_that_lets_an_unnamed_error_out_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(body: bytes) -> object:
        return body.decode("ascii")

    monkeypatch.setattr("lab.prove.fuzzing.fuzz.read_message", careless)
    assert any("UnicodeDecodeError" in finding for finding in fuzz(300).findings)
