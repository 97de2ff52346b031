"""Azure Policy, as far as it decides whether accounts have keys: assignments and exemptions (docs/facts.md, Trials).

Three built-in definitions are imitated, by their ids. `Deny` of the first refuses a change that leaves keys on, and
`Modify` of the second switches them off with every change of the account. The third acts minutes later, by a deployment
of its own: it is listed, and does nothing here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from lab.emulator.accounts import Account
from lab.emulator.errors import AzureError
from lab.emulator.roles import contains

_PREFIX = "/providers/Microsoft.Authorization/policyDefinitions/"
KEYS_OFF_AUDIT = f"{_PREFIX}71ef260a-8f18-47b7-abcb-62d0673d94dc"
KEYS_OFF_MODIFY = f"{_PREFIX}14de9e63-1b31-492e-a5a3-c3f7fd57f555"
KEYS_OFF_DEPLOY = f"{_PREFIX}55eff01b-f2bd-4c32-9203-db285f709d30"
_INITIATIVES = "/providers/microsoft.authorization/policysetdefinitions/"
_DEFAULTS = {KEYS_OFF_AUDIT: "Audit", KEYS_OFF_MODIFY: "Modify", KEYS_OFF_DEPLOY: "DeployIfNotExists"}


@dataclass(frozen=True)
class PolicyPart:
    """A policy as one part of what is assigned.

    definition: The resource id of the policy.
    effect: The effect that its parameters say. Empty: the definition's default.
    reference: What the initiative calls it. Empty if it is assigned by itself.
    """

    definition: str
    effect: str = ""
    reference: str = ""

    @property
    def does(self) -> str:
        """The effect that counts. Empty if the definition is not imitated and no effect is said."""
        return self.effect or _DEFAULTS.get(self.definition, "")


@dataclass(frozen=True)
class AssignedPolicy:
    """One policy assignment.

    name: Its name.
    scope: The resource id on which it is assigned.
    definition: The resource id of the policy, or of the initiative.
    effect: What its parameter `effect` says. Empty: the definition's default.
    mode: Its enforcement mode.
    left_out: The scopes that it leaves out.
    title: What people call it. Empty if it has no such name.
    parts: The policies of an initiative. Empty for a policy.
    """

    name: str
    scope: str
    definition: str = KEYS_OFF_AUDIT
    effect: str = ""
    mode: Literal["Default", "DoNotEnforce"] = "Default"
    left_out: tuple[str, ...] = ()
    title: str = ""
    parts: tuple[PolicyPart, ...] = ()

    @property
    def policies(self) -> tuple[PolicyPart, ...]:
        """The policies in it: its parts, or itself. None for an initiative without parts."""
        is_one = _INITIATIVES not in self.definition.lower()
        return self.parts or ((PolicyPart(self.definition, self.effect),) if is_one else ())

    @property
    def id(self) -> str:
        """The resource id."""
        return f"{self.scope.rstrip('/')}/providers/Microsoft.Authorization/policyAssignments/{self.name}"

    def acts_on(self, resource: str) -> bool:
        """Return whether it acts on a resource, given by its id."""
        out = any(contains(scope, resource) for scope in self.left_out)
        return self.mode == "Default" and contains(self.scope, resource) and not out


@dataclass(frozen=True)
class PolicyExemption:
    """One exemption.

    name: Its name.
    scope: The resource id that is exempt, with everything below it.
    assignment: The resource id of the assignment that does not act there.
    until: When it ends, as text in ISO 8601. Empty if it does not end.
    parts: The parts of an initiative that it is limited to. Empty for all.
    """

    name: str
    scope: str
    assignment: str
    until: str = ""
    parts: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The resource id."""
        return f"{self.scope.rstrip('/')}/providers/Microsoft.Authorization/policyExemptions/{self.name}"


@dataclass
class Policies:
    """The policies of a world. An account that is `fixed_off` has an assignment of its own in every answer.

    assigned: The assignments.
    exempt: The exemptions. None counts as ended.
    """

    assigned: list[AssignedPolicy] = field(default_factory=list)
    exempt: list[PolicyExemption] = field(default_factory=list)

    def of(self, account: Account) -> list[AssignedPolicy]:
        """Return the assignments on an account and above it, whether they act or not."""
        own = [AssignedPolicy("keys-off", account.id, KEYS_OFF_MODIFY)] if account.fixed_off else []
        return [*(one for one in self.assigned if contains(one.scope, account.id)), *own]

    def exemptions(self, account: Account) -> list[PolicyExemption]:
        """Return the exemptions of an account and of what it lies in."""
        return [one for one in self.exempt if contains(one.scope, account.id)]

    def changed(self, account: Account, changes: dict[str, object]) -> dict[str, object]:
        """Return what a change of an account becomes. Raises AzureError 403 if a policy denies it."""
        keys_off = changes.get("disable_local_auth", account.disable_local_auth) is True
        if keys_off:
            return changes
        acting = list(self._acting(account))
        denying = [one for one, part in acting if part.does == "Deny"]
        if any(part.does == "Modify" for _, part in acting):  # these act before those that deny
            return changes | {"disable_local_auth": True}
        if denying:
            raise _disallowed(account, denying)
        return changes

    def _acting(self, account: Account) -> Iterator[tuple[AssignedPolicy, PolicyPart]]:
        for one in self.of(account):
            for part in one.policies if one.acts_on(account.id) else ():
                if part.definition in _DEFAULTS and not self._is_exempt(account, one, part):
                    yield one, part

    def _is_exempt(self, account: Account, policy: AssignedPolicy, part: PolicyPart) -> bool:
        of = [one for one in self.exemptions(account) if one.assignment.lower() == policy.id.lower()]
        return any(not one.parts or part.reference in one.parts for one in of)


def _disallowed(account: Account, by: Iterable[AssignedPolicy]) -> AzureError:
    names = ", ".join(f"'{one.title or one.name}'" for one in by)
    message = f"Resource '{account.name}' was disallowed by policy. Policy assignments: {names}."
    return AzureError(403, "RequestDisallowedByPolicy", message, gateway=True)
