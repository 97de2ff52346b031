"""Who somebody is, in words: people, groups, apps and what Azure does not say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from shared.domain.relative import counted
from shared.readers.kinds import Reader

_WORDS = {
    "User": "person",
    "Group": "group",
    "ForeignGroup": "group of another tenant",
    "ServicePrincipal": "app or managed identity",
    "Device": "device",
}
_PEOPLE, _GROUPS, _APPS, _OTHERS = ("person", "people"), ("group", "groups"), ("app", "apps"), ("other", "others")
_COUNTED = {"User": _PEOPLE, "Group": _GROUPS, "ForeignGroup": _GROUPS, "ServicePrincipal": _APPS}


def type_in_words(principal_type: str) -> str:
    """Return what a principal is: "person", "group". An unknown word of Azure stays as it is."""
    return _WORDS.get(principal_type, principal_type or "type not shown")


def principals(rows: Iterable[Reader]) -> dict[str, str]:
    """Return the types of the principals of some rows by their object ids. One that any row shows counts."""
    found: dict[str, str] = {}
    for one in rows:
        found[one.principal] = found.get(one.principal, "") or one.principal_type
    return found


def counted_principals(types: Iterable[str]) -> str:
    """Return how many there are of each kind: "4 people, 2 groups and 3 apps". Empty if there are none."""
    counts = Counter(_COUNTED.get(one, _OTHERS) for one in types)
    said = [counted(counts[one], *one) for one in (_PEOPLE, _GROUPS, _APPS, _OTHERS) if counts[one]]
    return " and ".join(filter(None, (", ".join(said[:-1]), *said[-1:])))
