"""The role to use instead of one that reads keys, and the commands that swap them.

It is found by what the definitions in the tenant allow. Where people may lose something that they need, no command is
offered: a person must think first.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace

from shared.readers.doings import CALL, DEPLOY, MANAGING, TUNE, USEFUL, Doing, Substitutes, does
from shared.readers.grants import Grant
from shared.readers.kinds import Holding, Permissions, RoleDefinition
from shared.readers.rights import Right, block_allows
from shared.readers.roads import GET_SECRET, ActsOn, Road

_METADATA = Right("Microsoft.KeyVault/vaults/secrets/readMetadata/action", data=True)
_PIM = "It is eligible: it is changed in Privileged Identity Management, for which there is no command here."
_COPIES = "It matters only where a copy of a key lies: see the copies of this account, and move them to an identity."
_APP_NEEDS_IT = "An application that reads the key from the vault needs the right, on that one secret alone."
BY_POLICY_ADVICE = f"{_APP_NEEDS_IT} Whoever does not read it needs no entry in the access policies."


@dataclass(frozen=True)
class Swap:
    """What to do about an assignment that gives a right to read keys.

    instead: The role to use instead. Empty if there is none to recommend.
    commands: The commands that swap the roles, the new one first. Empty if a person must think first.
    advice: What to know before that, or what to do instead, as sentences.
    """

    instead: str = ""
    commands: tuple[str, ...] = ()
    advice: str = ""


def swap_of(grant: Grant, road: Road, others: Substitutes) -> Swap:
    """Return what to do about a grant.

    others: The roles of which one is used instead.
    """
    if grant.role.is_custom:
        return Swap(advice=_of_custom(grant))
    if road.gives_itself:
        return Swap(advice="Whoever may assign roles or change the vault can always come to a key: keep them few.")
    if road.acts_on is ActsOn.SOMEWHERE:
        return Swap(advice=_COPIES)
    if road.acts_on is not ActsOn.ACCOUNT:
        return _of_vault(grant, others)
    return _of_user(grant, others) if _only_uses(grant.role) else Swap(advice=_by_doing(grant.role, others))


def _only_uses(role: RoleDefinition) -> bool:
    """Return whether a role is for calling models, and manages nothing."""
    return does(role, CALL) and not any(does(role, one) for one in MANAGING)


def _of_user(grant: Grant, others: Substitutes) -> Swap:
    new = others.smallest_for(CALL.right)
    if new is None:
        return Swap(advice="No role was seen that calls models and reads no key.")
    lost = [one.says for one in USEFUL if does(grant.role, one) and not does(new, one)]
    advice = [f"With {new.name} its holder cannot {_listed(lost)} any more."] if lost else []
    if grant.held.holding is Holding.ELIGIBLE:
        return Swap(new.name, (), " ".join([*advice, _PIM]))
    if grant.held.condition:
        return Swap(new.name, (), " ".join([*advice, "The assignment has a condition, which the new one would lack."]))
    if grant.held.principal_type.endswith("Group"):
        advice.append(_dry_run(grant.held.principal))
    return Swap(new.name, _commands(grant, new), " ".join(advice))


def _commands(grant: Grant, new: RoleDefinition) -> tuple[str, ...]:
    held = grant.held
    kind = ("--assignee-principal-type", held.principal_type) if held.principal_type else ()
    who = ("--assignee-object-id", held.principal, *kind)
    create = ("az", "role", "assignment", "create", *who, "--role", new.name, "--scope", held.scope)
    return shlex.join(create), shlex.join(("az", "role", "assignment", "delete", "--ids", held.id))


def _dry_run(group: str) -> str:
    members = shlex.join(("az", "ad", "group", "member", "list", "--group", group, "--output", "table"))
    return (
        f"It is a group, so try it first: see who is in it ({members}), run only the first command, let the members "
        "call without a key for as long as their longest job takes, and only then run the second one."
    )


def _of_vault(grant: Grant, others: Substitutes) -> Swap:
    """What to do about a role on the vault. Whether its holder is the application that reads the key is not known."""
    new = others.smallest_for(_METADATA) if grant.right == GET_SECRET else None
    look = f" For whoever only looks after the vault, {new.name} shows no value." if new else ""
    return Swap(new.name if new else "", (), _APP_NEEDS_IT + look)


def _by_doing(role: RoleDefinition, others: Substitutes) -> str:
    """Say which role fits what the holders of a wide role do, with a key or without."""
    fits = [(one, others.smallest_for(one.right)) for one in _needs(role)]
    named = [f"{one.says}: {new.name}" for one, new in fits if new is not None]
    if not named:
        return "Take it away from whoever needs no key: no role was seen to use instead."
    return f"Choose by what its holders do. To {'; to '.join(named)}."


def _needs(role: RoleDefinition) -> tuple[Doing, ...]:
    """What holders of a role may be using it for. A key lets them call and fine-tune, whatever the role says."""
    return (CALL, TUNE, DEPLOY) if does(role, DEPLOY) else (CALL, TUNE)


def _of_custom(grant: Grant) -> str:
    """Say what to take out of a custom role, block by block: what one block takes away, another can give."""
    blocks = grant.role.blocks
    steps = [
        step
        for number, block in enumerate(blocks, 1)
        if block_allows(block, grant.right)
        for step in _taking_out(grant.right, block, "its block" if len(blocks) == 1 else f"its block {number}")
    ]
    return f"It is a custom role. If its holders need no key, {' and '.join(steps)}."


def _taking_out(right: Right, block: Permissions, which: str) -> Iterator[str]:
    given, taken = ("dataActions", "notDataActions") if right.data else ("actions", "notActions")
    action = right.action.lower()
    rest = replace(
        block,
        actions=tuple(one for one in block.actions if one.lower() != action),
        data_actions=tuple(one for one in block.data_actions if one.lower() != action),
    )
    if rest != block:
        yield f"take {right.action} out of the {given} of {which}"
    if block_allows(rest, right):
        yield f"write {right.action} into the {taken} of {which}"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
