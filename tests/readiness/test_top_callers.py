"""Who makes most of the calls with a key, over all accounts."""

from dataclasses import replace

from shared.domain.usage import KeyCaller
from shared.readiness.kinds import Entry
from shared.readiness.top_callers import MOST, top_callers
from tests.support.surveys import NOW, a_survey, a_usage, an_entry


def caller(address: str, calls: int, *, client: str = "app", name: str = "") -> KeyCaller:
    return KeyCaller(address, client, calls, NOW, name)


def called(name: str, *callers: KeyCaller) -> Entry:
    """Return an account with 180 calls with a key, by these callers."""
    return an_entry(name, replace(a_usage(5), callers=callers), target=name)


def test_a_caller_of_several_accounts_is_one_with_its_share_of_all_calls() -> None:
    both, one = caller("203.0.113.*", 90), caller("198.51.100.*", 90)
    first, second = top_callers(a_survey(called("b", both, one), called("a", both)))
    assert (first.says, first.accounts, first.caller.calls) == ("203.0.113.* with app", ("a", "b"), 180)
    assert (first.share, second.share, second.accounts) == (0.5, 0.25, ("b",))


def test_a_named_caller_is_one_whatever_its_addresses_and_clients_are() -> None:
    shown = (caller("203.0.113.*", 9, name="batch"), caller("198.51.100.*", 8, client="curl", name="batch"))
    [only] = top_callers(a_survey(called("a", *shown)))
    assert (only.says, only.caller.calls, only.accounts) == ("batch", 17, ("a",))


def test_the_same_address_with_another_client_is_another_caller() -> None:
    shown = (caller("203.0.113.*", 9), caller("203.0.113.*", 8, client="curl"))
    assert len(top_callers(a_survey(called("a", *shown)))) == 2


def test_only_the_first_ones_are_named_and_none_without_a_call() -> None:
    many = [caller(f"203.0.{number}.*", number + 1) for number in range(MOST + 5)]
    assert [one.caller.calls for one in top_callers(a_survey(called("a", *many)))][:2] == [MOST + 5, MOST + 4]
    assert len(top_callers(a_survey(called("a", *many)))) == MOST
    assert top_callers(a_survey(an_entry("a"))) == []
