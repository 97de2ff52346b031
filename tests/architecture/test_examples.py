"""The examples in the docstrings of the three central modules do what they show."""

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize("name", ["shared.decide.policies", "shared.domain.publication", "shared.turns.turn"])
def test_the_example_in_a_docstring_does_what_it_shows(name: str):
    result = doctest.testmod(import_module(name))
    assert (result.failed, result.attempted > 0) == (0, True)
