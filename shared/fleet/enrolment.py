"""Decide which targets are enrolled: the targets of ROTATION_TARGETS, then accounts that carry our tag.

An account that a target of ROTATION_TARGETS names is that target, whatever its tags say. A tagged account whose name,
account or secret another target has already is refused, and the refusal says which of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.domain.account_kinds import of_another_kind, serves_openai
from shared.domain.errors import FixConfiguration, RotationError
from shared.domain.model import AccountId, Target
from shared.domain.names import SECRET_NAME
from shared.domain.requests import Request
from shared.ports import Account
from shared.settings.environment import Settings
from shared.settings.problems import Problems
from shared.settings.readers import vault_url
from shared.settings.target_fields import TAG, Claim, claims, default_name, secrets_of, target_from_tags
from shared.turns.message import Message


@dataclass(frozen=True)
class Enrolled:
    """A target that takes part.

    target: The target.
    account: The account as the listing of its subscription showed it. None for a target of ROTATION_TARGETS.
    """

    target: Target
    account: Account | None = None

    def publishes_in(self, vault_url: str, secret: str) -> bool:
        """Return whether this is the target's secret. Names of vaults and secrets are the same in any case."""
        here = (self.target.vault_url.casefold(), self.target.secret.casefold())
        return here == (vault_url.casefold(), secret.casefold())


class Enrolment:
    """Targets gathered one by one. Each check costs the same for one account or ten thousand.

    found: The enrolled targets, those of ROTATION_TARGETS first.
    problems: Why accounts could not be enrolled or subscriptions could not be listed, for readers who may see all
        targets.
    off: The ids of the accounts that are tagged `off`, in lower case.
    refused: The same for refused accounts, by the name that the target would have, without the names of other targets.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.found = [Enrolled(target) for target in settings.targets]
        self.problems: list[RotationError] = []
        self.refused: dict[str, list[FixConfiguration]] = {}
        self.off: set[str] = set()
        self._taken = {claim: target.name for target in settings.targets for claim in claims(target)}

    def add(self, account: Account) -> None:
        """Enrol a tagged account, or record why not. Accounts tagged `off` or in ROTATION_TARGETS are ignored."""
        word = account.tags.get(TAG, "").strip().lower()
        if word == "off":
            self.off.add(str(account.id).casefold())
        if word in ("", "off") or self._settings.explicit_target(account.id) is not None:
            return
        try:
            target = tagged_target(account.id, account.tags, self._settings)
            _check_kind(account)
        except FixConfiguration as error:
            self._refuse(account, error, error)
            return
        clashes = [claim for claim in claims(target) if claim in self._taken]
        if clashes:
            self._refuse(account, *self._clash(account, clashes))
            return
        self._taken |= dict.fromkeys(claims(target), target.name)
        self.found.append(Enrolled(target, account))

    def _refuse(self, account: Account, listed: FixConfiguration, answered: FixConfiguration) -> None:
        """`listed` is for readers who may see all targets, `answered` for callers who ask for this one by name."""
        self.problems.append(listed)
        self.refused.setdefault(default_name(account.id), []).append(answered)

    def _clash(self, account: Account, clashes: list[Claim]) -> tuple[FixConfiguration, FixConfiguration]:
        """The refusal with the name of the target that came first, and without that name."""
        taken = [(f"{claim.kind} {claim.value} is taken by", self._taken[claim]) for claim in clashes]
        with_names = "; ".join(f"{what} target {name}" for what, name in taken)
        without = "; ".join(f"{what} another target" for what, _ in taken)
        step = "tag it key-rotation-secret with another name that ROTATION_SECRETS allows"
        if any(claim.kind == "name" for claim in clashes):  # no tag gives a target another name
            step = "list it in ROTATION_TARGETS with a name and a secret of its own"
        thing = str(account.id)
        return FixConfiguration(thing, f"{with_names}.", step), FixConfiguration(thing, f"{without}.", step)


def _check_kind(account: Account) -> None:
    if not serves_openai(account.kind):
        raise of_another_kind(str(account.id), account.kind)


def tagged_target(account: AccountId, tags: Mapping[str, str], settings: Settings) -> Target:
    """Return the target of ROTATION_TARGETS that has this account, else the target that its tags describe.

    Raises FixConfiguration if a tag is invalid, the account is not tagged `on`, its subscription is not in
    ROTATION_SUBSCRIPTIONS, or a tag names a vault or a secret that no setting allows.
    """
    explicit = settings.explicit_target(account)
    if explicit is not None:
        return explicit
    if account.subscription not in settings.subscriptions:
        raise FixConfiguration(str(account), "the account is in no subscription of ROTATION_SUBSCRIPTIONS.")
    problems = Problems()
    target = target_from_tags(account, tags, settings.defaults, problems)
    step, vault = "correct the account's tags", _untrusted_vault(tags, settings)
    if target is None and not problems:
        raise FixConfiguration(str(account), "the account is not tagged key-rotation: on.", step)
    found = [str(problem) for problem in problems]
    if vault is not None:
        found.append(f"tag {TAG}-vault names {vault}, a vault that no setting names")
        step = f"{step}, or add the vault to ROTATION_VAULTS"
    secret = _untrusted_secret(account, tags, settings)
    if secret is not None:
        allowed = " or ".join(secrets_of(account, settings.secrets))
        found.append(f"tag {TAG}-secret names {secret}, a secret that no setting allows (allowed: {allowed})")
        step = f"{step}, or add a template to ROTATION_SECRETS, or list the account in ROTATION_TARGETS"
    if target is None or found:
        raise FixConfiguration(str(account), f"{'; '.join(found)}.", step)
    return target


def _untrusted_secret(account: AccountId, tags: Mapping[str, str], settings: Settings) -> str | None:
    """The secret that a tag names and no template makes. A secret has readers, and a tag must not choose them."""
    named = (_tag(tags, "secret") or "").strip()
    allowed = [name.casefold() for name in secrets_of(account, settings.secrets)]
    return named if named and re.fullmatch(SECRET_NAME, named) and named.casefold() not in allowed else None


def _untrusted_vault(tags: Mapping[str, str], settings: Settings) -> str | None:
    """The vault that a tag names and no setting does. None if its address is invalid, which is a problem already."""
    named = _tag(tags, "vault")
    try:
        vault = vault_url(named) if named is not None else None
    except ValueError:
        return None
    return vault if vault is not None and not settings.trusts(vault) else None


def _tag(tags: Mapping[str, str], name: str) -> str | None:
    return next((text for one, text in tags.items() if one.lower() == f"{TAG}-{name}"), None)


def message_for(
    enrolled: Enrolled,
    queued_at: datetime,
    *,
    request: Request | None = None,
    crowded: bool = False,
    insists: bool = False,
) -> Message:
    """Return the message that asks for a turn for this target.

    A target that was enrolled by the tags of its account carries those that are ours. `crowded` and `insists` are the
    message's own (see `Message`).
    """
    account = enrolled.account
    tags = {name: text for name, text in account.tags.items() if name.lower().startswith(TAG)} if account else {}
    return Message(
        enrolled.target.name,
        queued_at,
        account.id if account else None,
        tags,
        request,
        crowded=crowded,
        insists=insists,
    )
