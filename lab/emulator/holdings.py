"""What resources hold that can be a copy of a key: connections, named values, references to secrets, headers, models.

Each thing holds what its owner wrote, the key among it. What Azure shows of it, in clear, masked or not at all, is in
`surfaces.key_holders` and `surfaces.search` (docs/facts.md, Copies).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Connection:
    """A connection of a Foundry account, a project, a hub or a workspace.

    name: Its name.
    category: What it leads to.
    auth: How it signs in.
    target: Where it leads, as its owner wrote it. For some categories that is a connection string.
    key: The credential that it stores. Azure shows it to nobody who lists connections.
    account: The resource id in its metadata. Empty if it has none.
    metadata: Further metadata.
    to_all: Whether it is shared with everybody.
    users: With whom it is shared.
    """

    name: str
    category: str = "AzureOpenAI"
    auth: str = "ApiKey"
    target: str = ""
    key: str = ""
    account: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    to_all: bool = False
    users: tuple[str, ...] = ()


@dataclass(frozen=True)
class Project:
    """A project of a Foundry account. name: Its name."""

    name: str


@dataclass(frozen=True)
class NamedValue:
    """A named value of API Management.

    name: Its name.
    value: Its value, if it has one of its own.
    is_secret: Whether lists hide the value.
    address: The address of the secret it is fetched from. Empty if it has a value of its own.
    code: How the last fetch went.
    message: What Azure said about that.
    """

    name: str
    value: str = ""
    is_secret: bool = True
    address: str = ""
    code: str = "Success"
    message: str = ""


@dataclass(frozen=True)
class Backend:
    """A backend of API Management.

    name: Its name.
    url: Its address.
    headers: The headers that it is sent. Lists show them in clear.
    """

    name: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reference:
    """An app setting that refers to a secret.

    name: The setting's name.
    vault: The vault's name. Empty if the reference is not valid.
    secret: The secret's name.
    version: The version that it pins. Empty if it pins none.
    active: The version in use. Empty if Azure does not show it.
    status: How the last fetch went.
    """

    name: str
    vault: str = ""
    secret: str = ""
    version: str = ""
    active: str = ""
    status: str = "Resolved"


@dataclass(frozen=True)
class ContainerSecret:
    """A secret of a container app or job.

    name: Its name.
    url: The secret in a vault that it refers to. Empty if it has a value of its own.
    value: That value. Azure shows it to nobody who reads the app.
    """

    name: str
    url: str = ""
    value: str = ""


@dataclass(frozen=True)
class Variable:
    """A variable of a container.

    name: Its name.
    value: Its value, in clear for everybody who reads the app.
    secret: The secret of the app that it takes its value from. Empty if it has a value of its own.
    """

    name: str
    value: str = ""
    secret: str = ""


@dataclass(frozen=True)
class ApiConnection:
    """What an API connection of Logic Apps says. The resource itself has the name.

    api: The managed API that it is for.
    account: The name of the Azure OpenAI resource. Empty if it names none.
    key: The key that it stores. Azure does not show it.
    """

    api: str = "azureopenai"
    account: str = ""
    key: str = ""


@dataclass(frozen=True)
class LinkedService:
    """A linked service of Data Factory.

    name: Its name.
    url: The address that it calls, or that of a vault.
    type: Its type.
    headers: For each header it sends: a value, which Azure masks, or a `StoredSecret`.
    encrypted: Whether Data Factory holds an encrypted credential for it.
    """

    name: str
    url: str
    type: str = "RestService"
    headers: Mapping[str, "str | StoredSecret"] = field(default_factory=dict)
    encrypted: bool = False


@dataclass(frozen=True)
class StoredSecret:
    """A secret in a vault that a linked service leads to.

    store: The name of that linked service.
    secret: The secret's name.
    version: The version that it pins. Empty if it pins none.
    """

    store: str
    secret: str
    version: str = ""


@dataclass(frozen=True)
class Model:
    """A model that something in Azure AI Search calls.

    url: The account's address.
    key: The key that is stored for it. Empty if an identity is used.
    """

    url: str
    key: str = ""


@dataclass(frozen=True)
class Index:
    """An index of a search service.

    name: Its name.
    vectorizers: Its vectorizers for Azure OpenAI, by name.
    sending: Its vectorizers that call an address of their own: the headers that they send, by name, with the address.
    """

    name: str
    vectorizers: Mapping[str, Model] = field(default_factory=dict)
    sending: Mapping[str, tuple[str, Mapping[str, str]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Skillset:
    """A skillset of a search service.

    name: Its name.
    skills: Its skills that call Azure OpenAI, by name.
    sending: Its skills that call an address of their own: the headers that they send, by name, with the address.
    account: The account that it bills, if it stores a key of it. Its address is empty where the key alone is stored.
    """

    name: str
    skills: Mapping[str, Model] = field(default_factory=dict)
    sending: Mapping[str, tuple[str, Mapping[str, str]]] = field(default_factory=dict)
    account: Model | None = None


@dataclass(frozen=True)
class KnowledgeBase:
    """A knowledge base of a search service. name: Its name. models: The models that it calls."""

    name: str
    models: tuple[Model, ...] = ()


@dataclass(frozen=True)
class KnowledgeSource:
    """A knowledge source of a search service, of the kind azureBlob.

    name: Its name.
    embedding: The model that it calls. None if it calls none.
    account: The account that it calls. None if it calls none.
    """

    name: str
    embedding: Model | None = None
    account: Model | None = None


class Holdings:
    """What the resources of a world hold.

    takes_tokens: The ids in lower case of the search services that take Entra tokens. All others take API keys only.
    """

    def __init__(self) -> None:
        self.takes_tokens: set[str] = set()
        self._held: dict[str, list[object]] = {}

    def put(self, resource: str, *things: object) -> None:
        """Add things to a resource, by its id."""
        self._held.setdefault(resource.lower(), []).extend(things)

    def swap(self, resource: str, old: object, new: object) -> None:
        """Put a thing in the place of another. Raises ValueError if the resource does not hold that one."""
        things = self._held.get(resource.lower(), [])
        things[things.index(old)] = new

    def of[T](self, resource: str, kind: type[T]) -> list[T]:
        """Return the things of a kind that a resource holds, by its id."""
        return [one for one in self._held.get(resource.lower(), ()) if isinstance(one, kind)]
