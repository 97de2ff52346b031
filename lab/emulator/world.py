"""The state of one emulated Azure, in plain Python. Every service shows this state, and tests change it.

    world = World()
    account = world.accounts.add("chat-prod")
    vault = world.add_vault("keys")
    world.accounts.regenerate(account.id, "key2")

Each part has its own module: `accounts`, `data_plane` (which keys are accepted), `vaults`, `topics`, `call_log` (the
log workspace), `resources` (what has an identity, and diagnostic settings), `holdings` (what can be a copy of a key),
`blobs`, `queues`, `directory` (who may do what), `policies`, `limits`, `faults`, `journal`, `clock`. HTTP is left to
`serve` and `surfaces`. A method call on a part is not entered in the journal. `World.perform` runs a call with the same
journal and faults as an HTTP request, for tests that work without a network.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from lab.emulator.accounts import SUBSCRIPTION, Account, Accounts
from lab.emulator.blobs import Blobs
from lab.emulator.call_log import Workspace
from lab.emulator.clock import Clock
from lab.emulator.data_plane import DataPlane
from lab.emulator.directory import EVERYTHING, Directory, Identity, Role
from lab.emulator.errors import AzureError, ConnectionDroppedError
from lab.emulator.faults import Faults, Rule
from lab.emulator.holdings import Holdings
from lab.emulator.journal import Entry, Journal
from lab.emulator.limits import Limits
from lab.emulator.policies import Policies
from lab.emulator.queues import Queues
from lab.emulator.resources import Resources
from lab.emulator.restrictions import Restrictions
from lab.emulator.shipped import ON_REQUEST, shipped_roles
from lab.emulator.topics import Topic
from lab.emulator.vaults import Vault

INFERENCE_URL = "https://openai.invalid"


class World:
    """The state of one emulated Azure.

    subscription: The subscription that new vaults and topics belong to.
    app: The identity that the app runs as; its tokens are issued by default. It has the roles of infra/roles.json
        but those on request (`shipped.ON_REQUEST`).
    down: The names of services that close every connection without an answer.
    inference_url: The base URL of the account endpoints.
    arm_page: The number of accounts on one page of ARM's lists. Default 100.
    workspace: The workspace to which accounts log their calls.
    workspaces: All workspaces. `add_workspace` makes further ones.
    logs_to: Where an account logs its calls instead, by its resource id in lower case.
    """

    def __init__(self, *, subscription: str = SUBSCRIPTION) -> None:
        self.subscription = subscription
        self.clock = Clock()
        self.journal = Journal(self.clock)
        self.faults = Faults()
        self.limits = Limits(self.clock)
        self.directory = Directory()
        self.restrictions = Restrictions()
        self.policies = Policies()
        self.accounts = Accounts(self.clock)
        self.data_plane = DataPlane(self.accounts, self.limits)
        self.vaults: dict[str, Vault] = {}
        self.topics: dict[str, Topic] = {}
        self.workspace = Workspace(self.clock, subscription)
        self.resources = Resources()
        self.holdings = Holdings()
        self.workspaces = [self.workspace]
        self.logs_to: dict[str, Workspace] = {}
        self.blobs = Blobs(self.clock)
        self.queues = Queues(self.clock)
        self.down: set[str] = set()
        self.inference_url = INFERENCE_URL
        self.arm_page = 100
        roles = shipped_roles()
        self.directory.define(EVERYTHING, *roles.values())
        usual = (role.name for name, role in roles.items() if name not in ON_REQUEST)
        self.app = self.directory.add(Identity("app"), *usual)

    @property
    def roles(self) -> dict[str, Role]:
        """All role definitions, by name."""
        return self.directory.roles

    def give_roles(self, identity: str, definitions: Iterable[Mapping[str, Any]], scope: str = "/") -> None:
        """Define roles from Azure's role JSON and assign exactly these to an identity, on `scope`.

        All other assignments of the identity are removed. Raises KeyError if the identity does not exist.
        """
        self.directory.revoke(identity)
        for role in [Role.from_definition(body) for body in definitions]:
            self.directory.define(role)
            self.directory.assign(identity, role.name, scope)

    def add_vault(self, name: str, **facts: Any) -> Vault:  # noqa: ANN401
        """Create a vault and return it. `facts` are further parameters of `Vault`."""
        vault = Vault(name, self.clock, **{"subscription": self.subscription, **facts})
        self.vaults[name] = vault
        return vault

    def add_topic(self, name: str, **facts: Any) -> Topic:  # noqa: ANN401
        """Create a topic and return it. `facts` are further fields of `Topic`."""
        topic = Topic(name, self.clock, **{"subscription": self.subscription, **facts})
        self.topics[name] = topic
        return topic

    def add_workspace(self, name: str) -> Workspace:
        """Create a further workspace and return it. Accounts log their calls there once `logs_to` says so."""
        self.workspaces.append(Workspace(self.clock, self.subscription, name))
        return self.workspaces[-1]

    def log_of(self, account: str) -> Workspace:
        """Return the workspace to which an account logs its calls."""
        return self.logs_to.get(account.lower(), self.workspace)

    def endpoint(self, account: Account) -> str:
        """Return the endpoint URL of an account: its own, or a path under `inference_url`."""
        return account.endpoint or f"{self.inference_url}/{account.subdomain or account.location}/"

    def perform[T](self, operation: str, target: str, effect: Callable[[], T], *, caller: str = "") -> T:
        """Run `effect` like an HTTP request: enter it in the journal, apply the faults, and return its result.

        `operation` and `target` name the request for journal and faults, `caller` is an identity name. A delay moves
        the world's clock forward instead of waiting. A malformed answer exists only over HTTP and is ignored. Raises
        the error of `effect` or of a fault, ConnectionDroppedError for a lost answer, and TypeError for an asynchronous
        hook.
        """
        entry = self.journal.open(operation, target, caller)
        claimed = self.faults.claim(operation, target)
        done = False
        try:
            self.check_service_up(entry.service)
            self._apply(claimed.before, entry)
            result = effect()
            done = True
            self._apply(claimed.after, entry)
        except AzureError as error:
            self.journal.close(entry, error.status, effect=done)
            raise
        except ConnectionDroppedError:
            self.journal.close(entry, 0, effect=done)
            raise
        self.journal.close(entry, 200, effect=True)
        return result

    def check_service_up(self, service: str) -> None:
        """Raise ConnectionDroppedError if a service is down."""
        if service in self.down:
            raise ConnectionDroppedError(after=False)

    def _apply(self, rules: list[Rule], entry: Entry) -> None:
        for rule in rules:
            outcome = rule.strike(entry)
            if isinstance(outcome, Awaitable):
                raise TypeError("an asynchronous hook works over HTTP only; serve the world, or use a synchronous hook")
            if outcome:
                self.clock.advance(outcome)
