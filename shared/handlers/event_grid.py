"""Events that Azure sends: a secret is about to expire, or a key was regenerated. Each leads to a turn, no more.

Event Grid delivers at least once, late and in any order, and an event does not reliably say which key it is about or
who acted. So an event only says that an account or secret is worth a check. Duplicates, delays and foreign events are
harmless: a turn that finds nothing to do does nothing.
"""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

from shared.domain.errors import FixConfiguration, RotationError
from shared.domain.model import AccountId
from shared.domain.names import LOGGER
from shared.domain.text import plain
from shared.fleet.enrolment import Enrolled, message_for
from shared.fleet.rotation import Rotation
from shared.handlers.invocation import MOST_SECONDS, TurnFailed
from shared.wiring import rotation, time_limit

log = logging.getLogger(LOGGER)
REGENERATED = "microsoft.cognitiveservices/accounts/regeneratekey/action"


async def vault_event(data: object) -> list[str]:
    """Return the messages to queue for SecretNearExpiry and SecretExpired.

    Raises TurnFailed if the target may be one that could not be read; then Event Grid delivers the event again.
    """
    named = secret_named(data)
    if named is None:
        return _ignored("names no secret of a vault")
    with time_limit(MOST_SECONDS):
        return await _secret_event(*named)


async def _secret_event(vault: str, secret: str) -> list[str]:
    app = await _app()
    enrolled, problems = await app.fleet.enrolled()
    found = [one for one in enrolled if _is_at(one, vault, secret)]
    unseen = [problem for problem in problems if problem.hides_targets]
    if not found and unseen:  # it may be a target that could not be read
        raise TurnFailed("; ".join(str(problem) for problem in unseen))
    return _queued(app, found, f"secret {secret} in vault {vault}")


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
    try:
        found = await app.fleet.find_account(account)
    except FixConfiguration as error:
        if error.is_kept_from_us:
            raise TurnFailed(str(error)) from error
        # It is deleted or misconfigured, so another delivery does not help.
        return _ignored(f"is about an account that is no target: {error}")
    except RotationError as error:
        raise TurnFailed(str(error)) from error
    return _queued(app, [found] if found else [], f"a key of {account}")


def secret_named(data: object) -> tuple[str, str] | None:
    """Return the vault and the secret that an event of Key Vault is about, in lower case (docs/facts.md, Events).

    None if the event names none.
    """
    vault, secret = _text(data, "VaultName").casefold(), _text(data, "ObjectName").casefold()
    return (vault, secret) if vault and secret else None


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


def _is_at(one: Enrolled, vault: str, secret: str) -> bool:
    host = urlsplit(one.target.vault_url).hostname or ""
    return host.partition(".")[0].casefold() == vault and one.target.secret.casefold() == secret


def _is_our_own(data: object, client_id: str | None) -> bool:
    claims = data.get("claims") if isinstance(data, dict) else None
    return bool(client_id) and _text(claims, "appid").casefold() == (client_id or "").casefold()


def _queued(app: Rotation, found: list[Enrolled], what: str) -> list[str]:
    if not found:
        return _ignored(f"is about {what[:300]}, which is no target")
    log.info("event about %s: a turn is queued for %s", what, found[0].target.name)
    now = app.outside.clock.now()
    return [message_for(one, now, insists=True).text() for one in found]


def _ignored(why: str) -> list[str]:
    log.info("an event is ignored: it %s", plain(why))
    return []


def _text(data: Any, name: str) -> str:  # noqa: ANN401 - data from outside
    value = data.get(name) if isinstance(data, dict) else None
    return value if isinstance(value, str) else ""
