"""Secrets of ours whose account is not enrolled any more: its tag was taken away, or a setting names it no longer.

The account is not acted on any more. But ends that were announced will not come, so they are taken back, once, by an
event for each. If the account is enrolled again, what should have ended is announced anew.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from shared.announce.withdrawn import withdrawn
from shared.domain.errors import FixConfiguration, LeaseHeld
from shared.domain.model import AccountId, Cadence, Target
from shared.domain.names import LOGGER
from shared.domain.publication import Publication, SecretState
from shared.ports import Outside
from shared.settings.target_fields import TAG, default_name
from shared.turns.secret_notes import Change, noted_before

log = logging.getLogger(LOGGER)


@dataclass(frozen=True)
class Left:
    """A secret of ours that no target claims.

    target: The target as it was, as far as the secret and the note of owners tell: its period and its owner are right,
        and the rest are defaults.
    publication: The latest version of the secret, as the listing shows it.
    off: Whether the account is tagged `off`, which a person decided. Otherwise its tag, or the account, is gone.
    """

    target: Target
    publication: Publication
    off: bool

    @property
    def account(self) -> str:
        """The account's id as leases name it."""
        return str(self.target.account).casefold()

    def as_error(self) -> FixConfiguration:
        """Return what a person must know about it."""
        gone = "is tagged off" if self.off else "is not enrolled any more"
        owner = f" Its owner was {self.target.owner}." if self.target.owner else ""
        return FixConfiguration(
            str(self.target.account),
            f"the account {gone}, and {self.target.secret_url} still holds its key. Nothing rotates it.{owner}",
            "put the tag key-rotation: on back, or delete the secret and regenerate both keys of the account",
        )


def left_in(
    vault_url: str, secrets: Mapping[str, Publication], claimed: Iterable[str], off: frozenset[str]
) -> Iterator[Left]:
    """Yield the secrets of one vault that carry our marks and that no target claims.

    claimed: The names of the secrets that targets claim, in lower case.
    off: The ids of the accounts that are tagged `off`, in lower case.
    """
    taken = set(claimed)
    for name, publication in secrets.items():
        if name in taken or publication.marks is None or publication.state is not SecretState.ACTIVE:
            continue
        try:
            account = AccountId.parse(publication.provider or "")
        except ValueError:
            continue
        cadence = Cadence(period=publication.validity or Cadence().period)
        target = Target(default_name(account), account, vault_url, name, cadence)
        yield Left(target, publication, str(account).casefold() in off)


async def served(left: Sequence[Left], outside: Outside) -> list[Left]:
    """Return those that this app itself has served. A vault may be shared with another app, whose secrets look alike.

    Raises what the storage raises.
    """
    if not left:
        return []
    held = await outside.leases.held_before([one.account for one in left])
    return [one for one in left if one.account in held]


async def take_back(left: Left, outside: Outside) -> None:
    """Take back the ends that were announced for a target that is not enrolled any more.

    The account is read once more, because a listing can be late. Raises a RotationError if that or the event fails;
    then the next tick tries again.
    """
    marks, slot = left.publication.marks, left.publication.slot
    if marks is None or slot is None or not marks.told.has_deadlines:
        return
    try:
        async with outside.leases.hold(left.account) as lease:
            tags = await _tags(left, outside)
            if tags.get(TAG, "").strip().lower() == "on":
                return
            owner = tags.get(f"{TAG}-owner", "").strip() or left.target.owner
            target = replace(left.target, owner=owner)
            await outside.announcer.announce(withdrawn(target, slot, marks), outside.clock.now())
            lease.check()
            kept = replace(marks, told=marks.told.without_deadlines())
            # A listing cannot check the seal, so the number is not believed.
            change = Change(left.publication.version, kept, slot, before=replace(marks, number=0))
            kept = await noted_before(outside.notes, left.target, change)
            lease.check()
            await outside.vault.note(left.target, left.publication, slot, kept)
    except LeaseHeld:
        return  # a turn that began before is still running
    log.warning("%s: announced ends were taken back: %s", left.target.secret_url, left.as_error().what)


async def _tags(left: Left, outside: Outside) -> Mapping[str, str]:
    """Return the account's tags, by names in lower case. None of them if the account is gone."""
    try:
        return (await outside.accounts.read(left.target.account)).tags
    except FixConfiguration as error:
        if error.refused_to_show:
            raise
        return {}
