"""List the whole fleet: which targets take part, and what the vaults' listings show of their secrets.

Listing costs one call for each page of accounts and of secrets, not one for each target. A listing shows dates and tags
but no keys, so what follows from it is presumed. That is enough for ticks, deadlines and deployments. A turn observes
its target properly before it does anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from shared.decide.ownership import is_publication_of
from shared.decide.situation import Situation
from shared.domain.errors import FixConfiguration, RotationError, UnknownTarget
from shared.domain.model import AccountId, Observation, Target
from shared.domain.publication import Publication
from shared.domain.requests import LeakRequest, Request
from shared.domain.text import without_keys
from shared.fleet.enrolment import Enrolled, Enrolment, tagged_target
from shared.fleet.left import Left, left_in
from shared.fleet.side_by_side import AT_ONCE, AT_ONCE_FOR_A_LEAK, side_by_side
from shared.ports import Account, Accounts, Clock, KeyAuthIsOff, Vault
from shared.settings.environment import Settings
from shared.turns.authentic import authentic
from shared.turns.observe import presume


@dataclass(frozen=True)
class Listed:
    """A target and what the listing of its vault showed.

    enrolled: The target, with its account if tags enrolled it.
    publication: The latest version of its secret, without the value. None if the vault has no such secret.
    """

    enrolled: Enrolled
    publication: Publication | None

    def presumed(self) -> Observation | None:
        """Return what a turn would observe if nothing has changed since the last one. None if a listing cannot tell."""
        return presume(self.publication, self.enrolled.account)

    def situation(self, now: datetime) -> Situation | None:
        """Return the target's presumed situation. None if a listing cannot tell, or if our tags cannot be read."""
        seen = self.presumed()
        if seen is None or seen.publication is None or seen.publication.marks is None:
            return None
        return Situation(seen, self.enrolled.target, now)


@dataclass
class FleetListing:
    """What a listing of the whole fleet found.

    listed: The targets whose vault was listed.
    unseen: The targets whose vault could not be listed.
    left: The secrets of ours whose account is not enrolled any more.
    problems: Why accounts could not be enrolled, and why subscriptions or vaults could not be listed.
    """

    listed: list[Listed] = field(default_factory=list)
    unseen: list[Target] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    problems: list[RotationError] = field(default_factory=list)

    @property
    def may_show_more(self) -> bool:
        """Whether another listing may find more targets, because a vault or a subscription could not be listed.

        An account with an invalid tag does not count: it becomes a target only when a person corrects the tag.
        """
        return bool(self.unseen) or any(problem.hides_targets for problem in self.problems)

    def situations(self, now: datetime) -> Iterator[Situation]:
        """Yield the presumed situation of every target about which the listing tells enough."""
        for one in self.listed:
            situation = one.situation(now)
            if situation is not None:
                yield situation


@dataclass(frozen=True)
class Fleet:
    """All targets: those of ROTATION_TARGETS and those that tags enrol.

    settings: Name the targets, and the subscriptions whose tagged accounts are enrolled.
    accounts: Lists and reads accounts.
    vault: Lists secrets.
    clock: Says what time it is.
    """

    settings: Settings
    accounts: Accounts
    vault: Vault
    clock: Clock

    async def list_targets(self) -> FleetListing:
        """List every target with the latest version of its secret. What could not be listed is in `problems`."""
        enrolment = await self._enrolment()
        enrolled, problems = enrolment.found, enrolment.problems
        default = {self.settings.defaults.vault_url} if self.settings.defaults.vault_url else set()
        published, failed = await self._list_vaults({one.target.vault_url for one in enrolled} | default)
        found = FleetListing(problems=[*problems, *failed.values()], left=_left(published, enrolment))
        for one in enrolled:
            secrets = published.get(one.target.vault_url)
            if secrets is None:
                found.unseen.append(one.target)
            else:
                found.listed.append(Listed(one, secrets.get(one.target.secret.casefold())))
        return found

    async def enrolled(self) -> tuple[list[Enrolled], list[RotationError]]:
        """Return the targets of ROTATION_TARGETS and of tagged accounts, and what could not be enrolled or listed."""
        enrolment = await self._enrolment()
        return enrolment.found, enrolment.problems

    async def _enrolment(self, at_once: int = AT_ONCE) -> Enrolment:
        """List all subscriptions, `at_once` at a time, and settle what several accounts claim, in whatever order."""
        tagged: dict[str, list[Account]] = {one: [] for one in self.settings.subscriptions}

        async def take(subscription: str) -> None:
            async for account in self.accounts.tagged(subscription):
                tagged[subscription].append(account)

        failed = await side_by_side(tagged, take, "its accounts could not be listed", at_once=at_once)
        enrolment = Enrolment(self.settings)
        for subscription, accounts in tagged.items():
            for account in accounts:
                enrolment.add(account)
            if subscription in failed:
                failed[subscription].subscription = subscription
                enrolment.problems.append(failed[subscription])
        await self._settle(enrolment)
        return enrolment

    async def _settle(self, enrolment: Enrolment) -> None:
        """Read the secrets that several accounts claim, which are few, and give each to the account that it is of."""
        contested = {one.secret_url.casefold(): one for one in enrolment.contested()}
        published: dict[str, Publication | None] = {}

        async def take(secret: str) -> None:
            held = await self.vault.latest(contested[secret])
            published[secret] = held and await self._as_sealed(held, contested[secret])

        failed = await side_by_side(contested, take, "it could not be read")
        enrolment.problems += failed.values()
        enrolment.settle(published)

    async def _as_sealed(self, held: Publication, claimant: Target) -> Publication:
        """Return what a contested secret holds, with marks only if the account that they name has sealed them."""
        try:
            account = AccountId.parse(held.provider or "")
            keys = await self.accounts.list_keys(account)
        except (ValueError, KeyAuthIsOff):
            return replace(held, marks=None)
        return authentic(held, replace(claimant, account=account), keys, self.clock.now())

    async def find_one(self, which: str | AccountId, request: Request | None = None) -> Enrolled:
        """Return the target of that name, or of that account.

        request: What is asked of it. If a key has leaked, an account whose secret is not its own is found as well: its
            target publishes nothing. A leak by name must not meet the wrong account: if a subscription could not be
            listed, its error is raised, unless the report names the key's fingerprint.

        Raises as `find_all` does, and UnknownTarget for an account that is not enrolled.
        """
        if isinstance(which, str):
            return (await self._find_names([which], request))[0]
        try:
            found = await self.find_account(which, request)
        except FixConfiguration as error:
            if error.refusal is None or error.refused_to_show:
                raise
            raise UnknownTarget(str(which), "there is no such account.") from error
        if found is None:
            raise UnknownTarget(str(which), "this account is not enrolled.")
        return found

    async def find_all(self, names: Iterable[str]) -> list[Enrolled]:
        """Return the targets of these names, in their order.

        Raises UnknownTarget if no account would have one of these names, DisputedName if several have one of them,
        FixConfiguration if the accounts that would have them could not be enrolled, and the error of a subscription
        that could not be listed if a name may be there.
        """
        return await self._find_names(names)

    async def _find_names(self, names: Iterable[str], request: Request | None = None) -> list[Enrolled]:
        explicit, wanted = {target.name: Enrolled(target) for target in self.settings.targets}, list(names)
        if all(name in explicit for name in wanted):
            return [explicit[name] for name in wanted]
        leaked = isinstance(request, LeakRequest)
        enrolment = await self._enrolment(AT_ONCE_FOR_A_LEAK if leaked else AT_ONCE)
        found = enrolment.by_name(to_end_a_key=leaked) | explicit
        dispute = enrolment.dispute(wanted)
        missing = [name for name in wanted if name not in found]
        if dispute is not None or missing:
            raise dispute or _not_found(missing, enrolment)
        if isinstance(request, LeakRequest) and request.fingerprint is None:
            _must_be_complete(enrolment)
        return [found[name] for name in wanted]

    async def find_account(self, account: AccountId, request: Request | None = None) -> Enrolled | None:
        """Return the target of that account; None if it is not enrolled.

        The account alone is read, its secret, and its keys, which show whether the marks count. Only if the secret does
        not hold this account's publication, everything is listed, to see who else claims it. After a leak only the
        account is read: its turn sees whether the secret is its own. `request` is that of `find_one`. Raises
        FixConfiguration for an invalid tag, and DisputedSecret.
        """
        explicit, leaked = self.settings.explicit_target(account), isinstance(request, LeakRequest)
        if explicit is not None:
            return Enrolled(explicit)
        if account.subscription not in self.settings.subscriptions:
            return None
        alone = Enrolment(self.settings)
        alone.add(await self.accounts.read(account))
        alone.settle({})
        found = alone.of_account(account, to_end_a_key=leaked)
        if found is not None and leaked:  # it must not wait for a listing; its turn sees whose the secret is
            return replace(found, target=replace(found.target, alone=False))
        if found is None or await self._holds_its_own(found.target):
            return found
        enrolment = await self._enrolment()
        listed = enrolment.of_account(account)
        if listed is None:
            _must_be_complete(enrolment)
        return listed

    async def _holds_its_own(self, target: Target) -> bool:
        """Return whether the secret holds this account's publication, by marks that count: forged ones must not lead
        past its other claimants. If it cannot be read, a turn names the reason."""
        try:
            held = await self.vault.latest(target)
            if held is None or not is_publication_of(target.account, held):
                return False
            return is_publication_of(target.account, await self._as_sealed(held, target))
        except RotationError:
            return False

    async def find_secret(self, vault: str, secret: str) -> Enrolled | None:
        """Return the target that publishes in a secret, or None. It lists no accounts: the secret's tags name the
        account, and that account is read. So a target that has not published yet is not found.

        vault: The vault's name.
        secret: The secret's name, in any case.

        Raises as `find_account` does, and the error of a vault that could not be read.
        """
        url = self.settings.vault_called(vault.casefold())
        if url is None:
            return None
        explicit = (Enrolled(one) for one in self.settings.targets)
        found = next((one for one in explicit if one.publishes_in(url, secret)), None)
        if found is not None or not self.settings.subscriptions:
            return found
        named = await self.vault.account_of(url, secret)
        try:
            account = AccountId.parse(named or "")
        except ValueError:
            return None
        found = await self.find_account(account)
        return found if found is not None and found.publishes_in(url, secret) else None

    def from_tags(self, account: AccountId, tags: Mapping[str, str]) -> Target:
        """Return the target of an account with these tags. Raises FixConfiguration as `tagged_target` does."""
        return tagged_target(account, tags, self.settings)

    async def _list_vaults(
        self, vaults: Iterable[str]
    ) -> tuple[dict[str, dict[str, Publication]], dict[str, RotationError]]:
        """Each vault's latest versions by the secret's name in lower case, and the vaults that could not be listed."""
        listed: dict[str, dict[str, Publication]] = {}

        async def take(vault: str) -> None:
            listed[vault] = {name.casefold(): held async for name, held in self.vault.listing(vault)}

        return listed, await side_by_side(vaults, take, "its secrets could not be listed")


def _left(published: Mapping[str, Mapping[str, Publication]], enrolment: Enrolment) -> list[Left]:
    """Return the secrets with our marks that no target claims and whose account is no target's.

    Those of an account that could not be enrolled, or whose subscription could not be listed, are not among them: it
    may still be enrolled. A copy of a secret, or one that was left behind by a move, belongs to an enrolled account.
    """
    not_left = {error.thing.casefold() for error in enrolment.problems}
    not_left |= {str(one.target.account).casefold() for one in enrolment.found}
    unlisted = {error.subscription for error in enrolment.problems if error.subscription}
    found: list[Left] = []
    for vault, secrets in published.items():
        claimed = {one.target.secret.casefold() for one in enrolment.found if one.target.vault_url == vault}
        found += left_in(vault, secrets, claimed, frozenset(enrolment.off))
    return [
        one
        for one in found
        if str(one.target.account).casefold() not in not_left and one.target.account.subscription not in unlisted
    ]


def _must_be_complete(enrolment: Enrolment) -> None:
    """Raises the error of a subscription that could not be listed, if there is one."""
    error = next((error for error in enrolment.problems if error.subscription), None)
    if error is not None:
        error.next_step = f"{error.next_step}; or ask for the account by its resource id"
        raise error


def _not_found(missing: list[str], enrolment: Enrolment) -> RotationError:
    """Why there are no targets of these names. Every reason is named."""
    unknown = [name for name in missing if name not in enrolment.refused]
    refused = [error for name in missing for error in enrolment.refused.get(name, ())]
    unlisted = next((error for error in enrolment.problems if error.hides_targets), None)
    if unknown and unlisted is not None:  # the name may be in a subscription that could not be listed
        return unlisted
    if unknown:
        what = " ".join(["no target has this name.", *(f"{error.thing}: {error.what}" for error in refused)])
        known = [one.target.name for one in enrolment.found]
        return UnknownTarget(", ".join(repr(without_keys(name)[:64]) for name in unknown[:5]), what, known=known)
    if len(refused) == 1:
        return refused[0]
    first, *others = refused
    what = " ".join([first.what, *(f"{error.thing}: {error.what}" for error in others)])
    return FixConfiguration(first.thing, what, " and ".join(dict.fromkeys(error.next_step for error in refused)))
