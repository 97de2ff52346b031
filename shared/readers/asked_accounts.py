"""The accounts whose readers are asked for: what a listing shows, and what a check knows as a target. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shared.domain.model import AccountId, Target
from shared.ports import Account
from shared.turns.report import Row


@dataclass(frozen=True)
class AskedAccount:
    """An account, and where its key is published.

    account: The account.
    target: The name of the target that it is. Empty if nobody enrolled it.
    vault_url: The address of the vault in which its key is published. Empty if nobody enrolled it.
    secret: The name of the secret there. Empty if nobody enrolled it.
    """

    account: AccountId
    target: str = ""
    vault_url: str = ""
    secret: str = ""

    @classmethod
    def of(cls, account: AccountId, target: Target | None) -> AskedAccount:
        """Return where the key of an account is published.

        target: The target that it is. None if nobody enrolled it.
        """
        return cls(account, target.name, target.vault_url, target.secret) if target else cls(account)

    @property
    def name(self) -> str:
        """What people call it: the target's name, or the account's."""
        return self.target or self.account.name

    @property
    def subscription(self) -> str:
        """The id of its subscription, in lower case."""
        return self.account.subscription.lower()


def key_places(rows: Iterable[Row], accounts: Iterable[Account]) -> list[AskedAccount]:
    """Return all accounts with keys that a listing shows or a check knows as a target.

    rows: The targets, as a check has seen them.
    accounts: The accounts that a listing shows, enrolled or not.

    Those of one subscription and one vault stand together, so that a page of them needs few calls.
    """
    found = {str(one.id).casefold(): AskedAccount(one.id) for one in accounts if one.key_auth}
    for row in rows:
        if row.seen is None or row.seen.key_auth:
            found[str(row.target.account).casefold()] = AskedAccount.of(row.target.account, row.target)
    return sorted(found.values(), key=lambda one: (one.subscription, one.vault_url, one.name.casefold()))
