"""Policies of Azure that keep keys off an account, so that a trial could not be undone. Pure.

Three built-in definitions fix `disableLocalAuth` (docs/facts.md, Trials): one denies keys, one switches them off again
whenever somebody switches them on, and one does so some minutes later. They are known by their ids, because names
change. What initiatives and custom definitions do is not known by an id: Azure says of those only what it would deny.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from shared.domain.errors import RotationError
from shared.domain.orders import LONGEST_TRIAL

_AUDIT = "71ef260a-8f18-47b7-abcb-62d0673d94dc"
_MODIFY = "14de9e63-1b31-492e-a5a3-c3f7fd57f555"
_DEPLOY = "55eff01b-f2bd-4c32-9203-db285f709d30"
_DEFAULT_EFFECTS = {_AUDIT: "audit", _MODIFY: "modify", _DEPLOY: "deployifnotexists"}
_ACTING = {
    "deny": "denies to switch keys on",
    "modify": "switches keys off again at once",
    "deployifnotexists": "switches keys off again some minutes later",
}
_BUILT_IN = "/providers/microsoft.authorization/policydefinitions/"
_FIELD = "disablelocalauth"


@dataclass(frozen=True)
class Assignment:
    """A policy, or an initiative of several, that is assigned to the account or above it.

    id: Its resource id.
    title: What people call it.
    definition: The resource id of what is assigned.
    enforced: Whether it acts. False if it only looks.
    left_out: The scopes that it leaves out.
    effect: The effect that its parameters name. Empty if they name none.
    override: The effect that is set in place of that. Empty if none is.
    selective: Whether it acts on some resources only, by a rule that is not read here.
    """

    id: str
    title: str
    definition: str
    enforced: bool = True
    left_out: tuple[str, ...] = ()
    effect: str = ""
    override: str = ""
    selective: bool = False

    @property
    def is_built_in(self) -> bool:
        """Whether it is one built-in policy, so that its id tells what it does."""
        return self.definition.casefold().startswith(_BUILT_IN)

    def acts_on(self, account: str) -> bool:
        """Return whether it acts on an account, given by its id."""
        return self.enforced and not any(_holds(scope, account) for scope in self.left_out)

    @property
    def keeps_keys_off(self) -> str:
        """How it keeps keys off, as the end of a sentence. Empty if it does not, or if that is not known."""
        known = self.definition.casefold().removeprefix(_BUILT_IN)
        if not self.is_built_in or known not in _DEFAULT_EFFECTS:
            return ""
        return _ACTING.get((self.override or self.effect or _DEFAULT_EFFECTS[known]).casefold(), "")


@dataclass(frozen=True)
class Denial:
    """What Azure says that a policy would do to an account with keys on.

    assignment: The resource id of its assignment. Empty if Azure does not name it.
    effect: Its effect.
    fields: What it looked at, as Azure names it. Empty if Azure does not say.
    """

    assignment: str
    effect: str
    fields: tuple[str, ...] = ()

    @property
    def is_about_keys(self) -> bool:
        """Whether it is about keys. True as well if Azure does not say what it is about."""
        return not self.fields or any(_FIELD in one.casefold() for one in self.fields)


@dataclass(frozen=True)
class Exemption:
    """An exemption that covers the account.

    assignment: The resource id of the assignment that does not act on it.
    until: When it ends, in UTC. None if it does not end.
    is_whole: Whether it covers all of the assignment, for each resource below its own scope.
    """

    assignment: str
    until: datetime | None = None
    is_whole: bool = True

    def outlives_a_trial(self, now: datetime) -> bool:
        """Return whether it lasts longer than any trial that begins now."""
        return self.is_whole and (self.until is None or self.until > now + LONGEST_TRIAL)


@dataclass(frozen=True)
class PolicyAnswer:
    """What was found out about policies, as sentences.

    blockers: What would keep keys off after a trial.
    unseen: What is not known.
    problems: What could not be read, and why.
    """

    blockers: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    problems: tuple[RotationError, ...] = ()


def policy_answer(
    account: str,
    assignments: Iterable[Assignment],
    denials: Iterable[Denial],
    exemptions: Iterable[Exemption],
    now: datetime,
) -> PolicyAnswer:
    """Return what these policies do to an account whose keys are to be switched on again.

    account: The account's id.
    assignments: All that are assigned to it and above it.
    denials: What Azure says that policies would do.
    exemptions: Those that cover it. They are taken as they are now.
    now: The time, in UTC.
    """
    exempt = {one.assignment.casefold() for one in exemptions if one.outlives_a_trial(now)}
    acting = {one.id.casefold(): one for one in assignments if one.acts_on(account) and one.id.casefold() not in exempt}
    left = [one for one in denials if one.effect.casefold() in _ACTING and one.assignment.casefold() not in exempt]
    said = {one.assignment.casefold(): _by_denial(one, acting) for one in left if one.is_about_keys}
    known = {id_: _by_assignment(one) for id_, one in acting.items() if one.keeps_keys_off and not one.selective}
    return PolicyAnswer(tuple((said | known).values()), tuple(_unseen(acting.values(), left, set(said))))


def _by_denial(denial: Denial, acting: dict[str, Assignment]) -> str:
    known = acting.get(denial.assignment.casefold())
    return _sentence(known.title if known else _name(denial.assignment), _ACTING[denial.effect.casefold()], denial)


def _by_assignment(one: Assignment) -> str:
    return _sentence(one.title, one.keeps_keys_off, one)


def _sentence(title: str, does: str, of: Denial | Assignment) -> str:
    id_ = of.id if isinstance(of, Assignment) else of.assignment
    where = f" ({id_})" if id_ else ""
    return (
        f'The policy "{title}" {does}, so the trial could not be undone. Exempt the account from it for longer than '
        f"the trial, or leave the account out of its assignment{where}."
    )


def _unseen(acting: Iterable[Assignment], left: Iterable[Denial], said: set[str]) -> Iterable[str]:
    """Return what is not known, whatever blocks. What only denies something else holds up no end of a trial: Azure
    refuses to begin it as well."""
    others, selective = 0, list[str]()
    for one in acting:
        if one.keeps_keys_off and one.selective:
            selective.append(one.title)
        others += not one.is_built_in and one.id.casefold() not in said
    for title in selective:
        yield f'whether the policy "{title}" keeps keys off: it is assigned to some resources by a rule.'
    for denial in left:
        if not denial.is_about_keys:
            yield f'whether the policy "{_name(denial.assignment)}" lets the account be changed: it denies it as it is.'
    if others:
        what = "initiative or custom policy" if others == 1 else "initiatives and custom policies"
        yield (
            f"what {others} {what} would change. Azure was asked what would be denied, which shows no more than that."
        )


def _name(id_: str) -> str:
    return id_.rpartition("/")[2] or "without a name"


def _holds(scope: str, account: str) -> bool:
    outer, inner = scope.casefold().rstrip("/"), account.casefold()
    return bool(outer) and (inner == outer or inner.startswith(f"{outer}/"))
