"""Sets up the cases of consumer_refusals.json in an emulated Azure, for the doctors in every language."""

import base64
import json
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.emulator.accounts import Account
from lab.emulator.directory import Identity
from lab.emulator.serve import Azure, running_in_thread
from lab.emulator.world import World

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("consumer_refusals.json").read_text())["cases"]
USER = {
    "name": "Cognitive Services OpenAI User",
    "permissions": [
        {
            "actions": ["Microsoft.CognitiveServices/*/read"],
            "dataActions": ["Microsoft.CognitiveServices/accounts/OpenAI/*"],
        }
    ],
}
CONTRIBUTOR = {"name": "Contributor", "permissions": [{"actions": ["*"]}]}
OTHER_TENANT = "00000000-0000-4000-8000-00000000e002"
UNKNOWN = "00000000-0000-4000-8000-0000000000ff"
DEPLOYMENT = "gpt-4o"


@dataclass(frozen=True)
class Stage:
    """A case that is set up.

    arguments: The arguments of the doctor.
    environment: The whole environment of the doctor, but PATH and HOME.
    planted: What the doctor must not show: keys and tokens.
    azure: The emulated Azure.
    identity: The identity that the doctor signs in with.
    """

    arguments: list[str]
    environment: dict[str, str]
    planted: list[str]
    azure: Azure
    identity: Identity


def cases_for(language: str) -> list[dict[str, Any]]:
    """Return the cases that concern a language."""
    return [one for one in CASES if one.get("only", language) == language]


def name_of(case: dict[str, Any]) -> str:
    """Return the name of a case, with the number of its report."""
    return f"{case['row']}: {case['name']}"


@contextmanager
def staged(case: dict[str, Any]) -> Iterator[Stage]:
    """Set a case up until the block ends."""
    world = World()
    account = _account(world, case.get("account", {}))
    identity = world.directory.add(Identity("consumer"))
    _give_role(world, account, case.get("identity", {}).get("role", "user"))
    if case.get("identity", {}).get("tenant") == "other":
        identity.tenant = OTHER_TENANT
    with running_in_thread(world) as azure:
        planted = {"<key>": secrets.token_hex(16), "<token>": _ended_token(azure, identity)}
        planted["<reference>"] = "@Microsoft.KeyVault(SecretUri=https://keys.vault.azure.net/secrets/chat-key)"
        given = {name: planted.get(text, text) for name, text in case.get("environment", {}).items()}
        arguments = {"endpoint": _address(azure, account, case), "deployment": DEPLOYMENT, **case.get("arguments", {})}
        yield Stage(
            [part for name, text in arguments.items() for part in (f"--{name}", text)],
            {**_surroundings(azure, identity, case.get("identity", {}).get("chosen", "yes")), **given},
            [planted["<key>"], planted["<token>"]],
            azure,
            identity,
        )


def _account(world: World, facts: dict[str, str]) -> Account:
    regional = {"subdomain": None} if facts.get("address") == "region" else {}
    account = world.accounts.add("chat", deployments={DEPLOYMENT: DEPLOYMENT}, **regional)
    if facts.get("keys") == "off":
        world.accounts.update(account.id, {"disable_local_auth": True})
    if facts.get("network") == "closed":
        account.network_acls = {"defaultAction": "Deny", "ipRules": []}
    return account


def _give_role(world: World, account: Account, role: str) -> None:
    elsewhere = world.accounts.add("other").id
    world.give_roles("consumer", [USER, CONTRIBUTOR], account.id)
    world.directory.revoke("consumer")
    held = {"user": USER, "late": USER, "elsewhere": USER, "contributor": CONTRIBUTOR}.get(role)
    if held is not None:
        scope = elsewhere if role == "elsewhere" else account.id
        world.directory.assign("consumer", str(held["name"]), scope, late=role == "late")


def _address(azure: Azure, account: Account, case: dict[str, Any]) -> str:
    endpoint = azure.world.endpoint(account).rstrip("/")
    match case.get("account", {}).get("address", "own"):
        case "project":
            return f"{endpoint}/api/projects/one"
        case "unknown":
            return "https://chat.invalid"
        case "closed":
            return f"https://127.0.0.1:{_free_port()}"
    return endpoint


def _surroundings(azure: Azure, identity: Identity, chosen: str) -> dict[str, str]:
    """Return the environment of an app with managed identities. Nothing in it leads to the network of this machine."""
    names = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "SSL_CERT_FILE", "NO_PROXY", "no_proxy")
    found = {name: azure.settings[name] for name in names}
    found["NODE_EXTRA_CA_CERTS"] = found["SSL_CERT_FILE"]
    found["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = f"http://127.0.0.1:{_free_port()}"
    azure.world.directory.must_choose = chosen != "yes"
    if chosen == "left-out":
        del found["IDENTITY_ENDPOINT"], found["IDENTITY_HEADER"]
    if chosen in ("yes", "wrong"):
        found["AZURE_CLIENT_ID"] = identity.client_id if chosen == "yes" else UNKNOWN
    return found


def _ended_token(azure: Azure, identity: Identity) -> str:
    token, _ = azure.world.directory.token(identity, "https://cognitiveservices.azure.com", -60)
    return token


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims of a token."""
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims
