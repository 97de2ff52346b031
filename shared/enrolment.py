"""Who takes part: explicit targets, then tagged accounts, with every clash named.

Two targets must not share a name, an account (two rotators would destroy each other's keys) or a secret. An
account that an explicit target names is that target, whatever its tags say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.errors import FixConfiguration, RotationError
from shared.model import AccountId, Target
from shared.ports import Account
from shared.settings import Settings
from shared.targets import TAG, Problems, read_tags


@dataclass(frozen=True)
class Enrolled:
    """A target, and what the account's listing said where it was found by its tags."""

    target: Target
    account: Account | None = None


class Enrolment:
    """Targets gathered one by one; each check costs the same for one account or ten thousand."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.found = [Enrolled(target) for target in settings.targets]
        self.problems: list[RotationError] = []
        self._taken = {claim: target.name for target in settings.targets for claim in _claims(target)}
        self._explicit = {str(target.account).casefold() for target in settings.targets}

    def add(self, account: Account) -> None:
        """Enrol a tagged account, or note why not. One that is tagged `off`, or is explicit, is passed over."""
        word = account.tags.get(TAG, "").strip().lower()
        if word in ("", "off") or str(account.id).casefold() in self._explicit:
            return
        try:
            target = tagged_target(account.id, account.tags, self._settings)
        except FixConfiguration as error:
            self.problems.append(error)
            return
        clash = next((claim for claim in _claims(target) if claim in self._taken), None)
        if clash is not None:
            what = f"{' '.join(clash)} is taken by target {self._taken[clash]}."
            self.problems.append(
                FixConfiguration(str(account.id), what, "tag it key-rotation-secret with another name")
            )
            return
        self._taken |= dict.fromkeys(_claims(target), target.name)
        self.found.append(Enrolled(target, account))


def _claims(target: Target) -> tuple[tuple[str, str], ...]:
    return (
        ("name", target.name.casefold()),
        ("account", str(target.account).casefold()),
        ("secret", target.secret_url.casefold()),
    )


def tagged_target(account: AccountId, tags: Mapping[str, str], settings: Settings) -> Target:
    """The explicit target of this account, else the one its tags ask for. Raises FixConfiguration for a bad tag, an
    account that is not tagged, a subscription that is not ours, or a vault that the settings do not name."""
    explicit = next((target for target in settings.targets if target.account.same_as(str(account))), None)
    if explicit is not None:
        return explicit
    if account.subscription not in settings.subscriptions:
        raise FixConfiguration(str(account), "the account is in no subscription of ROTATION_SUBSCRIPTIONS.")
    problems = Problems()
    target = read_tags(account, tags, settings.defaults, problems)
    if target is None:
        what = "; ".join(problems) or "the account is not tagged key-rotation: on"
        raise FixConfiguration(str(account), f"{what}.", "correct the account's tags")
    if not settings.trusts(target.vault_url):
        what = f"tag key-rotation-vault names {target.vault_url}, a vault that no setting names."
        raise FixConfiguration(str(account), what, "correct the tag, or add the vault to ROTATION_VAULTS")
    return target
