"""A person in front of a browser on whose pages forms are filled in: what the browser shows, and what it sends."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

from lab.emulator.accounts import Account
from shared.handlers.http import Incoming, serve
from shared.web.callers import Role
from shared.web.responses import Reply
from shared.web.routes import ROUTES
from tests.support.real_parts import Parts
from tests.support.signed_in import signed_in

NAME, HOST = "account-001", "rotation.example.com"
FROM_HERE = {"origin": f"https://{HOST}", "host": HOST, "sec-fetch-site": "same-origin"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


class Form(HTMLParser):
    """The form of a page as a browser has it: where it is sent to, its fields with their values, and its buttons."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.buttons: dict[str, str] = {}
        self.aim = ""
        self._select = self._button = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        one = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.aim = one["action"]
        elif tag == "input" and (one["type"] not in ("radio", "checkbox") or "checked" in one):
            self.fields[one["name"]] = one.get("value", "")
        elif tag == "select":
            self._select = one["name"]
        elif tag == "option" and "selected" in one:
            self.fields[self._select] = one["value"]
        elif tag == "button" and "value" in one:
            self._button = one["value"]

    def handle_data(self, data: str) -> None:
        if self._button:
            self.buttons[self._button], self._button = data, ""


@dataclass
class Person:
    """A person with a browser, signed in as an operator.

    parts: The app that the browser reaches.
    headers: What the browser and the platform add to each request.
    calls: How many requests were made.
    pages: Every page that was shown.
    """

    parts: Parts
    headers: Mapping[str, str] = field(default_factory=lambda: signed_in(Role.OPERATOR) | FROM_HERE)
    calls: int = 0
    pages: list[Reply] = field(default_factory=list)

    @property
    def world(self) -> Any:
        return self.parts.azure.world

    @property
    def account(self) -> Account:
        return self.parts.account()

    @property
    def keys(self) -> dict[str, str]:
        return {str(slot): key.value for slot, key in self.account.keys.items()}

    def works(self, value: str) -> bool:
        return self.world.accounts.key_accepted(self.account, value)

    def regenerated(self) -> int:
        return self.world.journal.count("arm.regenerateKey", effect=True)

    def versions(self) -> int:
        (vault,) = self.world.vaults.values()
        return len(vault.secrets[f"{NAME}-key"].versions)

    async def opens(self, act: str, name: str = NAME, account: str = "", **query: str) -> tuple[Reply, Form]:
        return await self._ask("GET", act, b"", name, account, query)

    async def sends(
        self, act: str, form: Form, name: str = NAME, account: str = "", **filled: str
    ) -> tuple[Reply, Form]:
        """Fill a form in and press the button that acts, unless `do` says another one."""
        body = urlencode({**form.fields, "reason": "a drill", "confirm": NAME, "do": "act", **filled}).encode()
        return await self._ask("POST", act, body, name, account, {})

    async def _ask(self, method: str, act: str, body: bytes, name: str, account: str, query: Mapping[str, str]) -> Any:
        self.calls += 1
        headers = {**self.headers, **(FORM if body else {})}
        asked = Incoming(method, name, body, headers, f"call-{self.calls}", account, act, query)
        reply = await serve(ROUTES["act_page"], asked)
        self.pages.append(reply)
        return reply, Form(reply.body)
