"""List the whole fleet, and find single targets: which accounts take part, and what vaults show of their secrets.

Listing costs one call for each page of accounts and of secrets, not one for each target. What it found is a
`FleetListing` (`shared.fleet.found`). To find one target by its account, nothing is listed.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from shared.at_once import AtOnce
from shared.decide.ownership import is_publication_of
from shared.domain.errors import FixConfiguration, RotationError, UnknownTarget
from shared.domain.model import AccountId, Target
from shared.domain.publication import Publication
from shared.domain.requests import LeakRequest, Request
from shared.domain.text import without_keys
from shared.fleet.enrolment import Enrolled, Enrolment, tagged_target
from shared.fleet.found import FleetListing, left_of
from shared.fleet.read_on import AT_ONCE, AT_ONCE_FOR_A_LEAK, PageOf, Stopped, read_on
from shared.fleet.side_by_side import side_by_side
from shared.fleet.view import View
from shared.ports import Account, Accounts, Clock, KeyAuthIsOff, Vault
from shared.settings.environment import Settings
from shared.turns.authentic import authentic


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

    async def list_targets(self, view: View | None = None) -> FleetListing:
        """List every target with the latest version of its secret. What could not be listed is in `problems`.

        view: What earlier ticks saw. Long listings go on from there, and it is changed to what is seen now. Default:
            every listing begins anew.
        """
        now, view = self.clock.now(), View() if view is None else view
        enrolment, unlisted = await self._enrolment(view, now)
        enrolled = enrolment.found
        vaults = {one.target.vault_url for one in enrolled} | ({self.settings.defaults.vault_url or ""} - {""})
        claimed = {one.target.secret_url.casefold() for one in enrolled}
        stopped = await self._list_vaults(view, vaults, claimed, now)
        view.keep_only(self.settings.subscriptions, vaults)
        found = FleetListing(problems=[*enrolment.problems, *stopped.errors.values()])
        found.left, found.refused = left_of(view, vaults, enrolment), enrolment.refused_ids
        for one in enrolled:
            vault = one.target.vault_url
            if one.earlier and one.target.account.subscription in unlisted:
                found.unseen.append(one.target)
            else:
                found.add(one, view.vault(vault), failed=vault in stopped.failed)
        return found

    async def enrolled(self) -> tuple[list[Enrolled], list[RotationError]]:
        """Return the targets of ROTATION_TARGETS and of tagged accounts, and what could not be enrolled or listed."""
        enrolment = await self._enrol()
        return enrolment.found, enrolment.problems

    async def _enrol(self, at_once: int = AT_ONCE) -> Enrolment:
        """List all subscriptions from the beginning, and settle what several accounts claim."""
        return (await self._enrolment(View(), self.clock.now(), at_once))[0]

    async def _enrolment(self, view: View, now: datetime, at_once: int = AT_ONCE) -> tuple[Enrolment, Container[str]]:
        """Read the listings of all subscriptions, and settle what several accounts claim. The order does not matter.

        Also returns the subscriptions that could not be listed. What earlier listings showed of them still claims names
        and secrets.
        """
        stopped = await self._list_subscriptions(view, now, at_once)
        enrolment = Enrolment(self.settings)
        for subscription in self.settings.subscriptions:
            known = view.subscription(subscription)
            for name, shown in known.latest().items():
                enrolment.add(shown.entry, earlier=name not in known.shown)
        for subscription, error in stopped.errors.items():
            error.subscription = subscription
            enrolment.problems.append(error)
        await self._settle(enrolment)
        return enrolment, stopped.failed

    async def _list_subscriptions(self, view: View, now: datetime, at_once: int) -> Stopped:
        def page_of(subscription: str) -> PageOf[Account]:
            async def page(after: str | None) -> tuple[dict[str, Account], str | None]:
                found = await self.accounts.tagged(subscription, after)
                return {str(one.id): one for one in found.entries}, found.after

            return page

        listings = {one: (view.subscription(one), page_of(one)) for one in self.settings.subscriptions}
        return await read_on(listings, "accounts", now, at_once=at_once)

    async def _list_vaults(self, view: View, vaults: Iterable[str], claimed: Container[str], now: datetime) -> Stopped:
        """Read the listings of the vaults. Of secrets that no target claims, only those with our marks are kept."""

        def page_of(vault: str) -> PageOf[Publication]:
            async def page(after: str | None) -> tuple[dict[str, Publication], str | None]:
                found = await self.vault.listing(vault, after)
                kept = {name: one for name, one in found.entries if one.marks or _address(vault, name) in claimed}
                return kept, found.after

            return page

        listings = {one: (view.vault(one), page_of(one)) for one in vaults}
        return await read_on(listings, "secrets", now)

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
        enrolment = await self._enrol(AT_ONCE_FOR_A_LEAK if leaked else AT_ONCE)
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
        enrolment = await self._enrol()
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

    async def find_by_key(self, name: str, account: AccountId, request: LeakRequest) -> Enrolled | None:
        """Return the target of an account that is said to have this name, if the key that leaked is one of its own.

        None if it has not, or if that cannot be told. Nothing is listed: the key shows that it is the right account.
        """
        try:
            found, keys = await AtOnce().both(
                lambda: self.find_account(account, request), lambda: self.accounts.list_keys(account)
            )
        except (RotationError, KeyAuthIsOff):
            return None
        has_it = request.fingerprint in {key.fingerprint for key in keys.values()}
        return found if has_it and found is not None and found.target.name == name else None

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


def _address(vault: str, secret: str) -> str:
    return f"{vault.rstrip('/')}/secrets/{secret}".casefold()


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
