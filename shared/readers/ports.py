"""What readers need from outside. All of it only reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from shared.domain.model import AccountId
from shared.readers.kinds import RightsSeen, RoleHeld


class Rights(Protocol):
    """Role assignments and vaults, as Azure Resource Manager shows them."""

    @property
    def calls(self) -> int:
        """How many calls were made so far, repeats of failed ones not counted."""
        ...

    async def around(self, account: AccountId, vault_url: str) -> RightsSeen:
        """Return the rights around an account and the vault in which its key is published.

        vault_url: The vault's address. Empty if its key is published nowhere: then no vault is looked at.

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

    async def in_subscription(self, subscription: str) -> RightsSeen:
        """Return the rights in a subscription, at, above and below it, without any vault.

        subscription: Its id.

        Raises nothing: what cannot be seen is in `not_looked` and `problems`.
        """
        ...

    async def own_principal(self) -> str:
        """Return the object id of the identity that asks, in lower case, as its token says. Empty if that is not known.

        Raises nothing.
        """
        ...

    async def identities(self) -> Mapping[str, str]:
        """Return the managed identities in sight: by the object id of each principal, in lower case, the id of the
        resource that has it, or of the identity itself if it is a resource of its own, which several may use.

        Those that this app's identity may not read are missing, and nothing says so. Raises a RotationError.
        """
        ...
