"""Policies of Azure that keep keys off an account, so that a trial could not be undone. Pure.

Three built-in definitions fix `disableLocalAuth` (docs/facts.md, Trials): one denies keys, one switches them off again
whenever somebody switches them on, and one does so some minutes later. They are known by their ids, because names
change. What is assigned may be an initiative of many policies: what those do, Azure says in the states that it keeps of
each policy and account. What custom definitions change is not known by an id: Azure says only what it would deny.
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
_CHANGES_NOTHING = {"audit", "auditifnotexists", "deny", "denyaction", "disabled", "manual"}
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
        known = _known(self.definition)
        return _ACTING.get((self.override or self.effect or _DEFAULT_EFFECTS[known]).casefold(), "") if known else ""


@dataclass(frozen=True)
class Denial:
    """What Azure says that a policy would do to an account with keys on.

    assignment: The resource id of its assignment. Empty if Azure does not name it.
    effect: Its effect.
    fields: What it looked at, as Azure names it. Empty if Azure does not say.
    part: Which part of an initiative it is. Empty if it is none, or if Azure does not say.
    """

    assignment: str
    effect: str
    fields: tuple[str, ...] = ()
    part: str = ""

    @property
    def is_about_keys(self) -> bool:
        """Whether it is about keys. True as well if Azure does not say what it is about."""
        return not self.fields or any(_FIELD in one.casefold() for one in self.fields)


@dataclass(frozen=True)
class PolicyState:
    """What one policy last found of the account. That can be a day ago.

    assignment: The resource id of the assignment.
    definition: The resource id of the policy.
    effect: The effect that counts.
    part: Which part of an initiative it is. Empty if it is none.
    """

    assignment: str
    definition: str
    effect: str
    part: str = ""

    @property
    def keeps_keys_off(self) -> str:
        """How it keeps keys off, as the end of a sentence. Empty if it does not, or if that is not known."""
        return _ACTING.get(self.effect.casefold(), "") if _known(self.definition) else ""

    @property
    def is_clear(self) -> bool:
        """Whether it is known what it does: it changes nothing by itself, or it is known to keep keys off."""
        return self.effect.casefold() in _CHANGES_NOTHING or bool(self.keeps_keys_off)


@dataclass(frozen=True)
class Exemption:
    """An exemption that covers the account.

    assignment: The resource id of the assignment that does not act on it.
    until: When it ends, in UTC. None if it does not end.
    parts: The parts of an initiative that it is limited to. Empty for all.
    selective: Whether it covers some resources only, by a rule that is not read here. Then it does not count.
    """

    assignment: str
    until: datetime | None = None
    parts: tuple[str, ...] = ()
    selective: bool = False

    def covers(self, assignment: str, part: str, now: datetime) -> bool:
        """Return whether that part of an assignment does not act during any trial that begins now.

        part: Empty for an assignment without parts, and if it is not known which one is meant.
        """
        if self.selective or self.assignment.casefold() != assignment.casefold():
            return False
        whole = not self.parts or part.casefold() in map(str.casefold, self.parts)
        return whole and (self.until is None or self.until > now + LONGEST_TRIAL)


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
    states: Iterable[PolicyState],
    exemptions: Iterable[Exemption],
    now: datetime,
) -> PolicyAnswer:
    """Return what these policies do to an account whose keys are to be switched on again.

    account: The account's id.
    assignments: All that are assigned to it and above it.
    denials: What Azure says that policies would do.
    states: What policies last found of the account. Only what is assigned now counts.
    exemptions: Those that cover it. They are taken as they are now.
    now: The time, in UTC.
    """
    lasting = tuple(exemptions)

    def counts(assignment: str, part: str = "") -> bool:
        return not any(one.covers(assignment, part, now) for one in lasting)

    acting = {one.id.casefold(): one for one in assignments if one.acts_on(account) and counts(one.id)}
    left = [one for one in denials if one.effect.casefold() in _ACTING and counts(one.assignment, one.part)]
    found = [one for one in states if one.assignment.casefold() in acting]
    open_ = [one for one in found if counts(one.assignment, one.part)]
    said = {one.assignment.casefold(): _by_denial(one, acting) for one in left if one.is_about_keys}
    inside = {id_: _sentence(acting[id_].title, does, acting[id_]) for id_, does in _inside(open_, acting)}
    known = {id_: _by_assignment(one) for id_, one in acting.items() if one.keeps_keys_off and not one.selective}
    clear = _ids(found) - _ids(one for one in open_ if not one.is_clear)
    blockers = said | inside | known
    return PolicyAnswer(tuple(blockers.values()), tuple(_unseen(acting.values(), left, {*blockers, *clear})))


def _inside(states: Iterable[PolicyState], acting: dict[str, Assignment]) -> Iterable[tuple[str, str]]:
    """Return, by the ids of initiatives and custom policies, how a policy in them keeps keys off."""
    for one in states:
        id_ = one.assignment.casefold()
        if one.keeps_keys_off and not acting[id_].is_built_in:
            yield id_, one.keeps_keys_off


def _ids(states: Iterable[PolicyState]) -> set[str]:
    return {one.assignment.casefold() for one in states}


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


def _unseen(acting: Iterable[Assignment], left: Iterable[Denial], known: set[str]) -> Iterable[str]:
    """Return what is not known, whatever blocks. What only denies something else holds up no end of a trial: Azure
    refuses to begin it as well.

    known: The ids of the assignments of which it is known what they do.
    """
    others, selective = 0, list[str]()
    for one in acting:
        if one.keeps_keys_off and one.selective:
            selective.append(one.title)
        others += not one.is_built_in and one.id.casefold() not in known
    for title in selective:
        yield f'whether the policy "{title}" keeps keys off: it is assigned to some resources by a rule.'
    for denial in left:
        if not denial.is_about_keys:
            yield f'whether the policy "{_name(denial.assignment)}" lets the account be changed: it denies it as it is.'
    if others:
        what = "initiative or custom policy" if others == 1 else "initiatives and custom policies"
        yield (
            f"what {others} {what} would change. Azure was asked what would be denied, and what policies last found of "
            "the account. Neither shows that."
        )


def _known(definition: str) -> str:
    """Return the last part of the id of a built-in policy that is known here. Empty for any other."""
    name = definition.casefold().removeprefix(_BUILT_IN)
    return name if definition.casefold().startswith(_BUILT_IN) and name in _DEFAULT_EFFECTS else ""


def _name(id_: str) -> str:
    return id_.rpartition("/")[2] or "without a name"


def _holds(scope: str, account: str) -> bool:
    outer, inner = scope.casefold().rstrip("/"), account.casefold()
    return bool(outer) and (inner == outer or inner.startswith(f"{outer}/"))
