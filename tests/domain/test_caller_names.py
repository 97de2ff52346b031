"""A logged address is 256 addresses: a name is certain only if its range holds all of them."""

import pytest

from shared.domain.caller_names import CallerNames

NAMES = CallerNames.of(
    {
        "corporation": ["10.0.0.0/8"],
        "batch": ["10.1.0.0/16"],
        "office": ["203.0.113.0/24"],
        "vpn": ["198.51.100.7"],
        "build": ["198.51.100.64/26", "192.0.2.5"],
        "job": ["192.0.2.0/24"],
        "lab": ["2001:db8::/32"],
    }
)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("203.0.113.*", "office"),
        ("203.0.113.***", "office"),
        ("10.9.9.***", "corporation"),
        ("10.1.9.***", "batch"),
        ("203.0.114.***", ""),
    ],
)
def test_the_narrowest_range_that_holds_all_starred_addresses_names_the_caller(address: str, name: str) -> None:
    assert NAMES.name_of(address) == name


def test_ranges_among_the_starred_addresses_name_a_caller_only_as_perhaps() -> None:
    assert NAMES.name_of("198.51.100.***") == "perhaps vpn or build"


def test_a_narrower_range_among_them_makes_a_name_uncertain() -> None:
    assert NAMES.name_of("192.0.2.***") == "perhaps build or job"


@pytest.mark.parametrize(("address", "name"), [("198.51.100.7", "vpn"), ("192.0.2.6", "job"), ("2001:db8::1", "lab")])
def test_a_whole_address_is_named_by_its_range(address: str, name: str) -> None:
    assert NAMES.name_of(address) == name


@pytest.mark.parametrize("address", ["", "***", "203.0.*.*", "2001:db8::***", "nowhere"])
def test_an_address_that_cannot_be_read_has_no_name(address: str) -> None:
    assert NAMES.name_of(address) == ""


def test_two_ranges_of_one_name_are_no_doubt() -> None:
    assert CallerNames.of({"office": ["203.0.113.0/24", "203.0.113.7"]}).name_of("203.0.113.***") == "office"
