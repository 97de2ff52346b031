"""Check one target: its secret, its account, its keys and its endpoint, as a turn uses them but without its deeds."""

from __future__ import annotations

from collections.abc import AsyncIterator

from shared.decide.adoption import began_fresh
from shared.doctor import remedies
from shared.doctor.check import VAULTS, Check, Examination, bad, good, refused, unknown
from shared.domain.errors import FixConfiguration, GrantRole, RotationError
from shared.domain.keys import KeySlot
from shared.domain.model import ProofPolicy, Target
from shared.domain.publication import Origin, Publication, SecretState
from shared.ports import PUBLIC_ACCESS_IS_OFF, Answer, KeyAttempt, KeyAuthIsOff, Keys, Logs

_ACCOUNTS = "Microsoft.CognitiveServices/accounts"


async def checks_of(examination: Examination, target: Target) -> list[Check]:
    """Everything about one target."""
    check, publication = await _secret(examination, target)
    if publication is not None:
        examination.published.setdefault(target.vault_url, []).append(publication)
    if not examination.has_azure:
        return [check, unknown("read-account", target.name, "There is no token for Azure Resource Manager.")]
    return [check, *[one async for one in _account(examination, target, publication)]]


async def _secret(examination: Examination, target: Target) -> tuple[Check, Publication | None]:
    name = "get-secret"
    if VAULTS not in examination.tokens:
        return unknown(name, target.name, "There is no token for Key Vault."), None
    try:
        publication = await examination.rotation.outside.vault.latest(target)
    except RotationError as error:
        return vault_refused(examination, name, target.name, target.vault_url, error), None
    if publication is not None and publication.state is SecretState.DELETED:
        why = f"{target.secret_url} is deleted but recoverable."
        return bad(name, target.name, why, remedies.recover_secret(target.vault_url, target.secret)), publication
    found = "was read" if publication else "does not exist yet"
    return good(name, target.name, f"{target.secret_url} {found}."), publication


def vault_refused(examination: Examination, name: str, thing: str, url: str, error: RotationError) -> Check:
    """A vault says no for want of a role, or its firewall does, or nobody is there."""
    if isinstance(error, FixConfiguration) and "network" in error.next_step:
        return bad(name, thing, error.what, remedies.open_vault(url))
    if isinstance(error, GrantRole):
        return refused(name, thing, error, examination.mend.assign(remedies.PUBLISHER, remedies.vault(url)))
    return bad(name, thing, error.what, remedies.see_vault(url))


async def _account(examination: Examination, target: Target, publication: Publication | None) -> AsyncIterator[Check]:
    accounts, account = examination.rotation.outside.accounts, target.account
    grant = examination.mend.assign(remedies.ROTATOR, remedies.account(account))
    try:
        found = await accounts.read(account)
    except RotationError as error:
        yield refused("read-account", target.name, error, grant)
        return
    yield good("read-account", target.name, f"{account} was read.")
    yield await _right(
        examination, target, ("regenerate-key", "regenerateKey/action"), grant, _last_used(target, publication)
    )
    if target.sunset is not None:
        switch = examination.mend.assign(remedies.SWITCH, remedies.account(account))
        yield await _right(examination, target, ("switch-keys-off", "write"), switch, "It is needed at the sunset.")
        if examination.rotation.outside.logs is not None:
            yield await _key_calls(examination, target, examination.rotation.outside.logs)
    try:
        keys = await accounts.list_keys(account)
    except KeyAuthIsOff:
        yield good("list-keys", target.name, "Keys are switched off on the account, so nothing is left to do.")
        return
    except RotationError as error:
        yield refused("list-keys", target.name, error, grant)
        return
    yield good("list-keys", target.name, "Both keys were listed.")
    yield await _endpoint(examination, target, found.endpoint, keys, publication)


async def _right(examination: Examination, target: Target, right: tuple[str, str], grant: str, sign: str) -> Check:
    """A right that cannot be used harmlessly: asked for, where asking is allowed."""
    name, full = right[0], f"{_ACCOUNTS}/{right[1]}"
    try:
        permissions = await examination.examiner.permissions(str(target.account))
    except RotationError:
        permissions = None
    if permissions is None:
        why = f"{full} cannot be tried harmlessly, and Azure does not list this identity's permissions for it. {sign}"
        return unknown(name, target.name, why, examination.mend.assigned(remedies.account(target.account)))
    if any(permission.covers(full) for permission in permissions):
        return good(name, target.name, f"Azure says that {full} is granted.")
    return bad(name, target.name, f"Azure says that {full} is not granted.", grant)


async def _key_calls(examination: Examination, target: Target, logs: Logs) -> Check:
    """Asked as at the sunset, so that it is known before then whether the logs answer."""
    name = "count-calls"
    try:
        calls = await logs.key_calls(target.account)
    except RotationError as error:
        return refused(name, target.name, error, examination.mend.assign(remedies.COUNTER, remedies.workspace()))
    return good(name, target.name, f"{calls} calls with a key were counted; keys end when there are none.")


def _last_used(target: Target, publication: Publication | None) -> str:
    """The latest sign that a key could be regenerated."""
    marks = publication.marks if publication else None
    if publication is None or marks is None:
        return "It has not been used for this target yet."
    if marks.origin is Origin.ROTATED:
        return f"It worked on {marks.since:%Y-%m-%d}, when this target was last rotated."
    if began_fresh(publication, target):
        return f"It worked on {marks.since:%Y-%m-%d}, when this target began with a fresh key."
    return "It has not been used for the version that is published."


async def _endpoint(
    examination: Examination, target: Target, endpoint: str, keys: Keys, publication: Publication | None
) -> Check:
    """The live key is shown to the account's own endpoint, as a proof does: a list of models, which uses no tokens."""
    value = publication.value if publication else None
    slot = next((slot for slot, key in keys.items() if key.fingerprint == value), KeySlot.KEY1)
    return _of_trial(target, endpoint, slot, await examination.rotation.outside.endpoint.try_key(endpoint, keys[slot]))


def _of_trial(target: Target, endpoint: str, slot: KeySlot, trial: KeyAttempt) -> Check:
    name = "endpoint"
    if trial.answer is Answer.ACCEPTED:
        return good(name, target.name, f"{endpoint} accepts {slot}.")
    if trial.answer in (Answer.REFUSED, Answer.KEYS_ARE_OFF):
        why = f"{endpoint} does not accept {slot} ({trial.detail})."
        return bad(name, target.name, why, remedies.see_account(target.account))
    why = f"{endpoint} cannot be asked from here ({trial.detail}), so no key can be proven."
    if target.proof is ProofPolicy.PREFER:
        return unknown(name, target.name, f"{why} This target's proof is prefer: its keys are published unproven.")
    if PUBLIC_ACCESS_IS_OFF in trial.detail:
        return bad(name, target.name, why, remedies.join_account(target.account))
    closed = trial.answer is Answer.NETWORK_REFUSED
    mend = remedies.open_account(target.account) if closed else remedies.see_account(target.account)
    return bad(name, target.name, why, mend)
