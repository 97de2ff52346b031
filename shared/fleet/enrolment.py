"""Decide which targets are enrolled: the targets of ROTATION_TARGETS, then accounts that carry our tag.

An account that a target of ROTATION_TARGETS names is that target, whatever its tags say. What two accounts claim is
given to neither of them by the order in which Azure lists them. A name that two have leads to none of them; each goes
on all the same. A secret that two claim stays with the account whose publication it holds; the other one is refused,
and both are while it holds nothing of either.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from shared.decide.ownership import is_publication_of
from shared.domain.account_kinds import of_another_kind, serves_openai
from shared.domain.errors import DisputedName, DisputedSecret, FixConfiguration, RotationError
from shared.domain.model import AccountId, Target
from shared.domain.names import SECRET_NAME
from shared.domain.publication import Publication
from shared.domain.requests import Request
from shared.domain.text import without_keys
from shared.ports import Account
from shared.settings.environment import Settings
from shared.settings.problems import Problems
from shared.settings.readers import vault_url
from shared.settings.target_fields import TAG, Claim, claims, default_name, secret_claim, secrets_of, target_from_tags
from shared.turns.message import Message


@dataclass(frozen=True)
class Enrolled:
    """A target that takes part.

    target: The target.
    account: The account as the listing of its subscription showed it. None for a target of ROTATION_TARGETS.
    earlier: Whether an earlier tick's listing showed it, and not this one's. Default: no.
    """

    target: Target
    account: Account | None = None
    earlier: bool = False

    def publishes_in(self, vault_url: str, secret: str) -> bool:
        """Return whether this is the target's secret. Names of vaults and secrets are the same in any case."""
        here = (self.target.vault_url.casefold(), self.target.secret.casefold())
        return here == (vault_url.casefold(), secret.casefold())


class Enrolment:
    """Accounts gathered one by one in `add`, and the targets that follow from them, once `settle` was called.

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
        self._candidates: list[Enrolled] = []
        self._seen: set[str] = set()
        self._named: dict[str, list[AccountId]] = {}  # by name in lower case, those that could not be enrolled as well
        self._explicit = {claim: target for target in settings.targets for claim in claims(target)}
        self._kept_out: dict[str, Enrolled] = {}
        self._why_refused: dict[str, FixConfiguration] = {}

    def add(self, account: Account, *, earlier: bool = False) -> None:
        """Take a tagged account, or record why not. Accounts tagged `off` or in ROTATION_TARGETS are ignored.

        earlier: Whether an earlier listing showed it, and not this one. Default: no.
        """
        word, id_ = account.tags.get(TAG, "").strip().lower(), str(account.id).casefold()
        if word == "off":
            self.off.add(id_)
        if word in ("", "off") or id_ in self._seen or self._settings.explicit_target(account.id) is not None:
            return
        self._seen.add(id_)
        self._named.setdefault(default_name(account.id).casefold(), []).append(account.id)
        try:
            target = tagged_target(account.id, account.tags, self._settings)
            _check_kind(account)
        except FixConfiguration as error:
            self._refuse(account.id, error, error)
            return
        self._candidates.append(Enrolled(target, account, earlier))

    @property
    def refused_ids(self) -> frozenset[str]:
        """The ids of the accounts that could not be enrolled, in lower case."""
        return frozenset(self._why_refused)

    def settle_without(self, refused: Container[str]) -> None:
        """Enrol the accounts that were added, without those whose ids, in lower case, were refused when it was settled
        what several of them claim."""
        self.found += [one for one in self._candidates if str(one.target.account).casefold() not in refused]

    def contested(self) -> list[Target]:
        """Return a target for each secret that several accounts claim, none of them a target of ROTATION_TARGETS."""
        claimed = self._claimed()
        return [each[0].target for claim, each in claimed.items() if len(each) > 1 and claim not in self._explicit]

    def settle(self, published: Mapping[str, Publication | None]) -> None:
        """Enrol the accounts that were added, as far as their secrets are their own.

        published: What the contested secrets hold, by address in lower case. One that is missing could not be read.
        """
        for claim, each in self._claimed().items():
            if len(each) == 1 and claim not in self._explicit:
                self.found.append(each[0])
                continue
            held = published.get(claim.value)
            for one in each:
                if claim not in self._explicit and is_publication_of(one.target.account, held):
                    self.found.append(one)
                else:
                    self._keep_out(one, claim, each)
        self.problems += self._disputed_names()

    def _claimed(self) -> dict[Claim, list[Enrolled]]:
        claimed: dict[Claim, list[Enrolled]] = {}
        for one in self._candidates:
            claimed.setdefault(secret_claim(one.target), []).append(one)
        return claimed

    def of_account(self, account: AccountId, *, to_end_a_key: bool = False) -> Enrolled | None:
        """Return the target of an account; None if it is not among those that were added.

        to_end_a_key: Whether an account whose secret is not its own is returned as well. Its target publishes nothing.

        Raises why the account was refused.
        """
        id_ = str(account).casefold()
        if to_end_a_key and id_ in self._kept_out:
            return self._kept_out[id_]
        if id_ in self._why_refused:
            raise self._why_refused[id_]
        return next((one for one in self.found if account.same_as(str(one.target.account))), None)

    def by_name(self, *, to_end_a_key: bool = False) -> dict[str, Enrolled]:
        """Return the targets by their names, which must not be disputed. `to_end_a_key` is that of `of_account`."""
        more = self._kept_out.values() if to_end_a_key else ()
        return {one.target.name: one for one in (*more, *reversed(self.found))}

    def dispute(self, names: Iterable[str]) -> DisputedName | None:
        """Return the error of those names that lead to no target because several accounts have them. None without."""
        disputed = {name: accounts for name in names if len(accounts := self._accounts_of(name)) > 1}
        if not disputed:
            return None
        shown = ", ".join(without_keys(name)[:64] for name in list(disputed)[:5])
        error = DisputedName(shown, "several accounts have this name, so it leads to none of them.")
        return error.among(dict.fromkeys(one for each in disputed.values() for one in each))

    def _accounts_of(self, name: str) -> list[AccountId]:
        explicit = [one for one in self._settings.targets if one.name.casefold() == name.casefold()]
        if any(one.name == name for one in explicit):
            return [explicit[0].account]  # explicit targets always win their name
        return [*(one.account for one in explicit), *self._named.get(name.casefold(), [])]

    def _disputed_names(self) -> Iterator[DisputedName]:
        names = {target.name.casefold() for target in self._settings.targets}
        for name, each in self._named.items():
            if name in names:
                what = f"its name is {name}, and requests by that name go to a target of ROTATION_TARGETS."
                yield from (DisputedName(str(one), what) for one in each)
            elif len(each) > 1:
                ids = " and ".join(sorted(map(str, each)))
                what = f"the accounts {ids} have this name, so requests by name are refused."
                yield DisputedName(default_name(each[0]), what)

    def _refuse(self, account: AccountId, listed: FixConfiguration, answered: FixConfiguration) -> None:
        """`listed` is for readers who may see all targets, `answered` for callers who ask for this one by name."""
        self.problems.append(listed)
        self._why_refused[str(account).casefold()] = answered
        self.refused.setdefault(default_name(account), []).append(answered)

    def _keep_out(self, one: Enrolled, claim: Claim, rivals: Sequence[Enrolled]) -> None:
        """Refuse an account whose secret is not its own."""
        id_, explicit = str(one.target.account), self._explicit.get(claim)
        self._kept_out[id_.casefold()] = replace(one, target=replace(one.target, publishes=False))
        what = f"its secret {claim.text} is claimed by another account too, and holds no publication of this one."
        claimants = {str(rival.target.account) for rival in rivals} | ({str(explicit.account)} if explicit else set())
        others = " and ".join(sorted(claimants - {id_}))
        listed = f"its secret {claim.text} is claimed by {others} too, and holds no publication of this one."
        self._refuse(one.target.account, DisputedSecret(id_, listed), DisputedSecret(id_, what).among(claimants))


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
    troubled: bool = False,
) -> Message:
    """Return the message that asks for a turn for this target.

    A target that was enrolled by the tags of its account carries those that are ours, if this tick's listing showed
    them; otherwise the turn reads them. `crowded`, `insists` and `troubled` are the
    message's own (see `Message`).
    """
    account = enrolled.account
    shown = account.tags if account and not enrolled.earlier else {}
    tags = {name: text for name, text in shown.items() if name.lower().startswith(TAG)}
    return Message(
        enrolled.target.name,
        queued_at,
        account.id if account else None,
        tags,
        request,
        crowded=crowded,
        insists=insists,
        troubled=troubled,
    )
