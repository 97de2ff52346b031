"""Events that Azure sends: a secret is about to expire, or a key was regenerated. Each leads to a turn, no more.

Event Grid delivers at least once, late and in any order, and an event does not reliably say which key it is about or
who acted. So an event only says that an account or secret is worth a check. Duplicates, delays and foreign events are
harmless: a turn that finds nothing to do does nothing. Many events about one thing within a moment lead to two turns.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from re import fullmatch
from typing import Any

from shared.domain.errors import FixConfiguration, RotationError
from shared.domain.model import AccountId
from shared.domain.names import LOGGER, SECRET_NAME
from shared.domain.text import plain
from shared.fleet.burst import MOMENT
from shared.fleet.enrolment import Enrolled, message_for
from shared.fleet.rotation import Rotation
from shared.handlers.invocation import MOST_SECONDS, TurnFailed
from shared.wiring import rotation, time_limit

log = logging.getLogger(LOGGER)
REGENERATED = "microsoft.cognitiveservices/accounts/regeneratekey/action"


async def vault_event(data: object) -> list[str]:
    """Return the messages to queue for SecretNearExpiry and SecretExpired.

    The secret's own tags say which account it is of, so an event about another secret costs one call, not a listing of
    the fleet. A target that has published nothing yet needs no event: the next tick sees to it.

    Raises TurnFailed if the target may be one that could not be read; then Event Grid delivers the event again.
    """
    named = secret_named(data)
    if named is None:
        return _ignored("names no secret of a vault")
    with time_limit(MOST_SECONDS):
        return await _secret_event(*named)


async def _secret_event(vault: str, secret: str) -> list[str]:
    app = await _app()
    what = f"secret {secret} in vault {vault}"
    return await _once(app, what, lambda: app.fleet.find_secret(vault, secret))


async def account_event(data: object, subject: str = "") -> list[str]:
    """Return the messages to queue for a regenerateKey that Azure Resource Manager reports.

    `subject` is the event's subject, which names the account if the data does not. Raises TurnFailed as `vault_event`.
    """
    account = account_named(data, subject)
    if account is None:
        return _ignored("reports no regenerated key")
    with time_limit(MOST_SECONDS):
        return await _key_event(data, account)


async def _key_event(data: object, account: AccountId) -> list[str]:
    app = await _app()
    if _is_our_own(data, app.settings.client_id):
        return _ignored(f"reports this app's own call for {account}")
    return await _once(app, f"a key of {account}", lambda: app.fleet.find_account(account))


def secret_named(data: object) -> tuple[str, str] | None:
    """Return the vault and the secret that an event of Key Vault is about, in lower case (docs/facts.md, Events).

    None if the event names none.
    """
    vault, secret = _text(data, "VaultName").casefold(), _text(data, "ObjectName").casefold()
    return (vault, secret) if fullmatch(SECRET_NAME, vault) and fullmatch(SECRET_NAME, secret) else None


def account_named(data: object, subject: str) -> AccountId | None:
    """Return the account whose key was regenerated (docs/facts.md, Events). None for any other event."""
    if _text(data, "operationName").casefold() != REGENERATED:
        return None
    try:
        return AccountId.parse((_text(data, "resourceUri") or subject).removesuffix("/regenerateKey"))
    except ValueError:
        return None


async def _app() -> Rotation:
    try:
        return await rotation()
    except RotationError as error:
        raise TurnFailed(str(error)) from error


def _is_our_own(data: object, client_id: str | None) -> bool:
    claims = data.get("claims") if isinstance(data, dict) else None
    return bool(client_id) and _text(claims, "appid").casefold() == (client_id or "").casefold()


async def _once(app: Rotation, what: str, find: Callable[[], Awaitable[Enrolled | None]]) -> list[str]:
    """Return the messages to queue for an event. None if a turn that is queued already begins later than this event."""
    burst = app.bursts.of(what.casefold(), app.outside.clock.now())
    async with burst.busy:
        now = app.outside.clock.now()
        if burst.is_served(now):
            return _ignored(f"is about {what}, for which a turn is queued already")
        messages = await _queued(app, find(), what)
        if not messages:
            return []
        now = app.outside.clock.now()
        hidden = burst.is_going_on(now) and await _sent_hidden(app, messages)
        burst.note(now, hidden=hidden)
        return [] if hidden else messages


async def _sent_hidden(app: Rotation, messages: list[str]) -> bool:
    """Queue messages that nobody sees for a moment. Return whether that is certain; if not, they are queued at once."""
    if app.outside.later is None:
        return False
    try:
        for message in messages:
            await app.outside.later.send(message, MOMENT)
    except RotationError as error:
        log.warning("a turn could not be queued for later, and is queued at once: %s", error)
        return False
    return True


async def _queued(app: Rotation, finding: Awaitable[Enrolled | None], what: str) -> list[str]:
    try:
        found = await finding
    except FixConfiguration as error:
        if error.refused_to_show:
            raise TurnFailed(str(error)) from error
        # It is deleted or misconfigured, so another delivery does not help.
        return _ignored(f"is about {what}, which is no target's: {error}")
    except RotationError as error:
        raise TurnFailed(str(error)) from error
    if found is None:
        return _ignored(f"is about {what}, which is no target's")
    log.info("event about %s: a turn is queued for %s", what, found.target.name)
    return [message_for(found, app.outside.clock.now(), insists=True).text()]


def _ignored(why: str) -> list[str]:
    log.info("an event is ignored: it %s", plain(why))
    return []


def _text(data: Any, name: str) -> str:  # noqa: ANN401 - data from outside
    value = data.get(name) if isinstance(data, dict) else None
    return value if isinstance(value, str) else ""
