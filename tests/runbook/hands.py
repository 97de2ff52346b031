"""What the `az` and `azd` commands of an operator do to the emulated Azure: those that the pages show, and no others.

The app takes no part in them. A command or an option that is not implemented raises an error. No command may lock out
the consumers: other machines, with an address of their own, that call an account or a vault.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import aiohttp

from lab.emulator.directory import Identity, Role
from lab.emulator.errors import AzureError
from lab.emulator.resources import DiagnosticSetting
from lab.emulator.shipped import shipped_roles
from shared.doctor.remedies import CUSTOM
from tests.runbook.event_grid import excluded_paths

if TYPE_CHECKING:
    from tests.runbook.site import Site

type Options = dict[str, list[str]]
type Act = Callable[[Site, Options], Awaitable[Any]]
ACTS: dict[str, Act] = {}
CONSUMER = "203.0.113.7"  # the address of another machine
THIS_MACHINE = "127.0.0.1"
LOCK = "/providers/Microsoft.Authorization/locks/somebody"  # the end of a lock's id
TAG_CONTRIBUTOR = Role("Tag Contributor", actions=("Microsoft.Resources/tags/*",))


def full_name(role: str) -> str:
    """Return the name of a role as it is in Azure: a custom one carries the deployment's name and a token."""
    return f"{role} (prod, abcdefghijklm)" if role in CUSTOM else role


class ConsumersLockedOut(AssertionError):
    """A command made an account or a vault refuse the machines of consumers that it admitted before."""


def admitting(site: Site) -> set[str]:
    """Return the resource ids of the accounts and vaults that admit the consumers' machines."""
    found = {vault.id for vault in site.world.vaults.values() if not vault.firewall_closed}
    for account in site.world.accounts:
        with suppress(AzureError):
            site.world.data_plane.check_network(account, CONSUMER)
            found.add(account.id)
    return found


async def do(site: Site, words: list[str]) -> Any:
    """Run one command, given as a shell splits it, and return what it prints.

    Raises NotImplementedError for an unknown command, and ConsumersLockedOut if consumers are refused afterwards.
    """
    before = admitting(site)
    printed = await _act(site, words)
    there = {vault.id for vault in site.world.vaults.values()} | {account.id for account in site.world.accounts}
    if lost := (before & there) - admitting(site):
        raise ConsumersLockedOut(f"{' '.join(words)}: consumers can no longer reach {', '.join(sorted(lost))}")
    return printed


async def _act(site: Site, words: list[str]) -> Any:
    verb = [word for word in words[: next((n for n, word in enumerate(words) if word.startswith("-")), len(words))]]
    name = next((" ".join(verb[:length]) for length in range(len(verb), 0, -1) if " ".join(verb[:length]) in ACTS), "")
    if not name:
        raise NotImplementedError(" ".join(words))
    options: Options = {"": verb[len(name.split()) :]}
    option = ""
    for word in words[len(verb) :]:
        if re.match(r"--?[a-z]", word):
            option = word
            options[option] = []
        else:
            options[option].append(word)
    return await ACTS[name](site, options)


def acts(command: str) -> Callable[[Act], Act]:
    """Register a function as what a command does."""

    def known(act: Act) -> Act:
        ACTS[command] = act
        return act

    return known


def _vault(site: Site, options: Options) -> Any:
    return site.world.vaults[options["--vault-name"][0]]


@acts("az keyvault secret recover")
async def _(site: Site, options: Options) -> None:
    _vault(site, options).recover_deleted(options["--name"][0])


@acts("az keyvault secret delete")
async def _(site: Site, options: Options) -> None:
    _vault(site, options).delete_secret(options["--name"][0])


@acts("az keyvault secret purge")
async def _(site: Site, options: Options) -> None:
    _vault(site, options).purge_deleted(options["--name"][0])


@acts("az keyvault secret set-attributes")
async def _(site: Site, options: Options) -> None:
    vault, name = _vault(site, options), options["--name"][0]
    changes: dict[str, Any] = {}
    if "--enabled" in options:
        changes["enabled"] = options["--enabled"] == ["true"]
    if "--tags" in options:
        changes["tags"] = _tags(options["--tags"])
    vault.update_secret(name, vault.version(name).version, **changes)


@acts("az keyvault secret set")
async def _(site: Site, options: Options) -> None:
    """Add a version that has only the CLI's own tag."""
    value = options["--value"][0]
    _vault(site, options).set_secret(options["--name"][0], value, tags={"file-encoding": "utf-8"})


@acts("az keyvault secret show")
async def _(site: Site, options: Options) -> str:
    found = _vault(site, options).get_secret(options["--name"][0])
    return found.value if options["--query"] == ["value"] else found.tags["CredentialId"]


@acts("az keyvault set-policy")
async def _(site: Site, options: Options) -> None:
    """Give an object access to secrets. A vault that goes by roles takes it, and nothing changes."""
    vault = _named_vault(site, options)
    if vault.policies is not None:
        vault.policies[options["--object-id"][0]] = set(options["--secret-permissions"])


@acts("az lock list")
async def _(site: Site, options: Options) -> str:
    assert options["--query"] == ["[?level=='ReadOnly'].id"]
    return "\n".join(f"{scope}{LOCK}" for scope in sorted(site.world.restrictions.locked))


@acts("az lock create")
async def _(site: Site, options: Options) -> None:
    """Keep a resource group, and what is in it, from being deleted."""
    assert options["--lock-type"] == ["CanNotDelete"]
    site.kept[options["--name"][0]] = options["--resource-group"][0]


@acts("az lock delete")
async def _(site: Site, options: Options) -> None:
    if "--name" in options:
        assert site.kept.pop(options["--name"][0]) == options["--resource-group"][0]
    else:
        site.world.restrictions.locked.remove(options["--ids"][0].removesuffix(LOCK))


@acts("az keyvault show")
async def _(site: Site, options: Options) -> str:
    """Print the default action of the vault's firewall. A vault without rules has none."""
    assert options["--query"] == ["properties.networkAcls.defaultAction"]
    return "Deny" if _named_vault(site, options).firewall_closed else ""


@acts("az keyvault network-rule add")
async def _(site: Site, options: Options) -> None:
    """Add a rule for the app's subnet, which here is this machine. On a vault without rules, the CLI sends Allow."""
    if "Microsoft.KeyVault" in site.subnets[options["--subnet"][0]]:
        _named_vault(site, options).admitted.add(THIS_MACHINE)


def _named_vault(site: Site, options: Options) -> Any:
    """Return the vault. Its name is the first part of its host, which for a served vault is an IP address."""
    name = options["--name"][0]
    return site.world.vaults.get(name) or next(one for one in site.world.vaults.values() if f"//{name}." in one.url)


@acts("az group create")
async def _(site: Site, options: Options) -> None:
    site.groups.add(options["--name"][0])


@acts("az keyvault recover")
async def _(site: Site, options: Options) -> None:
    """The vault answers again; its role assignments are gone. Azure refuses this without the vault's resource group."""
    if options["--resource-group"][0] not in site.groups:
        raise AzureError(404, "ResourceGroupNotFound", f"Resource group {options['--resource-group'][0]} is gone.")
    site.world.down.discard("kv")


@acts("az cognitiveservices account keys regenerate")
async def _(site: Site, options: Options) -> str:
    slot, account = options["--key-name"][0].lower(), site.account(options["--name"][0])
    site.by_hand.append((site.world.clock.utcnow(), account.id))
    return site.world.accounts.regenerate(account.id, slot)[slot]


@acts("az cognitiveservices account keys list")
async def _(site: Site, options: Options) -> str:
    query = options["--query"][0]
    return site.world.accounts.list_keys(site.account(options["--name"][0]).id)[query]


@acts("az cognitiveservices account show")
async def _(site: Site, options: Options) -> str:
    """Print the default action of the account's network rules. An account without rules has none."""
    assert options["--query"] == ["properties.networkAcls.defaultAction"]
    return str((site.account(options["--name"][0]).network_acls or {}).get("defaultAction", ""))


@acts("az cognitiveservices account update")
async def _(site: Site, options: Options) -> None:
    """Give an account a custom subdomain."""
    account, [subdomain] = site.account(options["--name"][0]), options["--custom-domain"]
    site.world.accounts.update(account.id, {"subdomain": subdomain})


@acts("az monitor diagnostic-settings create")
async def _(site: Site, options: Options) -> None:
    """Send categories of an account's log to a workspace."""
    sent = tuple(one["category"] for one in json.loads(options["--logs"][0]) if one["enabled"])
    setting = DiagnosticSetting(options["--name"][0], options["--workspace"][0], sent)
    site.world.resources.send_logs(options["--resource"][0], setting)


@acts("az cognitiveservices account network-rule add")
async def _(site: Site, options: Options) -> None:
    """Add a rule for the app's subnet, which here is this machine, with what azure-cli 2.91.0 sends.

    On an account without network rules it sends the default action Deny. It asks Azure to accept a subnet without the
    service endpoint; such a rule has no effect, and neither has any if public access is disabled.
    """
    account, subnet = site.account(options["--name"][0]), options["--subnet"][0]
    rules = account.network_acls or {"defaultAction": "Deny", "ipRules": [], "virtualNetworkRules": []}
    added = {"id": subnet, "ignoreMissingVnetServiceEndpoint": True}
    rules = {**rules, "virtualNetworkRules": [*rules.get("virtualNetworkRules", []), added]}
    if "Microsoft.CognitiveServices" in site.subnets[subnet]:
        rules["ipRules"] = [*rules.get("ipRules", []), {"value": THIS_MACHINE}]
    site.world.accounts.update(account.id, {"network_acls": rules})


@acts("az network vnet subnet show")
async def _(site: Site, options: Options) -> list[str]:
    left_out = re.fullmatch(r"serviceEndpoints\[\?service!='(.+)'\]\.service", options["--query"][0])
    assert left_out
    return [one for one in site.subnets[options["--ids"][0]] if one != left_out[1]]


@acts("az network vnet subnet update")
async def _(site: Site, options: Options) -> None:
    """Replace the service endpoints of a subnet."""
    site.subnets[options["--ids"][0]] = options["--service-endpoints"]


@acts("az eventgrid topic create")
async def _(site: Site, options: Options) -> None:
    assert options["--input-schema"] == ["cloudeventschemav1_0"]
    site.world.add_topic(options["--name"][0])


@acts("az eventgrid event-subscription create")
async def _(site: Site, options: Options) -> None:
    """Subscribe a web hook that takes every event and confirms at once."""
    topic = next(one for one in site.world.topics.values() if one.id == options["--source-resource-id"][0])
    assert options["--event-delivery-schema"] == ["cloudeventschemav1_0"]
    assert options["--endpoint"][0].startswith("https://")
    topic.subscribe(options["--name"][0])


@acts("az monitor metrics list")
async def _(site: Site, options: Options) -> str:
    assert options["--metrics"] == ["DeliveryAttemptFailCount"]
    return site.telemetry.deliveries.listed()


@acts("az monitor activity-log list")
async def _(site: Site, options: Options) -> str:
    """Print when which caller regenerated a key of the account, or changed it: people by hand, and the app."""
    [account] = options["--resource-id"]
    if "accounts/write" in options["--query"][0]:
        changes = site.world.journal.find("arm.updateAccount", account.rpartition("/")[2], effect=True)
        by_app = [(datetime.fromtimestamp(call.time, UTC), call.caller) for call in changes]
        by_people = [(when, "a person") for when, changed in site.switched if changed == account]
        return "\n".join(f"{when.isoformat()} {caller}" for when, caller in sorted(by_people + by_app))
    assert "regenerateKey" in options["--query"][0]
    people = [(when, "a person") for when, regenerated in site.by_hand if regenerated == account]
    calls = site.world.journal.find("arm.regenerateKey", account.rpartition("/")[2], effect=True)
    app = [(datetime.fromtimestamp(call.time, UTC), call.caller) for call in calls]
    return "\n".join(f"{when.isoformat()} {caller} Succeeded" for when, caller in sorted(people + app))


@acts("az resource update")
async def _(site: Site, options: Options) -> None:
    name, _, value = options["--set"][0].partition("=")
    assert name == "properties.disableLocalAuth"
    site.switched.append((site.world.clock.utcnow(), options["--ids"][0]))
    site.world.accounts.update(options["--ids"][0], {"disable_local_auth": value == "true"})


@acts("az tag update")
async def _(site: Site, options: Options) -> None:
    """Send what azure-cli 2.91.0 sends to the tags of a resource."""
    scope, operation = options["--resource-id"][0], options["--operation"][0].capitalize()
    url = f"{site.azure.urls['arm']}{scope}/providers/Microsoft.Resources/tags/default?api-version=2024-11-01"
    body = {"operation": operation, "properties": {"tags": _tags(options["--tags"])}}
    headers = {"Authorization": f"Bearer {_operator_token(site)}"}
    secure = aiohttp.TCPConnector(ssl=site.azure.ssl_context)
    async with (
        aiohttp.ClientSession(connector=secure) as session,
        session.patch(url, json=body, headers=headers) as sent,
    ):
        assert sent.status == 200, await sent.text()


def _operator_token(site: Site) -> str:
    """Return a token of the operator, who may write tags. The app's own identity may not."""
    directory = site.world.directory
    directory.define(TAG_CONTRIBUTOR)
    operator = directory.identities.get("operator") or directory.add(Identity("operator"), TAG_CONTRIBUTOR.name)
    return directory.token(operator, "https://management.azure.com")[0]


@acts("az role assignment create")
async def _(site: Site, options: Options) -> None:
    """Assign a role to the app's own identity. Other identities are refused.

    The template gives a custom role a name with a deployment's name and a token, and no other name finds it.
    """
    assert options["--assignee-object-id"] == [site.world.app.object_id]
    assert options["--assignee-principal-type"] == ["ServicePrincipal"]
    name, _, deployment = options["--role"][0].partition(" (")
    assert bool(deployment) == (name in CUSTOM), f"{options['--role'][0]} is not the full name of a role"
    site.world.directory.assign("app", name, options["--scope"][0])


@acts("az role assignment list")
async def _(site: Site, options: Options) -> list[str]:
    """List the roles of one identity, or of all with their names, that hold at a scope."""
    scope, who = options["--scope"][0], options.get("--assignee")
    return [
        role if who else f"{role} {one.name}"
        for one in site.world.directory.identities.values()
        for role, where in one.assignments
        if scope.startswith(where.rstrip("/")) and (not who or one.object_id == who[0])
    ]


@acts("az eventgrid topic list")
async def _(site: Site, options: Options) -> list[dict[str, str]]:
    """List the topics. Every topic of the emulated Azure has the CloudEvents schema."""
    return [{"name": name, "schema": "CloudEventSchemaV1_0"} for name in site.world.topics]


@acts("azd env set")
async def _(site: Site, options: Options) -> None:
    name, value = options[""]
    site.environment[name] = value


PASSED_ON = ("ROTATION_MODE", "ROTATION_SEALED_SINCE")  # to the settings of the app


@acts("azd provision")
async def _(site: Site, options: Options) -> None:
    """Do what the template does: assign the app's roles, some of them only on request; set the mode and the log
    workspace; exclude paths from authentication; restore storage."""
    site.world.directory.revoke("app")
    wanted = {
        "keyAuthSwitch": site.environment.get("ROTATION_ALLOW_SUNSET") == "true",
        "trialReader": site.environment.get("ROTATION_ALLOW_SUNSET") == "true",
        "keyCallCounter": bool(site.environment.get("ROTATION_LOG_WORKSPACE")),
        "readinessReader": bool(site.environment.get("ROTATION_READINESS_SUBSCRIPTIONS")),
        "readersReader": bool(site.environment.get("ROTATION_READERS_SUBSCRIPTIONS")),
        "copiesReader": bool(site.environment.get("ROTATION_COPIES_SUBSCRIPTIONS")),
    }
    for name, role in shipped_roles().items():
        if wanted.get(name, True):
            site.world.directory.assign("app", role.name)
    site.world.down.discard("blob")
    site.telemetry.deliveries.excluded = excluded_paths()
    passed_on = {name: site.environment[name] for name in PASSED_ON if name in site.environment}
    if passed_on:
        await site.start(**passed_on)
    named = site.environment.get("ROTATION_LOG_WORKSPACE", "").split(",")
    workspaces = [one.id for one in site.world.workspaces if one.resource_id in named]
    if workspaces:
        await site.start(ROTATION_LOG_WORKSPACE_ID=",".join(workspaces))


@acts("azd deploy")
async def _(site: Site, options: Options) -> None:
    """Restart the app with new code. A stopped app stays stopped."""
    stopped = site.stopped
    await site.start()
    site.stopped = stopped
    site.telemetry.deliveries.functions = True


@acts("azd env new")
async def _(site: Site, options: Options) -> None:
    site.environment = {}


@acts("azd up")
async def _(site: Site, options: Options) -> None:
    """Deploy a second app in observe mode, with its own storage and its own empty vault."""
    await site.storage_is_lost()
    url = await site.azure.serve_vault(site.world.add_vault("own"))
    named = site.environment.get("ROTATION_MORE_VAULTS", "")
    more = [vault.url for vault in site.world.vaults.values() if vault.id == named]
    await site.start(ROTATION_VAULT_URL=url, ROTATION_VAULTS=",".join(more), ROTATION_MODE="observe")


@acts("azd down")
async def _(site: Site, options: Options) -> None:
    """Delete the resource groups, unless a lock keeps one of them."""
    if site.kept:
        raise AzureError(409, "ScopeLocked", f"The scope cannot perform delete operation: {', '.join(site.kept)}.")
    site.stopped = True
    site.world.vaults["keys"].secrets.clear()


@acts("az resource move")
async def _(site: Site, options: Options) -> None:
    account = site.world.accounts[options["--ids"][0]]
    site.world.accounts.remove(account.id)
    account.resource_group = options["--destination-group"][0]
    site.world.accounts.restore(account)


@acts("az functionapp identity assign")
async def _(site: Site, options: Options) -> None:
    site.world.down.discard("identity")


@acts("az functionapp config appsettings set")
async def _(site: Site, options: Options) -> None:
    await site.start(**_tags(options["--settings"]))


@acts("az functionapp config appsettings delete")
async def _(site: Site, options: Options) -> None:
    await site.start(**dict.fromkeys(options["--setting-names"], ""))


@acts("az rest")
async def _(site: Site, options: Options) -> Any:
    [url] = options["--url"]
    if "/config/authsettingsV2?" not in url:
        raise NotImplementedError(url)
    return site.signs_in


async def _at_the_host(site: Site, method: str, path: str) -> Any:
    """Change keys through the host's own interface, as Azure does."""
    assert site.host is not None
    headers = {"x-functions-key": site.host.keys.master}
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"{site.host.url}/admin/{path}", headers=headers) as answer,
    ):
        answer.raise_for_status()
        return await answer.json() if answer.status != 204 else None


@acts("az functionapp function list")
async def _(site: Site, options: Options) -> list[str]:
    return [one["name"] for one in await _at_the_host(site, "GET", "functions")]


@acts("az functionapp function keys set")
async def _(site: Site, options: Options) -> None:
    await _at_the_host(site, "POST", f"functions/{options['--function-name'][0]}/keys/{options['--key-name'][0]}")


@acts("az functionapp function keys list")
async def _(site: Site, options: Options) -> str:
    listed = await _at_the_host(site, "GET", f"functions/{options['--function-name'][0]}/keys")
    return {one["name"]: one["value"] for one in listed["keys"]}[options["--query"][0].strip('"')]


@acts("az functionapp function keys delete")
async def _(site: Site, options: Options) -> None:
    await _at_the_host(site, "DELETE", f"functions/{options['--function-name'][0]}/keys/{options['--key-name'][0]}")


@acts("az functionapp keys set")
async def _(site: Site, options: Options) -> None:
    assert options["--key-type"] == ["functionKeys"]
    await _at_the_host(site, "POST", f"host/functionkeys/{options['--key-name'][0]}")


@acts("az functionapp stop")
async def _(site: Site, options: Options) -> None:
    site.stopped = True


@acts("az functionapp start")
async def _(site: Site, options: Options) -> None:
    await site.start()


@acts("az functionapp restart")
async def _(site: Site, options: Options) -> None:
    await site.start()


def _tags(words: list[str]) -> dict[str, str]:
    return dict(word.split("=", 1) for word in words if "=" in word)
