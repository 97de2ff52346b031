"""The Chromium of this machine, and axe-core, with which the tests in this folder look at the pages.

python -m tests.tools.browser.chromium      print which Chromium would be used; exit code 1 if there is none
"""

import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

ROOT = Path(__file__).resolve().parents[3]
AXE = ROOT / ".run" / "browser-node" / "node_modules" / "axe-core" / "axe.min.js"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# The sandbox needs rights that a container does not give, and everything that would call home is switched off.
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


def installed() -> str | None:
    """Return the Chromium that CHROMIUM names, or else the first one on the PATH. None if there is none."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    return next(filter(None, map(shutil.which, NAMES)), None)


def missing() -> str | None:
    """Return what the tests lack on this machine and what to do about it. None if everything is there."""
    if installed() is None:
        named = os.environ.get("CHROMIUM")
        where = f"CHROMIUM names {named}, which cannot be run" if named else f"the PATH has none of {', '.join(NAMES)}"
        return f"There is no Chromium: {where}. Next step: install the package chromium, or set CHROMIUM to its path."
    if not AXE.exists():
        return f"axe-core is not at {AXE.relative_to(ROOT)}. Next step: install Node and npm, then run make test-tools."
    return None


@asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    """Run a Chromium without a window until the block ends."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=installed(), args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


if __name__ == "__main__":
    found = installed()
    print(found or missing())  # noqa: T201 - scripts/test_tools asks
    sys.exit(found is None)
