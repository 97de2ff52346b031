"""A world whose resources hold copies of the first account's key, and the parts that look for them."""

from __future__ import annotations

from lab.emulator import holdings as held
from lab.emulator.resources import ShownResource
from lab.emulator.shipped import shipped_roles
from lab.emulator.world import World
from shared.adapters.azure_reads import AzureReads
from shared.adapters.copies import AzureKeyHolders
from shared.adapters.search_reads import SearchReads
from shared.copies.sought import KeyEnds, Sought
from shared.domain.model import AccountId
from tests.support.real_parts import Parts

ROLE = "copiesReader"
LIVE, OLD = "a" * 32, "b" * 32  # versions of the secret
LABEL, SECRET = "chat-prod", "https://keys.vault.azure.net/secrets/chat-key"
ENDPOINT = f"https://{LABEL}.openai.azure.com/"
# Keys as Azure made them until 2023, and as it makes them since 2025.
SHORT_KEY = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
LONG_KEY = "9xQ2mP7sVtB4kR8wZ1nL6cJ3hD5gF0yT" * 2 + "JQQJ99BKACYeBjFXJ3w3"


def may_look(world: World, scope: str = "/") -> None:
    """Let the app look for copies, on a scope."""
    world.directory.assign("app", shipped_roles()[ROLE].name, scope)


def holders_over(parts: Parts) -> AzureKeyHolders:
    """Return the adapter over the parts' own credential and sessions."""
    credential, manager = parts.accounts._credential, parts.azure.settings["AZURE_RESOURCE_MANAGER_ENDPOINT"]
    search = SearchReads(credential, manager, parts.connections, parts.azure.urls["search"])
    return AzureKeyHolders(AzureReads(credential, manager, parts.connections), search)


def add(world: World, type_: str, name: str, *things: object, group: str = "apps", subscription: str = "") -> str:
    """Add a resource that holds these things, and return its id."""
    resource = ShownResource(name, type_, subscription or world.subscription, group)
    world.resources.add(resource)
    world.holdings.put(resource.id, *things)
    return resource.id


def sought(account: str = "", ends: KeyEnds | None = None) -> Sought:
    """Return what the copies in these tests are of."""
    resource = account or "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/ai"
    full = resource if account else f"{resource}/providers/Microsoft.CognitiveServices/accounts/chat"
    return Sought(AccountId.parse(full), LABEL, "keys/chat-key", ends or KeyEnds(LIVE))


def everything_held(world: World, key: str) -> dict[str, str]:
    """Let one resource of each kind hold a copy of a key, and show it wherever Azure shows what owners wrote. Return
    their ids by kind."""
    foundry = world.accounts.add("hub-account", kind="AIServices").id
    connection = held.Connection("chat", target=ENDPOINT, key=key)
    leaking = held.Connection("insights", "AppInsights", "ApiKey", f"InstrumentationKey={key};x=https://{key}", key)
    world.holdings.put(foundry, connection, leaking, held.Project("team"))
    world.holdings.put(f"{foundry}/projects/team", connection)
    hub = add(world, "Microsoft.MachineLearningServices/workspaces", "hub", connection)
    service = add(
        world,
        "Microsoft.ApiManagement/service",
        "gateway",
        held.NamedValue("pinned", address=f"{SECRET}/{LIVE}", message=f"fetched {key}"),
        held.NamedValue("following", address=SECRET),
        held.NamedValue("open", key, is_secret=False),
        held.Backend("chat", ENDPOINT, {"api-key": key}),
    )
    site = add(world, "Microsoft.Web/sites", "shop", held.Reference("OPENAI_KEY", "keys", "chat-key", LIVE))
    slot = add(world, "Microsoft.Web/sites/slots", "shop/staging", held.Reference("OPENAI_KEY", "keys", "chat-key"))
    app = add(
        world,
        "Microsoft.App/containerApps",
        "worker",
        held.ContainerSecret("pinned", f"{SECRET}/{OLD}"),
        held.ContainerSecret("own", value=key),
        held.Variable("AZURE_OPENAI_API_KEY", key),
        held.Variable("OTHER", key),
    )
    job = add(world, "Microsoft.App/jobs", "nightly", held.ContainerSecret("following", SECRET))
    model = held.Model(ENDPOINT, key)
    search = add(
        world,
        "Microsoft.Search/searchServices",
        "finder",
        held.Index("docs", {"openai": model}, {"web": (ENDPOINT, {"api-key": key})}),
        held.Skillset("skills", {"embed": model}, {"call": (ENDPOINT, {"api-key": key})}, held.Model(ENDPOINT, key)),
        held.KnowledgeBase("base", (model,)),
        held.KnowledgeSource("source", model, model),
    )
    world.holdings.takes_tokens.add(search.lower())
    logic = add(world, "Microsoft.Web/connections", "openai-1", held.ApiConnection(account=LABEL, key=key))
    factory = add(
        world,
        "Microsoft.DataFactory/factories",
        "factory",
        held.LinkedService("vault", "https://keys.vault.azure.net/", "AzureKeyVault"),
        held.LinkedService("direct", ENDPOINT, headers={"api-key": key}),
        held.LinkedService("pinned", ENDPOINT, headers={"api-key": held.StoredSecret("vault", "chat-key", OLD)}),
    )
    return {
        "foundry": foundry,
        "hub": hub,
        "service": service,
        "site": site,
        "slot": slot,
        "app": app,
        "job": job,
        "search": search,
        "logic": logic,
        "factory": factory,
    }
