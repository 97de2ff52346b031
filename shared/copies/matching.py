"""Whose key each trace is about, for one account or for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime

from shared.copies.find import CopiesSeen
from shared.copies.judge import PUBLIC, judged
from shared.copies.kinds import Copied, Copies, CopyFate
from shared.copies.sought import Sought
from shared.copies.traces import KeyPlace, Trace

_LAST = datetime.max.replace(tzinfo=UTC)
_ORDER = (CopyFate.BREAKS, CopyFate.UNKNOWN, CopyFate.FOLLOWS)


class TraceIndex:
    """The traces of one look, by what they name, so that ten thousand accounts are matched in one pass.

    seen: What the look found.
    manager: The address of Azure Resource Manager in this cloud, for commands.
    """

    def __init__(self, seen: CopiesSeen, manager: str = PUBLIC) -> None:
        self._seen = seen
        self._manager = manager
        self._by: defaultdict[str, list[tuple[KeyPlace, Trace]]] = defaultdict(list)
        for place, trace in seen.traces:
            for kind, named in (("label", trace.label), ("account", trace.account), ("secret", trace.secret)):
                if named:
                    self._by[f"{kind} {named}"].append((place, trace))

    def copies_of(self, sought: Sought) -> Copies:
        """Return the copies of an account's keys, those that break first. A copy that names it twice comes once."""
        names = (("label", sought.label), ("account", str(sought.account).lower()), ("secret", sought.secret))
        found = [one for kind, named in names if named for one in self._by.get(f"{kind} {named}", ())]
        once = {id(trace): (place, trace) for place, trace in found}.values()
        copies = sorted((judged(place, trace, sought, self._manager) for place, trace in once), key=_order)
        return Copies(sought.account, tuple(copies), self._seen.places, self._seen.calls, self._seen.problems)


def copies_of_all(seen: CopiesSeen, all_sought: Iterable[Sought], manager: str = PUBLIC) -> tuple[Copies, ...]:
    """Return the copies of each account's keys.

    manager: The address of Azure Resource Manager in this cloud, for commands.
    """
    index = TraceIndex(seen, manager)
    return tuple(index.copies_of(one) for one in all_sought)


def _order(copy: Copied) -> tuple[int, datetime, str, str]:
    return _ORDER.index(copy.fate), copy.when or _LAST, copy.resource.lower(), copy.name.lower()
