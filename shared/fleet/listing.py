"""Who takes part, and what the vaults' listings say of them: a look at a whole fleet that costs calls by the page.

A listing shows dates and tags but no keys, so what follows from it is presumed. Ticks, deadlines and deployments are
content with that; a turn looks properly before it does anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from shared.domain.errors import FixConfiguration, RotationError, TryLater, UnknownTarget
from shared.domain.model import AccountId, Target
from shared.domain.publication import Publication
from shared.domain.text import without_keys
from shared.fleet.enrolment import Enrolled, Enrolment, tagged_target
from shared.ports import Accounts, Vault
from shared.settings.environment import Settings

VAULTS_AT_ONCE, VAULT_SECONDS = 8, 60  # a vault in the dark must not use up the tick of all the others


@dataclass(frozen=True)
class Listed:
    """A target and the latest version of its secret, as the vault's listing shows it; none where there is none."""

    enrolled: Enrolled
    publication: Publication | None


@dataclass
class FleetListing:
    """A look at the whole fleet. `unseen` are the targets whose vault could not be listed."""

    listed: list[Listed] = field(default_factory=list)
    unseen: list[Target] = field(default_factory=list)
    problems: list[RotationError] = field(default_factory=list)

    @property
    def may_show_more(self) -> bool:
        """Whether looking again may find targets that this look did not: a vault or a subscription could not be
        listed. An account with a wrong tag is no target until somebody corrects it."""
        return bool(self.unseen) or any(not isinstance(problem, FixConfiguration) for problem in self.problems)


@dataclass(frozen=True)
class Fleet:
    """All targets: those that the settings name and those that tags enrol."""

    settings: Settings
    accounts: Accounts
    vault: Vault

    async def look(self) -> FleetListing:
        """Every target with what is listed of it. One bad account or vault is one problem."""
        enrolled, problems = await self.enrolled()
        published, unlisted = await self._listings({one.target.vault_url for one in enrolled})
        look = FleetListing(problems=[*problems, *unlisted.values()])
        for one in enrolled:
            listing = published.get(one.target.vault_url)
            if listing is None:
                look.unseen.append(one.target)
            else:
                look.listed.append(Listed(one, listing.get(one.target.secret.casefold())))
        return look

    async def enrolled(self) -> tuple[list[Enrolled], list[RotationError]]:
        """Explicit targets, then tagged accounts that none of them names. One bad account is one problem."""
        enrolment = await self._enrolment()
        return enrolment.found, enrolment.problems

    async def _enrolment(self) -> Enrolment:
        enrolment = Enrolment(self.settings)
        for subscription in self.settings.subscriptions:
            try:
                async for account in self.accounts.tagged(subscription):
                    enrolment.add(account)
            except RotationError as error:
                error.subscription = subscription
                enrolment.problems.append(error)
        return enrolment

    async def find(self, name: str) -> Target:
        """The target of that name. Raises as `find_all` does."""
        return (await self.find_all([name]))[0].target

    async def find_all(self, names: Iterable[str]) -> list[Enrolled]:
        """The targets of these names. Raises UnknownTarget naming those that nobody enrolled, or FixConfiguration for
        those that somebody enrolled wrongly."""
        found, wanted = {target.name: Enrolled(target) for target in self.settings.targets}, list(names)
        if not all(name in found for name in wanted):
            enrolment = await self._enrolment()
            found |= {one.target.name: one for one in enrolment.found}
            missing = [name for name in wanted if name not in found]
            if missing:
                raise _not_found(missing, enrolment)
        return [found[name] for name in wanted]

    async def find_account(self, account: AccountId) -> Enrolled | None:
        """The target of that account; none when nobody enrolled it. Raises FixConfiguration for a wrong tag."""
        explicit = next((one for one in self.settings.targets if one.account.same_as(str(account))), None)
        if explicit is not None:
            return Enrolled(explicit)
        if account.subscription not in self.settings.subscriptions:
            return None
        enrolment = Enrolment(self.settings)
        enrolment.add(await self.accounts.read(account))
        if enrolment.problems:
            raise enrolment.problems[0]
        return next((one for one in enrolment.found if one.account is not None), None)

    def from_tags(self, account: AccountId, tags: Mapping[str, str]) -> Target:
        """The target a tagged account asks for. Raises FixConfiguration, also where its subscription is not ours."""
        return tagged_target(account, tags, self.settings)

    async def _listings(
        self, vaults: Iterable[str]
    ) -> tuple[dict[str, dict[str, Publication]], dict[str, RotationError]]:
        """Each vault's latest versions by secret name, and the vaults that could not be listed."""
        listed: dict[str, dict[str, Publication]] = {}
        unlisted: dict[str, RotationError] = {}
        gate = asyncio.Semaphore(VAULTS_AT_ONCE)

        async def take(vault: str) -> None:
            try:
                async with gate, asyncio.timeout(VAULT_SECONDS):
                    listed[vault] = {name.casefold(): held async for name, held in self.vault.listing(vault)}
            except RotationError as error:
                unlisted[vault] = error
            except TimeoutError:
                unlisted[vault] = TryLater(vault, f"its secrets could not be listed within {VAULT_SECONDS} seconds.")

        await asyncio.gather(*(take(vault) for vault in vaults))
        return listed, unlisted


def _not_found(missing: list[str], enrolment: Enrolment) -> RotationError:
    """Why there are no targets of these names. None of them hides another."""
    unknown = [name for name in missing if name not in enrolment.refused]
    refused = [error for name in missing for error in enrolment.refused.get(name, ())]
    unseen = next((error for error in enrolment.problems if not isinstance(error, FixConfiguration)), None)
    if unknown and unseen is not None:  # it may be enrolled where nobody could look
        return unseen
    if unknown:
        what = " ".join(["no target has this name.", *(f"{error.thing}: {error.what}" for error in refused)])
        known = [one.target.name for one in enrolment.found]
        return UnknownTarget(", ".join(repr(without_keys(name)[:64]) for name in unknown[:5]), what, known=known)
    if len(refused) == 1:
        return refused[0]
    first, *others = refused
    what = " ".join([first.what, *(f"{error.thing}: {error.what}" for error in others)])
    return FixConfiguration(first.thing, what, " and ".join(dict.fromkeys(error.next_step for error in refused)))
