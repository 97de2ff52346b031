"""Who makes most of the calls with a key, over all accounts: the people to talk to first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from shared.domain.usage import KeyCaller
from shared.readiness.kinds import Entry, Survey

MOST = 10  # callers that are named


@dataclass(frozen=True)
class FleetCaller:
    """One caller with a key, over all accounts.

    caller: Who it is, with its calls to all accounts and the last one of them.
    accounts: The names of the accounts that it called, in the order of the alphabet.
    share: Its part of all calls with a key, from 0 to 1. Calls of callers that an account only counts have no name, and
        are in the whole.
    """

    caller: KeyCaller
    accounts: tuple[str, ...]
    share: float

    @property
    def says(self) -> str:
        """The caller in a few words. One that calls from several places with several clients has only its name."""
        one = self.caller
        return one.says if one.address or one.client or not one.name else one.name


def top_callers(survey: Survey, most: int = MOST) -> list[FleetCaller]:
    """Return the callers that make most of the calls with a key, the most calls first.

    A caller that a setting names is one, whatever its addresses; any other is one for each address and client.
    """
    found: dict[tuple[str, ...], FleetCaller] = {}
    whole = survey.key_calls
    for entry, caller in _all(survey.entries):
        key = ("", caller.name) if caller.name else (caller.address, caller.client)
        before = found.get(key)
        found[key] = _more(before, entry, caller) if before else FleetCaller(caller, (entry.name,), 0.0)
    ranked = sorted(found.values(), key=lambda one: (-one.caller.calls, one.says))[:most]
    return [
        replace(one, share=one.caller.calls / whole if whole else 0.0, accounts=tuple(sorted(one.accounts)))
        for one in ranked
    ]


def _all(entries: Iterable[Entry]) -> Iterable[tuple[Entry, KeyCaller]]:
    return ((entry, caller) for entry in entries if entry.usage for caller in entry.usage.callers)


def _more(before: FleetCaller, entry: Entry, caller: KeyCaller) -> FleetCaller:
    """Return a caller with its calls to one more account. Of several addresses or clients it shows none."""
    known = before.caller
    merged = KeyCaller(
        known.address if known.address == caller.address else "",
        known.client if known.client == caller.client else "",
        known.calls + caller.calls,
        max(known.last_at, caller.last_at),
        caller.name,
    )
    names = before.accounts if entry.name in before.accounts else (*before.accounts, entry.name)
    return FleetCaller(merged, names, 0.0)
