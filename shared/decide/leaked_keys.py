"""Which key a reported leak means, and how a key ends whose account has no secret of its own.

A report may name the key's fingerprint. If the account has no such key, or its words mean the other one, nothing is
done: then the caller has another account in mind, or another key.
"""

from __future__ import annotations

from dataclasses import replace

from shared.decide.ownership import is_publication_of
from shared.decide.plan import Plan, Reason
from shared.decide.situation import Situation
from shared.decide.steps import Regenerate, Step, Watch
from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.model import Observation
from shared.domain.requests import LeakedKey, LeakRequest, Request


def with_values(request: Request | None, seen: Observation) -> Request | None:
    """Return the request with the keys that it means, if its fingerprint says that. Any other one is unchanged.

    From then on it means these values, whatever becomes of live and previous.
    """
    if not isinstance(request, LeakRequest) or request.values or request.fingerprint not in seen.keys.values():
        return request
    return replace(request, values=meant(request, seen))


def meant(request: LeakRequest, seen: Observation) -> frozenset[Fingerprint]:
    """Return the keys that a report with a fingerprint means: that one, or both if it says so."""
    named = {request.fingerprint} if request.fingerprint else set()
    return frozenset(seen.keys.values()) if request.key is LeakedKey.BOTH else frozenset(named)


def mistaken(situation: Situation) -> Plan | None:
    """A report names a fingerprint that is not that of the key it means: nothing is done. None otherwise."""
    request = situation.request
    if not isinstance(request, LeakRequest) or request.fingerprint is None or request.values:
        return None
    own = situation.seen.publication is not None and not is_anothers(situation)
    if own and (situation.is_answered or situation.request_is_outdated):
        return None
    slot = next((slot for slot, mark in situation.seen.keys.items() if mark == request.fingerprint), None)
    if slot is None:
        why = f"No key of the account has the fingerprint {request.fingerprint}: {fingerprints(situation)}."
        return Plan(Reason.WHICH_KEY, f"{why} Check that it is this account whose key has leaked.")
    wanted = _slot_of_the_word(situation, request) if own else None
    if wanted in (None, slot):
        return None
    why = f"The {request.key} key is {wanted.words}, and the fingerprint {request.fingerprint} is not its: "
    return Plan(Reason.WHICH_KEY, f"{why}{fingerprints(situation)}.")


def _slot_of_the_word(situation: Situation, request: LeakRequest) -> KeySlot | None:
    """Return the slot that `live` or `previous` means. None for any other report."""
    if request.key is LeakedKey.LIVE:
        return situation.live
    return situation.spare if request.key is LeakedKey.PREVIOUS else None


def fingerprints(situation: Situation) -> str:
    """Return which fingerprints the account's keys have, in words."""
    return ", ".join(f"{slot.words} has {mark}" for slot, mark in situation.seen.keys.items())


def leaked_elsewhere(situation: Situation) -> Plan | None:
    """A key has leaked, and the secret is not this account's: the key ends, and nothing is published. None otherwise.

    Nothing of this account is published, so only a fingerprint says which key is meant. Without one a person must look.
    """
    request, keys = situation.request, situation.seen.keys
    if not isinstance(request, LeakRequest) or not is_anothers(situation):
        return None
    named = frozenset({request.fingerprint} if request.fingerprint else ())
    values = request.values or named or _before_adoption(request, situation)
    if not values:
        return None
    slots = [slot for slot in keys if keys[slot] in values]
    if not slots:
        return Plan(Reason.ALREADY_DONE, "The key that was reported as leaked does not work any more.")
    ends = " and ".join(slot.words for slot in slots)
    holds = "is not this account's" if situation.seen.publication else "does not exist yet"
    why = f"A leak was reported: {ends} of the account ends. The secret {holds}, so nothing is published."
    return Plan(Reason.LEAKED, why, tuple(step for slot in slots for step in end_leaked_key(slot)), leaked=values)


def _before_adoption(request: LeakRequest, situation: Situation) -> frozenset[Fingerprint]:
    """Return the keys that a report's word means where nothing is published and nobody knows who else claims the
    secret: as if key 1 had been adopted. None where a person must say it by a fingerprint."""
    keys = situation.seen.keys
    if situation.seen.publication is not None or not situation.target.publishes:
        return frozenset()
    match request.key:
        case LeakedKey.LIVE:
            return frozenset({keys[KeySlot.KEY1]})
        case LeakedKey.PREVIOUS:
            return frozenset({keys[KeySlot.KEY2]})
        case _:
            return frozenset(keys.values())


def is_anothers(situation: Situation) -> bool:
    """Return whether the secret is not this account's. What it holds counts more than who claims it.

    A publication over which somebody wrote a value that works nowhere is this account's only if it may be published
    again there. If nobody knows who else claims the secret, it is this account's only if it holds this app's
    publication for it, or one of its keys and was never another account's.
    """
    seen, target, publication = situation.seen, situation.target, situation.seen.publication
    sure = target.publishes and target.alone
    if is_publication_of(target.account, publication):
        covered = seen.foreign is not None and seen.foreign.value not in seen.keys.values()
        return covered and not sure
    named = publication is not None and bool(publication.provider) and not situation.is_ours
    never_anothers = seen.lost is not None or not seen.anothers
    holds_its_key = target.publishes and situation.is_published and seen.live is not None and never_anothers
    return named or not (sure or holds_its_key) or holds_a_foreign_value(situation)


def holds_a_foreign_value(situation: Situation) -> bool:
    """Return whether the secret can be read, holds neither key of the account, and nothing shows that this app wrote
    it."""
    publication = situation.seen.publication
    unmarked = publication is not None and publication.marks is None
    return unmarked and situation.is_published and situation.seen.live is None


def end_leaked_key(slot: KeySlot) -> tuple[Step, ...]:
    """Return the steps that end a leaked value: regenerate the slot, and ask the account until it refuses the value."""
    return (Watch(slot), Regenerate(slot), Watch(slot))
