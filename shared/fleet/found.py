"""What a listing of the whole fleet found: the targets, with what their vaults showed of their secrets.

A listing shows dates and tags but no keys, so what follows from it is presumed. That is enough for ticks, deadlines,
deployments and overviews. A turn observes its target properly before it does anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from shared.decide.situation import Situation
from shared.domain.errors import RotationError
from shared.domain.model import Observation, Target
from shared.domain.publication import Publication
from shared.fleet.enrolment import Enrolled, Enrolment
from shared.fleet.known import Known
from shared.fleet.left import Left, left_in
from shared.fleet.view import OLD, View
from shared.turns.observe import presume


@dataclass(frozen=True)
class Listed:
    """A target and what the listing of its vault showed.

    enrolled: The target, with its account if tags enrolled it.
    publication: The latest version of its secret, without the value. None if the vault has no such secret.
    shown_at: When the vault's listing showed it, in UTC; when the listing was whole if it shows no such secret.
    """

    enrolled: Enrolled
    publication: Publication | None
    shown_at: datetime | None = None

    def presumed(self) -> Observation | None:
        """Return what a turn would observe if nothing has changed since the last one. None if a listing cannot tell."""
        return presume(self.publication, self.enrolled.account)

    def is_old(self, now: datetime) -> bool:
        """Return whether it was shown so long ago that something is wrong with the listing."""
        return self.shown_at is None or now - self.shown_at > OLD

    def situation(self, now: datetime) -> Situation | None:
        """Return the target's presumed situation. None if a listing cannot tell, or if our tags cannot be read."""
        seen = self.presumed()
        if seen is None or seen.publication is None or seen.publication.marks is None:
            return None
        return Situation(seen, self.enrolled.target, now)


@dataclass
class FleetListing:
    """What a listing of the whole fleet found.

    listed: The targets whose secret this listing showed, or showed to be missing.
    earlier: The targets whose secret an earlier tick's listing showed, because this one's did not come that far.
    unseen: The targets whose vault or subscription could not be listed, or never to its end.
    refused: The ids of the accounts that could not be enrolled, in lower case.
    left: The secrets of ours whose account is not enrolled any more.
    problems: Why accounts could not be enrolled, and why subscriptions or vaults could not be listed.
    """

    listed: list[Listed] = field(default_factory=list)
    earlier: list[Listed] = field(default_factory=list)
    unseen: list[Target] = field(default_factory=list)
    refused: frozenset[str] = frozenset()
    left: list[Left] = field(default_factory=list)
    problems: list[RotationError] = field(default_factory=list)

    @property
    def may_show_more(self) -> bool:
        """Whether another listing may find more targets, because a vault or a subscription could not be listed.

        An account with an invalid tag does not count: it becomes a target only when a person corrects the tag.
        """
        return bool(self.unseen or self.earlier) or any(problem.hides_targets for problem in self.problems)

    def add(self, enrolled: Enrolled, secrets: Known[Publication], *, failed: bool) -> None:
        """Add a target with what is known of its vault's secrets.

        failed: Whether the vault could not be listed to its end now. What it has shown before that counts all the same.
        """
        name = enrolled.target.secret.casefold()
        known = secrets.entry(name)
        if (failed and name not in secrets.shown) or (known is None and secrets.whole_at is None):
            self.unseen.append(enrolled.target)
        elif known is None:
            (self.listed if secrets.ended else self.earlier).append(Listed(enrolled, None, secrets.whole_at))
        else:
            (self.listed if name in secrets.shown else self.earlier).append(
                Listed(enrolled, known.entry, known.shown_at)
            )

    def add_as_known(self, enrolled: Enrolled, secrets: Known[Publication]) -> None:
        """Add a target with what was seen last of its secret, however long ago."""
        known = secrets.entry(enrolled.target.secret.casefold())
        if known is not None:
            self.listed.append(Listed(enrolled, known.entry, known.shown_at))
        elif secrets.whole_at is not None:
            self.listed.append(Listed(enrolled, None, secrets.whole_at))
        else:
            self.unseen.append(enrolled.target)

    def situations(self, now: datetime) -> Iterator[Situation]:
        """Yield the presumed situation of every target about which the listing tells enough."""
        for one in self.listed:
            situation = one.situation(now)
            if situation is not None:
                yield situation


def left_of(view: View, vaults: Iterable[str], enrolment: Enrolment) -> list[Left]:
    """Return the secrets with our marks that no target claims and whose account is no target's, as far as they were
    listed now.

    Those of an account that could not be enrolled, or whose subscription could not be listed, are not among them: it
    may still be enrolled. A copy of a secret, or one that was left behind by a move, belongs to an enrolled account.
    """
    not_left = {error.thing.casefold() for error in enrolment.problems}
    not_left |= {str(one.target.account).casefold() for one in enrolment.found}
    unlisted = {error.subscription for error in enrolment.problems if error.subscription}
    found: list[Left] = []
    for vault in vaults:
        secrets = {name: one.entry for name, one in view.vault(vault).shown.items()}
        claimed = {one.target.secret.casefold() for one in enrolment.found if one.target.vault_url == vault}
        found += left_in(vault, secrets, claimed, frozenset(enrolment.off))
    return [
        one
        for one in found
        if str(one.target.account).casefold() not in not_left and one.target.account.subscription not in unlisted
    ]
