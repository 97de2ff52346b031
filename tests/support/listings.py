"""Read a whole listing, page after page."""

from collections.abc import Awaitable, Callable

from shared.ports import Page


async def all_of[T](page: Callable[[str | None], Awaitable[Page[T]]]) -> list[T]:
    """Return the entries of all pages."""
    found: list[T] = []
    after: str | None = None
    while True:
        one = await page(after)
        found += one.entries
        after = one.after
        if after is None:
            return found
