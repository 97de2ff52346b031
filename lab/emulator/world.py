"""One small Azure, in plain Python: every surface shows this state, and tests change it in one line.

    world = World()
    account = world.accounts.add("chat-prod")
    vault = world.add_vault("keys")
    world.accounts.regenerate(account.id, "key2")

What can be asked of it lives with its concern: `accounts`, `data_plane` (which keys are taken), `vaults`,
`topics`, `workspace`, `blobs`, `queues`, `directory` (who may do what), `limits`, `faults`, `journal`, `clock`.
Nothing here knows of HTTP. Methods of the world's parts do what they say and are not journalled; `perform` puts a
call through the same journal and the same faults that requests over HTTP meet, for tests that want doors without a
network.
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
from lab.emulator.journal import Entry, Journal
from lab.emulator.limits import Limits
from lab.emulator.queues import Queues
from lab.emulator.shipped import shipped_roles
from lab.emulator.topics import Topic
from lab.emulator.vaults import Vault

INFERENCE_URL = "https://openai.invalid"


class World:
    """Everything there is. `app` is the identity the token endpoint hands out."""

    def __init__(self, *, subscription: str = SUBSCRIPTION) -> None:
        self.subscription = subscription
        self.clock = Clock()
        self.journal = Journal(self.clock)
        self.faults = Faults()
        self.limits = Limits(self.clock)
        self.directory = Directory()
        self.accounts = Accounts(self.clock)
        self.data_plane = DataPlane(self.accounts, self.limits)
        self.vaults: dict[str, Vault] = {}
        self.topics: dict[str, Topic] = {}
        self.workspace = Workspace(self.clock, subscription)
        self.blobs = Blobs(self.clock)
        self.queues = Queues(self.clock)
        self.down: set[str] = set()
        self.inference_url = INFERENCE_URL
        self.arm_page = 50
        roles = shipped_roles().values()
        self.directory.define(EVERYTHING, *roles)
        self.app = self.directory.add(Identity("app"), *(role.name for role in roles))

    @property
    def roles(self) -> dict[str, Role]:
        return self.directory.roles

    def give_roles(self, identity: str, definitions: Iterable[Mapping[str, Any]], scope: str = "/") -> None:
        """Define roles from Azure's own JSON and let the identity have these and no others."""
        self.directory.revoke(identity)
        for role in [Role.from_definition(body) for body in definitions]:
            self.directory.define(role)
            self.directory.assign(identity, role.name, scope)

    def add_vault(self, name: str, **facts: Any) -> Vault:  # noqa: ANN401
        vault = Vault(name, self.clock, **{"subscription": self.subscription, **facts})
        self.vaults[name] = vault
        return vault

    def add_topic(self, name: str, **facts: Any) -> Topic:  # noqa: ANN401
        topic = Topic(name, self.clock, **{"subscription": self.subscription, **facts})
        self.topics[name] = topic
        return topic

    def endpoint(self, account: Account) -> str:
        """Where the account's data plane answers: its own endpoint, or under the place it is served from."""
        return account.endpoint or f"{self.inference_url}/{account.subdomain or account.location}/"

    def perform[T](self, operation: str, target: str, effect: Callable[[], T], *, caller: str = "") -> T:
        """Run `effect` as a request would run: journalled, and subject to the faults.

        A delay lets the world's clock go on instead of waiting. A lost answer is a ConnectionDroppedError; a
        malformed answer, which only a wire can have, is not imitated here.
        """
        entry = self.journal.open(operation, target, caller)
        claimed = self.faults.claim(operation, target)
        done = False
        try:
            self.check_up(entry.service)
            self._meet(claimed.before, entry)
            result = effect()
            done = True
            self._meet(claimed.after, entry)
        except AzureError as error:
            self.journal.close(entry, error.status, effect=done)
            raise
        except ConnectionDroppedError:
            self.journal.close(entry, 0, effect=done)
            raise
        self.journal.close(entry, 200, effect=True)
        return result

    def check_up(self, service: str) -> None:
        if service in self.down:
            raise ConnectionDroppedError(after=False)

    def _meet(self, rules: list[Rule], entry: Entry) -> None:
        for rule in rules:
            outcome = rule.strike(entry)
            if isinstance(outcome, Awaitable):
                raise TypeError("an asynchronous hook needs the world to be served over HTTP")
            if outcome:
                self.clock.advance(outcome)
