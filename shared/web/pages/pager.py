"""The pager below a long table: the first and the last page, those around the one that is shown, and gaps between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class PagerStep:
    """One place of the pager.

    text: What it shows.
    link: Its address. Empty for the page that is shown, and for a gap.
    current: Whether it is the page that is shown.
    """

    text: str
    link: str
    current: bool = False


def pager_of(page: int, last: int, address: Callable[[int], str]) -> tuple[PagerStep, ...]:
    """Return the places of the pager.

    page: The page that is shown, from 1.
    last: The last page.
    address: Returns the address of a page.
    """
    shown = sorted({1, last, *range(max(1, page - 1), min(last, page + 1) + 1)})
    steps: list[PagerStep] = [PagerStep("Previous", address(page - 1))] if page > 1 else []
    before = 0
    for number in shown:
        steps += [PagerStep("…", "")] if number > before + 1 else []
        current = number == page
        steps.append(PagerStep(str(number), "" if current else address(number), current))
        before = number
    return (*steps, *([PagerStep("Next", address(page + 1))] if page < last else []))
