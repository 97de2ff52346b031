"""What gathering findings needs from outside, beside what turns need."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from shared.ports import Account


class Inventory(Protocol):
    def everyone(self, subscription: str) -> AsyncIterator[Account]:
        """Every account of a subscription that serves Azure OpenAI, enrolled or not, page by page."""
        ...
