"""Check one target: its secret, its account, its keys and its endpoint, by the calls that a turn makes and that change
nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator

from shared.decide.adoption import began_fresh
from shared.doctor import networks, remedies
from shared.doctor.check import ON_ITS_WAY, VAULTS, Check, Examination, failed, failed_with, not_checked, passed
from shared.doctor.refused import failed_at_account, failed_at_vault
from shared.domain.account_kinds import in_state
from shared.domain.errors import RotationError
from shared.domain.keys import KeySlot
from shared.domain.model import ProofPolicy, Target
from shared.domain.publication import Origin, Publication, SecretState
from shared.domain.readiness import Verdict, readiness_of
from shared.ports import Account, Answer, CallLogs, KeyAttempt, KeyAuthIsOff, Keys
from shared.turns.authentic import authentic, counts_unsealed
from shared.turns.key_usage import NOTHING_LOGGED

_ACCOUNTS = "Microsoft.CognitiveServices/accounts"


async def check_target(examination: Examination, target: Target) -> list[Check]:
    """Make every check of one target, and note its publication for the checks of its vault."""
    check, publication = await _check_secret(examination, target)
    if publication is not None:
        examination.published.setdefault(target.vault_url, []).append(publication)
    if not examination.has_azure_token:
        return [check, not_checked("read-account", target.name, "There is no token for Azure Resource Manager.")]
    return [check, *[one async for one in _check_account(examination, target, publication)]]


async def _check_secret(examination: Examination, target: Target) -> tuple[Check, Publication | None]:
    """Read the target's secret. The publication is None if there is no secret or it could not be read."""
    name = "get-secret"
    if VAULTS not in examination.tokens:
        return not_checked(name, target.name, "There is no token for Key Vault."), None
    try:
        publication = await examination.rotation.outside.vault.latest(target)
    except RotationError as error:
        return failed_at_vault(examination, name, target.name, target.vault_url, error), None
    if publication is not None and publication.state is SecretState.DELETED:
        why = f"{target.secret_url} is deleted but recoverable."
        return failed(name, target.name, why, remedies.recover_secret(target.vault_url, target.secret)), publication
    found = "was read" if publication else "does not exist yet"
    return passed(name, target.name, f"{target.secret_url} {found}."), publication


async def _check_account(
    examination: Examination, target: Target, publication: Publication | None
) -> AsyncIterator[Check]:
    """Check that the account can be read, its keys listed and regenerated, and the live key used."""
    accounts, account = examination.rotation.outside.accounts, target.account
    grant = examination.remedies.assign(remedies.ROTATOR, remedies.account(account))
    try:
        found = await accounts.read(account)
    except RotationError as error:
        yield failed_at_account("read-account", target.name, account, error, grant)
        return
    unready = in_state(str(account), found.state)
    if unready is not None:
        yield failed_with("read-account", target.name, unready, grant)
    else:
        yield passed("read-account", target.name, f"{account} was read.")
    last_used = _last_regenerated(target, publication)
    yield await _check_permission(examination, target, "regenerate-key", "regenerateKey/action", grant, last_used)
    if target.sunset is not None:
        yield _check_takes_identity(target, found)
        async for check in _check_sunset(examination, target):
            yield check
    try:
        keys = await accounts.list_keys(account)
    except KeyAuthIsOff:
        yield passed("list-keys", target.name, "Key authentication is disabled, so there are no keys to rotate.")
    except RotationError as error:
        yield failed_at_account("list-keys", target.name, account, error, grant)
    else:
        yield passed("list-keys", target.name, "Both keys were listed.")
        if publication is not None and publication.marks is not None:
            yield _check_seal(examination, target, publication, keys)
        yield await _check_endpoint(examination, target, found.endpoint, keys, publication)


async def _check_sunset(examination: Examination, target: Target) -> AsyncIterator[Check]:
    """Check what is needed on the sunset date: to disable key authentication, and to count calls if that is set up."""
    grant = examination.remedies.assign(remedies.SWITCH, remedies.account(target.account))
    when = "It is needed on the sunset date."
    yield await _check_permission(examination, target, "switch-keys-off", "write", grant, when)
    if examination.rotation.outside.logs is not None:
        yield await _check_call_count(examination, target, examination.rotation.outside.logs)


def _check_takes_identity(target: Target, found: Account) -> Check:
    """Check that the account accepts Entra tokens. Without that, its sunset would leave nobody a way to call it."""
    name = "takes-identity"
    if found.takes_identity:
        return passed(name, target.name, "It has a custom subdomain, so it accepts tokens of Microsoft Entra ID.")
    why = (
        "It has no custom subdomain, so Azure refuses tokens of Microsoft Entra ID there, and its sunset is held. A "
        "subdomain cannot be taken away or changed later, and it changes the account's endpoint: every app needs the "
        "new one."
    )
    return failed(name, target.name, why, networks.name_account(target.account))


async def _check_permission(
    examination: Examination, target: Target, name: str, action: str, grant: str, last_used: str
) -> Check:
    """Check a permission on the account that cannot be used without changing something, by asking Azure.

    `action` is what follows the resource type in the action's name; `last_used` is the sentence to add if Azure does
    not say.
    """
    full = f"{_ACCOUNTS}/{action}"
    try:
        permissions = await examination.examiner.permissions(str(target.account))
    except RotationError:
        permissions = None
    if permissions is None:
        why = (
            f"{full} cannot be tested without side effects, and Azure does not list this identity's permissions. "
            f"{last_used}"
        )
        return not_checked(name, target.name, why, examination.remedies.list_roles(remedies.account(target.account)))
    if any(permission.covers(full) for permission in permissions):
        return passed(name, target.name, f"Azure reports that {full} is granted.")
    return failed(name, target.name, f"Azure reports that {full} is not granted. {ON_ITS_WAY}", grant)


# The name by which the log has the calls that list models is assumed (docs/facts.md, Logs).
_OWN_CALLS = (
    "This app calls with the live key, too, by listing the models, from its own address. Such calls should not be in "
    "the count: if that address is the only caller left, they are, because the log has another name for them, and keep "
    "the keys from ending."
)


async def _check_call_count(examination: Examination, target: Target, logs: CallLogs) -> Check:
    """Run the query of the sunset date, so that it is known before then whether the logs answer it."""
    name = "count-calls"
    try:
        usage = await logs.usage(target.account)
    except RotationError as error:
        named = examination.settings.call_log.workspaces if examination.settings.call_log else ()
        where = remedies.workspace(named[0] if len(named) == 1 else "<workspace-id>")
        return failed_with(name, target.name, error, examination.remedies.assign(remedies.COUNTER, where))
    found = readiness_of(key_auth=True, takes_identity=True, usage=usage, without=NOTHING_LOGGED)
    why = f"By the log of its calls the account is {found.says}. Keys are switched off only when it is ready."
    if usage is not None and usage.with_key:
        why += f" {_OWN_CALLS}"
    if found.verdict is Verdict.UNKNOWN:
        return failed(name, target.name, why, found.next_step)
    return passed(name, target.name, why)


def _check_seal(examination: Examination, target: Target, publication: Publication, keys: Keys) -> Check:
    """Check whether the marks on the secret count: whether they are sealed, or written before ROTATION_SEALED_SINCE."""
    now = examination.rotation.outside.clock.now()
    marks = authentic(publication, target, keys, now).marks
    if marks is None:
        why = (
            f"What this app's tags on {target.secret_url} say does not count, because no key of the account has sealed "
            "it. An earlier release, or somebody else, wrote it. The next turn starts anew from the published key, and "
            "promises the other one a period."
        )
        last = remedies.set_settings("ROTATION_SEALED_SINCE=<when the last instance of the earlier release ended>")
        return not_checked("seal", target.name, why, f"nothing; or, if an earlier release wrote it: {last}")
    if counts_unsealed(publication, target, now):
        return passed("seal", target.name, "Written by an earlier release. The next turn seals it.")
    return passed("seal", target.name, "What the tags on the secret say is sealed with a key of the account.")


def _last_regenerated(target: Target, publication: Publication | None) -> str:
    """Return the sentence about the last time that a key of this target was regenerated."""
    marks = publication.marks if publication else None
    if publication is None or marks is None:
        return "It has not been used for this target yet."
    if marks.origin is Origin.ROTATED:
        return f"It worked on {marks.since:%Y-%m-%d}, when this target was last rotated."
    if began_fresh(publication, target):
        return f"It worked on {marks.since:%Y-%m-%d}, when this target began with a fresh key."
    return "It has not been used for the version that is published."


async def _check_endpoint(
    examination: Examination, target: Target, endpoint: str, keys: Keys, publication: Publication | None
) -> Check:
    """Try the live key at the account's own endpoint as a proof does: by listing the models, which uses no tokens."""
    value = publication.value if publication else None
    slot = next((slot for slot, key in keys.items() if key.fingerprint == value), KeySlot.KEY1)
    attempt = await examination.rotation.outside.endpoint.try_key(endpoint, keys[slot])
    return _endpoint_answered(target, endpoint, slot, attempt)


def _endpoint_answered(target: Target, endpoint: str, slot: KeySlot, attempt: KeyAttempt) -> Check:
    name = "endpoint"
    if attempt.answer is Answer.ACCEPTED:
        return passed(name, target.name, f"{endpoint} accepts {slot.words}.")
    if attempt.answer in (Answer.REFUSED, Answer.KEYS_ARE_OFF):
        why = f"{endpoint} does not accept {slot.words} ({attempt.detail})."
        return failed(name, target.name, why, remedies.see_account(target.account))
    why = f"{slot.words} could not be checked against {endpoint} ({attempt.detail}), so no key can be proven."
    if target.proof is ProofPolicy.PREFER:
        why = f"{why} This target's proof is prefer, so its keys are published unproven."
        return not_checked(name, target.name, why)
    return failed(name, target.name, why, _open_endpoint(target, endpoint, attempt))


def _open_endpoint(target: Target, endpoint: str, attempt: KeyAttempt) -> str:
    """Return the command that lets this network reach the endpoint, or one that shows why it does not answer."""
    if attempt.regional_host:
        return networks.name_account(target.account)
    if attempt.private_only:
        return networks.join_account(target.account, endpoint)
    if attempt.answer is Answer.NETWORK_REFUSED:
        return networks.open_account(target.account)
    return remedies.see_account(target.account)
