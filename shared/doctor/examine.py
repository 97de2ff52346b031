"""Examine a deployment: can it do what it must, and if not, what fixes it?

Every check is harmless. What would change something (regenerating a key, writing a secret, publishing an event) is not
tried: Azure is asked whether it is permitted, if the caller may list its own permissions. Otherwise the check is
reported as not made, with the last time that the action worked. If a check fails, the checks that depend on it are
not made, so that one cause is reported as one failure.

The commands come from `remedies`; everything outside is reached through ports.
"""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from shared.doctor import refused, remedies, services
from shared.doctor.check import EVENTS, STORAGE, VAULTS, Check, Examination, failed, failed_with, not_checked, passed
from shared.doctor.listening import check_listeners
from shared.doctor.ports import Examiner, Reading
from shared.doctor.reading import check_reading
from shared.doctor.targets import check_target
from shared.domain.errors import FixConfiguration, RotationError
from shared.domain.model import Target
from shared.fleet.rotation import Rotation
from shared.version import described

TARGETS_AT_ONCE = 8
_WHICH = f"The code that checks is version {described()}."
# The clouds in which Key Vault takes tokens for another resource than in the public cloud.
_SOVEREIGN = {"vault.azure.cn": "https://vault.azure.cn", "vault.usgovcloudapi.net": "https://vault.usgovcloudapi.net"}


def invalid_settings(error: FixConfiguration, how: str) -> list[Check]:
    """Return the checks that are left if the settings could not be read: one for each invalid setting.

    `how` is how settings are changed. The last check shows it for all of them.
    """
    problems = error.each or (error,)
    steps = [*(f"{one.next_step}, as below" for one in problems[:-1]), f"{problems[-1].next_step}; {how}"]
    return [failed("settings", one.thing, one.what, step) for one, step in zip(problems, steps, strict=True)]


async def examine(rotation: Rotation, examiner: Examiner, reading: Reading | None = None) -> list[Check]:
    """Make every check, each after the checks that it depends on, and return them in that order.

    `reading` is what readiness and audit read beside the targets. None: it is not checked.
    """
    examination = Examination(rotation, examiner)
    made = [
        passed("settings", "settings", f"They are valid. The mode is {examination.settings.mode}. {_WHICH}"),
        *(check for check in [services.check_proxy(examination)] if check),
        *await _check_tokens(examination),
    ]
    made.append(_check_identity(examination))
    manager = examination.settings.resource_manager
    made.append(await services.check_address(examination, manager, "let this network resolve and reach that address"))
    targets, enrolment = await _check_enrolment(examination)
    made += enrolment
    made += await _check_targets(examination, targets)
    for url in _vaults(examination, targets):
        made += [check async for check in services.check_vault(examination, url)]
    made += [check async for check in services.check_topic(examination)]
    made += [check async for check in check_listeners(examination, targets)]
    if reading is not None:
        made += [check async for check in check_reading(examination, reading, targets)]
    made.append(await services.check_lease(examination))
    few = (services.check_queue(examination), services.check_sign_in(examination))
    made += [check for check in (*few, services.check_operators(examination, targets)) if check]
    return [*made, services.check_clock(examination)]


def _vaults(examination: Examination, targets: list[Target]) -> list[str]:
    """Return the URLs of the targets' vaults, and of the vaults that a tag may name although none does yet."""
    named = [examination.settings.defaults.vault_url, *sorted(examination.settings.vaults)]
    return list(dict.fromkeys(url for url in (*(target.vault_url for target in targets), *named) if url))


async def _check_tokens(examination: Examination) -> list[Check]:
    """Check that there is a token for each service that this deployment calls as an identity."""
    settings = examination.settings
    host = urlsplit(settings.defaults.vault_url or "").hostname or ""
    vaults = next((url for domain, url in _SOVEREIGN.items() if host.endswith(domain)), VAULTS)
    wanted = [(settings.resource_manager, settings.resource_manager, "Azure Resource Manager")]
    wanted.append((VAULTS, vaults, "Key Vault"))
    wanted += [(EVENTS, EVENTS, "Event Grid")] if settings.topic else []
    wanted += [(STORAGE, STORAGE, "Azure Storage")] if settings.storage.connection_string is None else []
    return [await _check_token(examination, *one) for one in wanted]


async def _check_token(examination: Examination, known_as: str, resource: str, service: str) -> Check:
    """Get a token for a resource and keep whose it is under `known_as`, the resource's name in the public cloud."""
    try:
        examination.tokens[known_as] = await examination.examiner.token_identity(resource)
    except RotationError as error:
        return failed("token", service, error.what, remedies.give_identity(managed=examination.examiner.managed))
    return passed("token", service, "A token was issued.")


def _check_identity(examination: Examination) -> Check:
    """Check that the identity whose permissions the other checks show is the one that the settings name."""
    token, wanted = examination.tokens.get(examination.settings.resource_manager), examination.settings.client_id
    if token is None:
        return not_checked("identity", "identity", "No token was issued, so the calling identity is unknown.")
    who = f"application {token.client_id}, object {token.object_id}, tenant {token.tenant}"
    if not examination.examiner.managed:
        why = (
            f"All permissions shown here are those of the person signed in ({who}), not of the function app's identity."
        )
        return not_checked("identity", "identity", why, examination.remedies.list_roles(remedies.Scope()))
    if wanted not in (None, token.client_id):
        why = f"AZURE_CLIENT_ID is {wanted}, but the token belongs to {who}."
        return failed("identity", "identity", why, remedies.give_identity(managed=True))
    return passed("identity", "identity", f"All permissions shown here are those of {who}.")


async def _check_enrolment(examination: Examination) -> tuple[list[Target], list[Check]]:
    """Return the targets, and a check for each subscription or account that could not be enrolled."""
    if not examination.has_azure_token:
        why = "There is no token for Azure Resource Manager, so no account can be found by its tags."
        return list(examination.settings.targets), [not_checked("enrolment", "targets", why)]
    enrolled, problems = await examination.rotation.fleet.enrolled()
    checks = [_not_enrolled(examination, error) for error in problems]
    names = ", ".join(one.target.name for one in enrolled[:10]) + (" and others" if len(enrolled) > 10 else "")
    if enrolled:
        checks.append(passed("enrolment", "targets", f"{len(enrolled)} targets are enrolled: {names}."))
    elif not problems:
        checks.append(failed("enrolment", "targets", "No account is enrolled.", remedies.enrol()))
    return [one.target for one in enrolled], checks


def _not_enrolled(examination: Examination, error: RotationError) -> Check:
    remedy = refused.at_subscription(error, error.subscription)
    if remedy is not None:
        return failed("enrolment", error.thing, refused.with_step(error), remedy)
    if isinstance(error, FixConfiguration):
        return failed("enrolment", error.thing, error.what, error.next_step)
    scope = remedies.Scope.of_subscription(error.subscription)
    return failed_with("enrolment", error.thing, error, examination.remedies.assign(remedies.ROTATOR, scope))


async def _check_targets(examination: Examination, targets: list[Target]) -> list[Check]:
    """Check a few targets at the same time."""
    gate = asyncio.Semaphore(TARGETS_AT_ONCE)

    async def gated(target: Target) -> list[Check]:
        async with gate:
            return await check_target(examination, target)

    return [check for found in await asyncio.gather(*map(gated, targets)) for check in found]
