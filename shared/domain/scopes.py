"""On which accounts an operator may act: all, or only those within Azure scopes that a setting names.

A scope is the start of a resource id, in whole segments: a subscription, a resource group or an account. Azure compares
resource ids without case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.domain.model import AccountId

ROOT = "/"  # Azure's own word for the scope that contains every other one
OTHERS = "*"  # in place of an id: every operator whom no id names


@dataclass(frozen=True)
class Reach:
    """The accounts on which an operator may act.

    scopes: The scopes, each without a slash at its end, except for `ROOT`. Empty: no account.
    """

    scopes: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether it includes every account."""
        return ROOT in self.scopes

    def includes(self, account: AccountId) -> bool:
        """Return whether the account is one of the scopes or within one.

        >>> group = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg"
        >>> account = AccountId.parse(f"{group}2/providers/Microsoft.CognitiveServices/accounts/chat")
        >>> Reach((group,)).includes(account), Reach((group + "2",)).includes(account)
        (False, True)
        """
        whole = f"{account}/".lower()
        return any(whole.startswith(f"{one.rstrip('/')}/".lower()) for one in self.scopes)


EVERYWHERE = Reach((ROOT,))


@dataclass(frozen=True)
class OperatorScopes:
    """Which operators are limited to which scopes.

    by_id: The reach of each operator, by an id in lower case, or `OTHERS`. Empty: nobody is limited.
    """

    by_id: Mapping[str, Reach] = field(default_factory=dict)

    def of(self, *ids: str) -> Reach:
        """Return the reach of the operator with these ids. The first id that is named counts.

        An operator whom no id names has the reach of `OTHERS`, and without that every account.
        """
        named = (one.lower() for one in (*ids, OTHERS) if one)
        return next((self.by_id[one] for one in named if one in self.by_id), EVERYWHERE)
