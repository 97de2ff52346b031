"""Who can read the keys of accounts, and copies of them, for scenes: people, groups and apps with Azure's own roles,
and resources that hold keys."""

from urllib.parse import urlsplit

from lab.emulator import holdings as held
from lab.emulator.accounts import Account
from lab.emulator.directory import Identity, Role
from lab.emulator.resources import ShownResource
from lab.emulator.roles import Block, Denial
from lab.emulator.world import World
from tests.readers.role_data import azure_roles
from tests.support.holders import SHORT_KEY, may_look
from tests.support.reading import may_see
from tests.support.rights import may_see_readers

USER, SECRETS_USER = "Cognitive Services User", "Key Vault Secrets User"
CORP = "corp"
KEY = SHORT_KEY
LIST_KEYS = "Microsoft.CognitiveServices/accounts/listKeys/action"


def may_audit(world: World) -> None:
    """Let the app see who can read keys, and where copies of them lie."""
    may_see(world)
    may_see_readers(world)
    may_look(world)


def add_readers(world: World, account: Account, people: int = 3) -> dict[str, Identity]:
    """Let people, groups and apps come to the keys of an account by several roads, and return them by name.

    people: How many people may use the account by its keys.
    """
    world.directory.define(*(Role.from_definition(body) for body in azure_roles()))
    group = world.directory.group(CORP, account.subscription)
    scope = f"/subscriptions/{account.subscription}"
    found = {
        one.name: world.directory.add(one)
        for one in (
            Identity("Platform team", kind="Group", members=("Grace Hopper",)),
            Identity("Grace Hopper", kind="User", mail="grace@example.com"),
            Identity("Alan Turing", kind="User", mail="alan@example.com"),
            Identity("Barbara Liskov", kind="User", mail="barbara@example.com"),
            Identity("chat-worker"),
            Identity("deployer"),
            *(Identity(f"Person {at}", kind="User") for at in range(people)),
        )
    }
    assign = world.directory.assign
    assign("Platform team", "Contributor", scope)
    assign("Alan Turing", "Owner", group)
    assign("chat-worker", SECRETS_USER, world.vaults["keys"].id)
    assign("deployer", "Website Contributor", scope)
    assign("deployer", "Reader", scope)
    for at in range(people):
        assign(f"Person {at}", USER, account.id)
    world.directory.make_eligible("Barbara Liskov", USER, account.id)
    world.directory.make_eligible("Alan Turing", "Owner", scope)  # shows his name
    world.directory.deny(Denial("no keys for the team", scope, (Block((LIST_KEYS,)),), ("Person 0",), effect="audit"))
    return found


def add_copies(world: World, account: Account, more: int = 0) -> None:
    """Let resources of several kinds hold a copy of an account's key. A search service refuses to be looked into.

    more: How many connections of a hub hold one beside these.
    """
    vault = world.vaults["keys"]
    name = f"{account.name}-key"
    host, version = urlsplit(vault.url).netloc, vault.get_secret(name).version
    account.endpoint = endpoint = f"https://{account.subdomain}.openai.azure.com/"  # so that it is known by it
    secret = f"{vault.url.rstrip('/')}/secrets/{name}"

    def put(type_: str, called: str, *things: object) -> None:
        resource = ShownResource(called, type_, account.subscription, account.resource_group)
        world.resources.add(resource)
        world.holdings.put(resource.id, *things)

    connections = (held.Connection(f"team-{at}", target=endpoint, key=KEY) for at in range(more))
    shared = held.Connection("azure-openai", target=endpoint, key=KEY, account=account.id, to_all=True)
    put("Microsoft.MachineLearningServices/workspaces", "ml-hub", shared, *connections)
    put(
        "Microsoft.Web/sites",
        "shop",
        held.Reference("OPENAI_KEY", host, name, version),
        held.Reference("OPENAI_KEY_NEW", host, name),
    )
    put("Microsoft.App/containerApps", "worker", held.ContainerSecret("openai", f"{secret}/{version}"))
    put("Microsoft.ApiManagement/service", "gateway", held.NamedValue("openai-key", address=secret))
    put("Microsoft.Search/searchServices", "finder", held.Index("docs", {"openai": held.Model(endpoint, KEY)}))
    factory = held.LinkedService("direct", endpoint, headers={"api-key": KEY})
    put("Microsoft.DataFactory/factories", "nightly", factory)
