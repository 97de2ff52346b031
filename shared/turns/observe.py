"""Observe a target: read the secret and both keys, and return them as one observation. Nothing is decided here.

The secret is read first, then the keys. The account itself is read only if those two do not tell everything: nothing of
ours is published, listing keys is refused, or the published value is neither key. That saves a call in an ordinary
turn; the endpoint is then taken from the publication, which got it when its key was proven. If the published value is
neither key, the secret and the keys are read once more, because Azure can answer a read with what was there before.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from shared.domain.account_kinds import has_subdomain, of_another_kind, serves_openai
from shared.domain.errors import TryLater
from shared.domain.keys import ApiKey, KeySlot
from shared.domain.model import Adopt, Observation, Target
from shared.domain.publication import Publication, SecretState
from shared.domain.scheduled import agreed_sunset
from shared.ports import Account, Accounts, KeyAuthIsOff, Outside
from shared.turns.notes import fresh_key
from shared.turns.secret_notes import explained_observation


@dataclass
class ObservedKeys:
    """An observation, and the keys it was made from, masked, for the steps that need a value.

    seen: The observation. It holds fingerprints only.
    keys: Both keys. Empty if keys are switched off.
    """

    seen: Observation
    keys: dict[KeySlot, ApiKey] = field(default_factory=dict)


async def observe(target: Target, outside: Outside) -> ObservedKeys:
    """Return what the secret and the account hold now, and what explains it. Raises only the errors of
    `shared.domain.errors`.

    Its marks are there only if they count. If it carries none, a note or an earlier version may explain it.
    """
    observed = await look(target, outside)
    return replace(observed, seen=await explained_observation(observed.seen, observed.keys, target, outside))


async def look(target: Target, outside: Outside, *, distrust_tags: bool = False) -> ObservedKeys:
    """Return what the secret and the account hold now. Raises only the errors of `shared.domain.errors`.

    If nothing is published, a note may say that a turn has begun to change that.

    distrust_tags: Believe no tag and read the account. After a leak, the holder of the key could have sealed an address
        of their own into a tag.
    """
    if distrust_tags:
        return await _everything(target, outside)
    accounts, publication = outside.accounts, await outside.vault.latest(target)
    if publication is None:
        return await _with_fresh(target, outside, await _with_the_account(target, accounts, publication))
    if (
        agreed_sunset(target, publication.marks) is not None
    ):  # whether it could be called without a key, only the account says
        return await _read_twice(target, outside, publication)
    if not publication.endpoint or not accounts.could_be_at(publication.endpoint):
        return await _with_the_account(target, accounts, publication)
    try:
        keys = dict(await accounts.list_keys(target.account))
    except KeyAuthIsOff:
        return await _with_the_account(target, accounts, publication)
    observed = ObservedKeys(_observation(publication, keys, publication.endpoint), keys)
    if observed.seen.live is None:  # the secret may have been read late, and then nothing is to be repaired (P13)
        return await _with_the_account(target, accounts, await outside.vault.latest(target) or publication)
    return observed


async def _read_twice(target: Target, outside: Outside, publication: Publication) -> ObservedKeys:
    """Observe with the account. If the published value is neither key, read once more: an answer can be late (P13).

    If the account shows that keys are off while a version is published, listing them tells whether that is so now.
    """
    accounts, is_active = outside.accounts, publication.state is SecretState.ACTIVE
    account = _checked(await accounts.read(target.account))
    keys = await _keys(target, accounts) if account.key_auth or is_active else None
    observed = _observed(publication, account, keys)
    if observed.seen.live is None and observed.seen.key_auth and is_active:
        return await _with_the_account(target, accounts, await outside.vault.latest(target) or publication)
    return observed


async def _everything(target: Target, outside: Outside) -> ObservedKeys:
    """Read secret, account and keys without waiting for one another: after a leak each of them costs time.

    They may show different moments. The lease keeps this app's other turns away meanwhile.
    """
    accounts, both = outside.accounts, outside.together.both
    publication, (account, keys) = await both(
        lambda: outside.vault.latest(target),
        lambda: both(lambda: accounts.read(target.account), lambda: _keys(target, accounts)),
    )
    observed = _observed(publication, _checked(account), keys)
    return observed if publication else await _with_fresh(target, outside, observed)


async def _with_fresh(target: Target, outside: Outside, observed: ObservedKeys) -> ObservedKeys:
    """Return the observation of a target without a publication, with the note of a fresh key if there may be one."""
    fresh = await fresh_key(outside.notes, target.account) if target.adopt is Adopt.ROTATE else None
    return replace(observed, seen=replace(observed.seen, fresh=fresh))


async def _with_the_account(target: Target, accounts: Accounts, publication: Publication | None) -> ObservedKeys:
    account = _checked(await accounts.read(target.account))
    return _observed(publication, account, await _keys(target, accounts) if account.key_auth else None)


def _checked(account: Account) -> Account:
    if not serves_openai(account.kind):
        raise of_another_kind(str(account.id), account.kind)
    return account


async def _keys(target: Target, accounts: Accounts) -> dict[KeySlot, ApiKey] | None:
    """Return both keys. None if listing them was refused because keys are off."""
    try:
        return dict(await accounts.list_keys(target.account))
    except KeyAuthIsOff:
        return None


def _observed(publication: Publication | None, account: Account, keys: dict[KeySlot, ApiKey] | None) -> ObservedKeys:
    if not account.key_auth and keys is None:  # keys that are listed are on, and the account was read too late
        seen = Observation(key_auth=False, keys={}, publication=publication, endpoint=account.endpoint)
        return ObservedKeys(replace(seen, takes_identity=account.takes_identity))
    if keys is None:
        what = "the account says that keys are on, and listing them was refused because they are off."
        raise TryLater(str(account.id), what)
    seen = _observation(publication, keys, account.endpoint)
    return ObservedKeys(replace(seen, takes_identity=account.takes_identity), keys)


def _observation(publication: Publication | None, keys: dict[KeySlot, ApiKey], endpoint: str) -> Observation:
    marks = {slot: key.fingerprint for slot, key in keys.items()}
    return Observation(key_auth=True, keys=marks, publication=publication, endpoint=endpoint)


def presume(publication: Publication | None, account: Account | None) -> Observation | None:
    """Return what an observation would see if nothing has happened since the last one, from a listing alone.

    A listing shows dates and tags, but no keys. None if it does not tell enough, so that the target must be observed.
    """
    marks = publication.marks if publication else None
    ended = marks is not None and marks.told.key_auth_off and publication and publication.state is SecretState.DISABLED
    takes_identity = account.takes_identity if account else _names_a_subdomain(publication)
    if (ended and account is None) or (account is not None and not account.key_auth):
        return Observation(key_auth=False, keys={}, publication=publication, takes_identity=takes_identity)
    if publication is None or marks is None or publication.slot is None:
        return None
    other = marks.previous or marks.spare
    if other is None or publication.state is not SecretState.ACTIVE:
        return None
    keys = {publication.slot: marks.live, publication.slot.other: other}
    listed = replace(publication, value=marks.live)
    return Observation(key_auth=True, keys=keys, publication=listed, takes_identity=takes_identity)


def _names_a_subdomain(publication: Publication | None) -> bool:
    """Return whether the account could be called without a key, by the endpoint that its tags name."""
    return publication is None or not publication.endpoint or has_subdomain(publication.endpoint)
