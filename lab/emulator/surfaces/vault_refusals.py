"""The refusals of a vault: by its network, by its access policies, and for want of a role (docs/facts.md, Refusals)."""

from lab.emulator.directory import Directory, Identity
from lab.emulator.errors import AzureError
from lab.emulator.vaults import Vault

# What access policies call the actions of roles.
_PERMISSIONS = {
    "getSecret/action": "get",
    "setSecret/action": "set",
    "update/action": "set",
    "readMetadata/action": "list",
    "delete": "delete",
    "recover/action": "recover",
    "purge/action": "purge",
}


def check_network(vault: Vault, address: str) -> None:
    """Raise AzureError 403 if the vault does not admit this address, or admits private endpoints only."""
    if vault.private_only:
        message = (
            "Public network access is disabled and request is not from a trusted service nor via an approved "
            f"private link.\r\nVault: {vault.name};location={vault.location}"
        )
        raise AzureError(403, "Forbidden", message, inner="ForbiddenByConnection")
    if vault.firewall_closed and address not in vault.admitted:
        message = (
            f"Client address is not authorized and caller is not a trusted service.\r\nClient address: {address}\r\n"
        )
        raise AzureError(403, "Forbidden", message, inner="ForbiddenByFirewall")


def check_policy(vault: Vault, caller: Identity, directory: Directory, action: str) -> None:
    """Raise AzureError 403 if no access policy of the vault lets the caller, or a group of the caller, do this.

    The inner code says whether the caller has no policy at all or one that does not allow it.
    """
    mine = [one.object_id for one in directory.all_of(caller)]
    held, wanted = [may for who, may in (vault.policies or {}).items() if who in mine], _PERMISSIONS[action]
    if {wanted, "all"} & {one.lower() for may in held for one in may}:
        return
    message = (
        f"The user, group or application 'appid={caller.client_id};oid={caller.object_id};"
        f"iss=https://sts.windows.net/{directory.tenant}/' does not have secrets {wanted} permission on key vault "
        f"'{vault.name};location={vault.location}'. For help resolving this issue, please see "
        "https://go.microsoft.com/fwlink/?linkid=2125287"
    )
    raise AzureError(403, "Forbidden", message, inner="ForbiddenByPolicy" if held else "AccessDenied")


def forbidden(vault: Vault, caller: Identity | None, action: str, scope: str) -> AzureError:
    """Return the 403 for an action that no role of the caller allows."""
    who = f"appid={caller.client_id};oid={caller.object_id}" if caller else ""
    lines = (
        "Caller is not authorized to perform action on resource.",
        "If role assignments, deny assignments or role definitions were changed recently, "
        "please observe propagation time.",
        f"Caller: {who}",
        f"Action: '{action}'",
        f"Resource: '{scope}'",
        "Assignment: (not found)",
        "DenyAssignmentId: null",
        "DecisionReason: null ",
        f"Vault: {vault.name};location={vault.location}",
        "",
    )
    return AzureError(403, "Forbidden", "\r\n".join(lines), inner="ForbiddenByRbac")
