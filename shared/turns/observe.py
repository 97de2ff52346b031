"""Look: the publication and both keys' fingerprints, as one observation. Judges nothing.

The order keeps a turn cheap and true: the secret first, then the keys. The account itself is read only where
those two do not already tell everything: nothing of ours is published, keys are refused, or what is published
is neither key. In a routine turn that saves a call, and the endpoint stands on the publication from the time
its key was proven there.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from shared.domain.errors import TryLater
from shared.domain.keys import ApiKey, KeySlot
from shared.domain.model import Observation, Target
from shared.domain.publication import Publication, SecretState
from shared.ports import Account, Accounts, KeyAuthIsOff, Vault


@dataclass
class ObservedKeys:
    """An observation, with the keys it was made from kept apart and masked, for the steps that need a value."""

    seen: Observation
    keys: dict[KeySlot, ApiKey] = field(default_factory=dict)


async def observe(target: Target, accounts: Accounts, vault: Vault, *, distrust_tags: bool = False) -> ObservedKeys:
    """One look. Raises only the errors of `shared.domain.errors`. `distrust_tags` believes no tag: a key is said to
    have leaked,
    and whoever has it could have sealed an endpoint of his own."""
    publication = await vault.latest(target)
    if (
        distrust_tags
        or publication is None
        or not publication.endpoint
        or not accounts.could_be_at(publication.endpoint)
    ):
        return await _with_the_account(target, accounts, publication)
    try:
        keys = dict(await accounts.list_keys(target.account))
    except KeyAuthIsOff:
        return await _with_the_account(target, accounts, publication)
    observed = ObservedKeys(_observation(publication, keys, publication.endpoint), keys)
    if observed.seen.live is None:
        return await _with_the_account(target, accounts, publication)
    return observed


async def _with_the_account(target: Target, accounts: Accounts, publication: Publication | None) -> ObservedKeys:
    account: Account = await accounts.read(target.account)
    if account.key_auth:
        try:
            keys = dict(await accounts.list_keys(target.account))
        except KeyAuthIsOff:
            what = "the account says that keys are on, and listing them was refused because they are off."
            raise TryLater(str(target.account), what) from None
        return ObservedKeys(_observation(publication, keys, account.endpoint), keys)
    return ObservedKeys(Observation(key_auth=False, keys={}, publication=publication, endpoint=account.endpoint))


def _observation(publication: Publication | None, keys: dict[KeySlot, ApiKey], endpoint: str) -> Observation:
    marks = {slot: key.fingerprint for slot, key in keys.items()}
    return Observation(key_auth=True, keys=marks, publication=publication, endpoint=endpoint)


def presume(publication: Publication | None, account: Account | None) -> Observation | None:
    """What a look would see if nothing happened since the last one, from a listing alone: no keys, no calls.

    None where a listing cannot tell, so that somebody has to look.
    """
    marks = publication.marks if publication else None
    ended = marks is not None and marks.told.key_auth_off
    if (ended and publication and publication.state is SecretState.DISABLED) or (
        account is not None and not account.key_auth
    ):
        return Observation(key_auth=False, keys={}, publication=publication)
    if publication is None or marks is None or publication.slot is None:
        return None
    other = marks.previous or marks.spare
    if other is None or publication.state is not SecretState.ACTIVE:
        return None
    keys = {publication.slot: marks.live, publication.slot.other: other}
    listed = replace(publication, value=marks.live)
    return Observation(key_auth=True, keys=keys, publication=listed)
