"""What readers need from outside. All of it only reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from shared.domain.model import AccountId
from shared.readers.kinds import RightsSeen, RoleHeld


class Rights(Protocol):
    """Role assignments and vaults, as Azure Resource Manager shows them."""

    async def around(self, account: AccountId, vault_url: str) -> RightsSeen:
        """Return the rights around an account and the vault in which its key is published.

        vault_url: The vault's address.

        Raises nothing: what cannot be seen is in `not_looked` and `problems`.
        """
        ...

    async def of_principal(self, account: AccountId, principal: str) -> Sequence[RoleHeld]:
        """Return the assignments that act on an account and reach a principal, through groups too: the service itself
        resolves them.

        principal: The object id.

        Raises a RotationError.
        """
        ...
