"""A visit of a page with a real browser, and what every page is judged by.

    async with visiting(browser, scene.host.url, Look(390, dark=True)) as visit:
        await visit.go(scene.address())
        await visit.axe()

Each judgement raises AssertionError and says what it found, at which element.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

from tests.tools.browser.chromium import AXE

PHONE, DESK = 390, 1440
WIDTHS = (320, 360, 390, 480, 640, 768, 800, 1024, 1100, 1280, 1440, 1680, 1920)
MOST_BYTES = 150_000
_LOADED = "load"
# WCAG 2.2 AA, and what axe recommends beyond it.
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_AXE = "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})"
# What sticks out to the right of the window and is in nothing that scrolls by itself or clips.
_STICKS_OUT = """() => {
  const wide = document.documentElement.clientWidth;
  const kept = one => {
    for (let up = one.parentElement; up && up !== document.body; up = up.parentElement)
      if (getComputedStyle(up).overflowX !== 'visible') return true;
    return false;
  };
  const out = [...document.body.querySelectorAll('*')].filter(
    one => one.getBoundingClientRect().right > wide + 1 && one.getClientRects().length && !kept(one));
  const name = one => one.tagName.toLowerCase() + (one.getAttribute('class') ? '.' + one.getAttribute('class') : '');
  return {scrolls: document.documentElement.scrollWidth - wide, out: out.slice(0, 5).map(
    one => `${name(one)} "${(one.textContent || '').trim().slice(0, 40)}" to ${one.getBoundingClientRect().right}`)};
}"""


@dataclass(frozen=True)
class Look:
    """How a page is looked at.

    width: The width of the window in CSS pixels.
    dark: Whether the person prefers dark colours.
    script: Whether scripts run.
    """

    width: int = DESK
    dark: bool = False
    script: bool = True

    def __str__(self) -> str:
        return f"{self.width} {'dark' if self.dark else 'light'}{'' if self.script else ' without script'}"


AT_A_DESK = Look()


@dataclass
class Visit:
    """One page in a browser.

    page: The page.
    host: The host and port that everything must come from.
    complaints: What the browser complained about: errors, violations of the policy, scripts that failed.
    requests: The addresses that were asked for.
    answers: The answers that came.
    """

    page: Page
    host: str
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    answers: list[Response] = field(default_factory=list)

    def listen(self) -> None:
        """Collect what the browser says and asks for from now on."""
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on("request", self._asked)
        self.page.on("response", self._answered)

    async def go(self, url: str, *, status: int = 200) -> None:
        """Open an address, which must be answered with this status."""
        self.answers.clear()
        answer = await self.page.goto(url, wait_until=_LOADED)
        assert answer is not None
        assert answer.status == status, f"{url}: {answer.status}, not {status}\n{(await answer.text())[:600]}"

    async def text(self) -> str:
        """Return what a person can read on the page, as one line."""
        return " ".join((await self.page.inner_text("body")).split())

    async def heading(self) -> str:
        """Return the one level 1 heading. Fails if there is none or more than one."""
        found = await self.page.locator("h1").all()
        assert len(found) == 1, f"{len(found)} level 1 headings at {self.page.url}"
        return " ".join((await found[0].inner_text()).split())

    async def axe(self) -> None:
        """Fail if axe finds something that WCAG 2.2 AA or its own advice forbids."""
        session = await self.page.context.new_cdp_session(self.page)
        await session.send("Runtime.evaluate", {"expression": _axe_source()})  # a policy for scripts does not stop this
        await session.detach()
        found = await self.page.evaluate(_AXE, list(TAGS))
        assert not found["violations"], "\n".join([self.page.url, *_findings(found["violations"])])

    async def no_overflow(self, widths: Iterable[int] = WIDTHS) -> None:
        """Fail if the page scrolls sideways, or an element sticks out of it, at any of these widths in CSS pixels."""
        before, found = self.page.viewport_size, []
        for width in widths:
            await self.page.set_viewport_size({"width": width, "height": 900})
            seen = await self.page.evaluate(_STICKS_OUT)
            if seen["scrolls"] > 0 or seen["out"]:
                found.append(f"{width}: scrolls by {seen['scrolls']}; {'; '.join(seen['out'])}")
        if before:
            await self.page.set_viewport_size(before)
        assert not found, "\n".join([self.page.url, *found])

    def console_is_clean(self) -> None:
        """Fail if the browser complained about something, or asked another host for something."""
        strangers = [url for url in self.requests if not self._is_ours(url)]
        assert not strangers, f"other hosts were asked: {strangers}"
        assert not self.complaints, f"{self.page.url}: {self.complaints}"

    async def weighs(self) -> int:
        """Return the bytes of all answers since the page was opened, as the host sent them."""
        return sum([len(await one.body()) for one in self.answers if not 300 <= one.status < 400])

    def _said(self, message: ConsoleMessage) -> None:
        # The status of the page itself is judged by `go`; the browser also reports it as an error.
        about_page = message.location["url"] == self.page.url and "server responded with a status" in message.text
        if message.type in ("error", "warning") and not about_page:
            self.complaints.append(f"{message.type}: {message.text}")

    def _asked(self, request: Request) -> None:
        self.requests.append(request.url)

    def _answered(self, answer: Response) -> None:
        self.answers.append(answer)

    def _is_ours(self, url: str) -> bool:
        parts = urlsplit(url)
        return parts.scheme in ("data", "blob") or parts.netloc == self.host


@asynccontextmanager
async def visiting(browser: Browser, site: str, look: Look = AT_A_DESK) -> AsyncIterator[Visit]:
    """Open a window of its own, in which nobody has signed in, and close it when the block ends.

    site: The address of the site that everything must come from.
    """
    context = await _window(browser, look)
    try:
        page = await context.new_page()
        visit = Visit(page, urlsplit(site).netloc)
        visit.listen()
        yield visit
    finally:
        await context.close()


async def _window(browser: Browser, look: Look) -> BrowserContext:
    return await browser.new_context(
        viewport={"width": look.width, "height": 900},
        color_scheme="dark" if look.dark else "light",
        java_script_enabled=look.script,
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="UTC",
        is_mobile=False,
    )


def _findings(violations: list[dict[str, Any]]) -> Iterable[str]:
    for one in violations:
        yield f"{one['id']} ({one['impact']}): {one['help']}"
        for node in one["nodes"][:4]:
            yield f"    {node['html'][:160]}\n      {' '.join(node['failureSummary'].split())[:300]}"


@cache
def _axe_source() -> str:
    return AXE.read_text()
