"""What gathering findings needs from outside, in addition to what turns need."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from shared.ports import Account


class Inventory(Protocol):
    """All accounts of a subscription, not only the enrolled ones."""

    def everyone(self, subscription: str) -> AsyncIterator[Account]:
        """Yield every account of a subscription that serves Azure OpenAI, enrolled or not, page by page.

        Raises a RotationError if the subscription cannot be listed.
        """
        ...
