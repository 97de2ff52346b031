"""Examine a deployment: can it do what it must, and if not, what mends it?

Every check is harmless. What cannot be tried harmlessly (regenerating a key, writing a secret, publishing an event)
is asked of Azure where the caller may list its own permissions, and is otherwise said not to be checked, with the
latest sign that it has worked. Where one check fails, those that need it are not made, so that one cause is one
failure. Commands come from `mending`; the outside is reached through ports alone.
"""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from shared.doctor import remedies, services
from shared.doctor.check import EVENTS, STORAGE, VAULTS, Check, Examination, bad, good, refused, unknown
from shared.doctor.ports import Examiner
from shared.doctor.targets import checks_of
from shared.domain.errors import FixConfiguration, RotationError
from shared.domain.model import Target
from shared.fleet.rotation import Rotation

AT_ONCE = 8
_SOVEREIGN = {"vault.azure.cn": "https://vault.azure.cn", "vault.usgovcloudapi.net": "https://vault.usgovcloudapi.net"}


def of_settings(error: RotationError) -> list[Check]:
    """The settings could not be read: nothing else can be looked at."""
    return [bad("settings", error.thing, error.what, error.next_step)]


async def examine(rotation: Rotation, examiner: Examiner) -> list[Check]:
    """Every check, each after those that it needs."""
    examination = Examination(rotation, examiner)
    made = [
        good("settings", "settings", f"They fit together. The mode is {examination.settings.mode}."),
        *await _tokens(examination),
    ]
    made.append(_who(examination))
    manager = examination.settings.resource_manager
    made.append(await services.reach(examination, manager, "let this network resolve and reach that address"))
    targets, enrolment = await _enrolment(examination)
    made += enrolment
    made += await _targets(examination, targets)
    for url in _vaults(examination, targets):
        made += [check async for check in services.vault(examination, url)]
    made += [check async for check in services.topic(examination)]
    made.append(await services.leases(examination))
    made += [check for check in [services.queue(examination)] if check]
    return [*made, services.clock(examination)]


def _vaults(examination: Examination, targets: list[Target]) -> list[str]:
    """Those of the targets, and those that a tag may name although none does yet."""
    named = [examination.settings.defaults.vault_url, *sorted(examination.settings.vaults)]
    return list(dict.fromkeys(url for url in (*(target.vault_url for target in targets), *named) if url))


async def _tokens(examination: Examination) -> list[Check]:
    settings = examination.settings
    host = urlsplit(settings.defaults.vault_url or "").hostname or ""
    vaults = next((url for domain, url in _SOVEREIGN.items() if host.endswith(domain)), VAULTS)
    wanted = [(settings.resource_manager, settings.resource_manager, "Azure Resource Manager")]
    wanted.append((VAULTS, vaults, "Key Vault"))
    wanted += [(EVENTS, EVENTS, "Event Grid")] if settings.topic else []
    wanted += [(STORAGE, STORAGE, "Azure Storage")] if settings.storage.connection_string is None else []
    return [await _token(examination, *one) for one in wanted]


async def _token(examination: Examination, known_as: str, resource: str, name: str) -> Check:
    try:
        examination.tokens[known_as] = await examination.examiner.token_identity(resource)
    except RotationError as error:
        return bad("token", name, error.what, remedies.give_identity(managed=examination.examiner.managed))
    return good("token", name, "A token was given.")


def _who(examination: Examination) -> Check:
    """Whose rights the other checks are about."""
    bearer, wanted = examination.tokens.get(examination.settings.resource_manager), examination.settings.client_id
    if bearer is None:
        return unknown("identity", "identity", "No token was given, so nobody is known to call.")
    who = f"application {bearer.client_id}, object {bearer.object_id}, tenant {bearer.tenant}"
    if not examination.examiner.managed:
        why = f"All rights below are those of whoever is signed in here ({who}), not of the function app's identity."
        return unknown("identity", "identity", why, examination.mend.assigned("<scope>"))
    if wanted not in (None, bearer.client_id):
        why = f"AZURE_CLIENT_ID is {wanted}, and the token is that of {who}."
        return bad("identity", "identity", why, remedies.give_identity(managed=True))
    return good("identity", "identity", f"All rights below are those of {who}.")


async def _enrolment(examination: Examination) -> tuple[list[Target], list[Check]]:
    if not examination.has_azure:
        why = "There is no token for Azure Resource Manager, so no account can be found by its tags."
        return list(examination.settings.targets), [unknown("enrolment", "targets", why)]
    enrolled, problems = await examination.rotation.fleet.enrolled()
    checks = [_not_enrolled(examination, error) for error in problems]
    names = ", ".join(one.target.name for one in enrolled[:10]) + (" and others" if len(enrolled) > 10 else "")
    if enrolled:
        checks.append(good("enrolment", "targets", f"{len(enrolled)} targets are enrolled: {names}."))
    elif not problems:
        checks.append(bad("enrolment", "targets", "No account is enrolled.", remedies.enrol()))
    return [one.target for one in enrolled], checks


def _not_enrolled(examination: Examination, error: RotationError) -> Check:
    if isinstance(error, FixConfiguration):
        return bad("enrolment", error.thing, error.what, error.next_step)
    scope = f"/subscriptions/{error.thing.split()[-1]}"
    return refused("enrolment", error.thing, error, examination.mend.assign(remedies.ROTATOR, scope))


async def _targets(examination: Examination, targets: list[Target]) -> list[Check]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def gated(target: Target) -> list[Check]:
        async with gate:
            return await checks_of(examination, target)

    return [check for found in await asyncio.gather(*map(gated, targets)) for check in found]
