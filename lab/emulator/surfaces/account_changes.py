"""What a PATCH of an account changes, after each value was compared with its type in the interface description."""

from typing import Any

from lab.emulator.errors import AzureError, NotImitatedError
from lab.emulator.surfaces.bodies import WrongTypeError, boolean, json_list, json_object, present, text, texts, whole

_FIELDS = {
    "disableLocalAuth": "disable_local_auth",
    "publicNetworkAccess": "public_network_access",
    "networkAcls": "network_acls",
}
_SKU = {"name": text, "tier": text, "size": text, "family": text, "capacity": whole}
_IP_RULE = {"value": text}
_SUBNET_RULE = {"id": text, "state": text, "ignoreMissingVnetServiceEndpoint": boolean}


def changes(body: dict[str, Any]) -> dict[str, Any]:
    """Return the `Account` fields that a PATCH body changes, with their new values.

    Raises AzureError 400 for a value of a wrong type, and NotImitatedError for a property that is not imitated.
    """
    try:
        given = present(body)
        properties = json_object(given.get("properties", {}), "properties")
        _refuse_what_is_not_imitated(given, properties)
        changed = {_FIELDS[name]: _property(name, value) for name, value in present(properties).items()}
        if "tags" in given:
            changed["tags"] = texts(given["tags"], "tags")
        if "sku" in given:
            changed["sku"] = _members(given["sku"], "sku", _SKU, "name")
    except WrongTypeError as error:
        raise AzureError(400, "BadRequest", str(error)) from error
    return changed


def network_rules(value: object) -> dict[str, Any]:
    """Return network rules as they are stored. Raises WrongTypeError for a value of a wrong type."""
    name = "networkAcls"
    rules = present(json_object(value, name))
    for member, allowed in (("defaultAction", ("Allow", "Deny")), ("bypass", ("None", "AzureServices"))):
        if member in rules and rules[member] not in allowed:
            raise WrongTypeError(f"The value of {name}.{member} must be {' or '.join(allowed)}.")
    for member, shape, required in (("ipRules", _IP_RULE, "value"), ("virtualNetworkRules", _SUBNET_RULE, "id")):
        if member in rules:
            listed = json_list(rules[member], f"{name}.{member}")
            rules[member] = [_members(one, f"{name}.{member}", shape, required) for one in listed]
    if unknown := set(rules) - {"defaultAction", "bypass", "ipRules", "virtualNetworkRules"}:
        raise NotImitatedError(f"the network rules {', '.join(sorted(unknown))}")
    return rules


def public_access(value: object) -> str:
    """Return `Enabled` or `Disabled`. Raises WrongTypeError for anything else."""
    if value not in ("Enabled", "Disabled"):
        raise WrongTypeError("The value of publicNetworkAccess must be Enabled or Disabled.")
    return text(value, "publicNetworkAccess")


def _property(name: str, value: object) -> object:
    if name == "disableLocalAuth":
        return boolean(value, name)
    return public_access(value) if name == "publicNetworkAccess" else network_rules(value)


def _members(value: object, name: str, shape: dict[str, Any], required: str) -> dict[str, Any]:
    """Return an object whose members have the types of `shape`, among them the required one."""
    members = present(json_object(value, name))
    if required not in members:
        raise WrongTypeError(f"{name} must have the property {required}.")
    if unknown := set(members) - set(shape):
        raise NotImitatedError(f"{name} with {', '.join(sorted(unknown))}")
    return {member: shape[member](one, f"{name}.{member}") for member, one in members.items()}


def _refuse_what_is_not_imitated(body: dict[str, Any], properties: dict[str, Any]) -> None:
    names = [*(set(properties) - set(_FIELDS)), *(set(body) - {"properties", "tags", "sku", "location"})]
    if names:
        raise NotImitatedError(f"changing {', '.join(sorted(names))} of an account")
