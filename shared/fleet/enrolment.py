"""Who takes part: explicit targets, then tagged accounts, with every clash named.

Two targets must not share a name, an account (two rotators would destroy each other's keys) or a secret. An
account that an explicit target names is that target, whatever its tags say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.domain.errors import FixConfiguration, RotationError
from shared.domain.model import AccountId, Target
from shared.ports import Account
from shared.settings.environment import Settings
from shared.settings.target_fields import TAG, Problems, default_name, read_tags, vault_url


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
        self.refused: dict[str, list[FixConfiguration]] = {}  # by the name that the target would have
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
            self._refuse(account, error, error)
            return
        clashes = [claim for claim in _claims(target) if claim in self._taken]
        if clashes:
            self._refuse(account, *self._clash(account, clashes))
            return
        self._taken |= dict.fromkeys(_claims(target), target.name)
        self.found.append(Enrolled(target, account))

    def _refuse(self, account: Account, listed: FixConfiguration, told: FixConfiguration) -> None:
        """`listed` for those who may see all targets, `told` for whoever asks for this one by its name."""
        self.problems.append(listed)
        self.refused.setdefault(default_name(account.id), []).append(told)

    def _clash(self, account: Account, claims: list[tuple[str, str]]) -> tuple[FixConfiguration, FixConfiguration]:
        """With the target that was there first, and without its name."""
        with_names = "; ".join(f"{' '.join(claim)} is taken by target {self._taken[claim]}" for claim in claims)
        without = "; ".join(f"{' '.join(claim)} is taken by another target" for claim in claims)
        step = "tag it key-rotation-secret with another name"
        if "name" in dict(claims):  # no tag gives a target another name
            step = "list it in ROTATION_TARGETS with a name and a secret of its own"
        thing = str(account.id)
        return FixConfiguration(thing, f"{with_names}.", step), FixConfiguration(thing, f"{without}.", step)


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
    step, stray = "correct the account's tags", _stray_vault(tags, settings)
    if target is None and not problems:
        raise FixConfiguration(str(account), "the account is not tagged key-rotation: on.", step)
    if stray is not None:
        problems.append(f"tag {TAG}-vault names {stray}, a vault that no setting names")
        step = f"{step}, or add the vault to ROTATION_VAULTS"
    if target is None or problems:
        raise FixConfiguration(str(account), f"{'; '.join(problems)}.", step)
    return target


def _stray_vault(tags: Mapping[str, str], settings: Settings) -> str | None:
    """The vault that a tag names and no setting does. One whose address makes no sense is another problem."""
    named = next((text for name, text in tags.items() if name.lower() == f"{TAG}-vault"), None)
    try:
        vault = vault_url(named) if named is not None else None
    except ValueError:
        return None
    return vault if vault is not None and not settings.trusts(vault) else None
