"""What refuses everybody, whatever their roles: read-only locks, disabled subscriptions, and deny assignments.

The gateway of Azure Resource Manager checks these after the caller's roles (docs/facts.md, Refusals). Scopes are
resource ids of a resource, a group or a subscription, and hold for everything below them.
"""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from lab.emulator.directory import Identity
from lab.emulator.errors import AzureError

_READS = ("/read",)


@dataclass
class Restrictions:
    """The restrictions of a world.

    locked: The scopes under a read-only lock.
    disabled: The ids of the disabled subscriptions, in lower case.
    denied: Pairs of a scope and a pattern of actions that a deny assignment refuses there.
    """

    locked: set[str] = field(default_factory=set)
    disabled: set[str] = field(default_factory=set)
    denied: set[tuple[str, str]] = field(default_factory=set)

    def check(self, caller: Identity, action: str, scope: str, subscription: str) -> None:
        """Raise AzureError if an action on a scope is restricted.

        A lock and a disabled subscription refuse every action but reading: a POST such as listKeys is none.
        """
        for where, pattern in sorted(self.denied):
            if _contains(where, scope) and fnmatchcase(action.lower(), pattern.lower()):
                raise _denied(caller, action, scope, where)
        if action.endswith(_READS):
            return
        locks = sorted(one for one in self.locked if _contains(one, scope))
        if locks:
            raise _locked(scope, locks)
        if subscription.lower() in self.disabled:
            raise _disabled(subscription)


def _contains(outer: str, inner: str) -> bool:
    outer, inner = outer.lower().rstrip("/"), inner.lower().rstrip("/")
    return inner == outer or inner.startswith(f"{outer}/")


def _locked(scope: str, locks: list[str]) -> AzureError:
    named = ",".join(f"'{lock}'" for lock in locks)
    message = (
        f"The scope '{scope}' cannot perform write operation because following scope(s) are locked: {named}. "
        "Please remove the lock and try again."
    )
    return AzureError(409, "ScopeLocked", message, gateway=True)


def _disabled(subscription: str) -> AzureError:
    message = (
        f"The subscription '{subscription}' is disabled and therefore marked as read only. You cannot perform any "
        "write actions on this subscription until it is re-enabled."
    )
    return AzureError(409, "ReadOnlyDisabledSubscription", message, gateway=True)


def _denied(caller: Identity, action: str, scope: str, where: str) -> AzureError:
    message = (
        f"The client '{caller.client_id}' with object id '{caller.object_id}' has permission to perform action "
        f"'{action}' on scope '{scope}'; however, the access is denied because of the deny assignment with name "
        f"'of a managed application' and Id '00000000000000000000000000000d01' at scope '{where}'."
    )
    return AzureError(403, "DenyAssignmentAuthorizationFailed", message, gateway=True)
