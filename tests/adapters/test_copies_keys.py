"""A key in every value that the lists can return is found in nothing that the app keeps, answers, logs or raises.

The answers are made of Azure's own descriptions: each text in them is a key, or holds one in the form of an address, a
name or a connection string, and in one run the members by which copies are recognised are true, so that copies are
found and shown.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from lab.emulator.serve import Azure
from lab.emulator.world import World
from shared.adapters import azure_reads
from shared.copies.find import CopiesSeen, look_for_copies
from shared.copies.matching import TraceIndex
from shared.copies.places import PLACES
from shared.copies.ports import Holder
from shared.copies.traces import HolderList
from shared.domain.errors import RotationError
from tests.support import key_search
from tests.support.described import Text, described_answer, described_error
from tests.support.holders import LABEL, LONG_KEY, SHORT_KEY, everything_held, holders_over, may_look, sought
from tests.support.real_parts import Parts, Spoiled, everything_logged, parts_over

VAULT = "https://keys.vault.azure.net/secrets/chat-key"
# Which list of the app is which operation of the emulator, of which service, and its path below the resource.
LISTS = {
    HolderList.CONNECTIONS: ("foundry", "arm.listConnections", "/connections"),
    HolderList.PROJECTS: ("foundry", "arm.listProjects", "/projects"),
    HolderList.PROJECT_CONNECTIONS: ("foundry", "arm.listProjectConnections", "/projects/team/connections"),
    HolderList.HUB_CONNECTIONS: ("hub", "arm.listHubConnections", "/connections"),
    HolderList.NAMED_VALUES: ("service", "arm.listNamedValues", "/namedValues"),
    HolderList.APP_SETTINGS: ("site", "arm.listReferences", "/config/configreferences/appsettings"),
    HolderList.CONTAINER_APPS: ("app", "arm.listContainerApps", "/providers/Microsoft.App/containerApps"),
    HolderList.CONTAINER_JOBS: ("job", "arm.listContainerJobs", "/providers/Microsoft.App/jobs"),
    HolderList.LOGIC_CONNECTIONS: ("logic", "arm.listApiConnections", "/providers/Microsoft.Web/connections"),
    HolderList.LINKED_SERVICES: ("factory", "arm.listLinkedServices", "/linkedServices"),
    HolderList.INDEXES: ("search", "search.listIndexes", "/indexes"),
    HolderList.SKILLSETS: ("search", "search.listSkillsets", "/skillsets"),
    HolderList.KNOWLEDGE_BASES: ("search", "search.listKnowledgeBases", "/knowledgebases"),
    HolderList.KNOWLEDGE_SOURCES: ("search", "search.listKnowledgeSources", "/knowledgesources"),
}
IDS = everything_held(World(), LONG_KEY)  # of the resources, by kind: the same in every world
# Members by which a copy is recognised, and a true value of each that holds the key all the same.
TRUE: dict[str, Callable[[str], str]] = {
    "target": lambda key: f"https://user:{key}@{LABEL}.openai.azure.com/{key}?api-key={key}#{key}",
    "resourceUri": lambda key: f"https://{LABEL}.openai.azure.com/?api-key={key}",
    "uri": lambda key: f"https://{LABEL}.openai.azure.com/openai?api-key={key}",
    "url": lambda key: f"https://{LABEL}.openai.azure.com/{key}",
    "baseUrl": lambda key: f"https://keys.vault.azure.net/?{key}",
    "subdomainUrl": lambda key: f"https://{LABEL}.cognitiveservices.azure.com/{key}",
    "secretIdentifier": lambda key: f"{VAULT}?{key}",
    "keyVaultUrl": lambda key: f"{VAULT}?{key}",
    "vaultName": lambda _: "keys",
    "secretName": lambda _: "chat-key",
    "azureOpenAIResourceName": lambda _: LABEL,
    "referenceName": lambda _: "vault",
    "@odata.type": lambda _: "#Microsoft.Azure.Search.AIServicesByKey",
}


def every_text(form: str) -> Callable[[str], Text]:
    """Each text is the key in this form."""
    return lambda key: lambda _name, _known: form.format(key=key)


def recognisable(key: str) -> Text:
    """Members by which a copy is recognised are true, those of enumerations are known ones, and all else is the key."""

    def text(name: str, known: list[str]) -> str:
        if name in TRUE:
            return TRUE[name](key)
        wanted = [one for one in ("ApiKey", "AzureOpenAI", "azureOpenAI", "SecureString") if one in known]
        return (wanted or known or [f"{name}-{key}" if name in ("name", "displayName") else key])[0]

    return text


FORMS: dict[str, Callable[[str], Text]] = {
    "the key alone": every_text("{key}"),
    "a name with the key": every_text("chat-{key}"),
    "a connection string": every_text("InstrumentationKey={key};IngestionEndpoint=https://{key}.example.com/"),
    "an address with the key": every_text("https://{key}@" + LABEL + ".openai.azure.com/{key}?api-key={key}"),
    "a secret's address with the key": every_text(VAULT + "?{key}#{key}"),
    "a resource id with the key behind": every_text("/subscriptions/x/providers/{key}"),
    "recognisable": recognisable,
}


@pytest.fixture
async def wired(azure: Azure) -> AsyncIterator[Parts]:
    may_look(azure.world)
    assert everything_held(azure.world, LONG_KEY) == IDS
    async with parts_over(azure) as parts:
        yield parts


def urls() -> Iterator[tuple[HolderList, str, str]]:
    """Yield the operation of each list and its address."""
    for listed, (kind, operation, path) in LISTS.items():
        service, _, _ = operation.partition(".")
        holder = "/finder" if service == "search" else IDS[kind]
        if path.startswith("/providers"):
            holder = "/".join(holder.split("/")[: 5 if listed is HolderList.LOGIC_CONNECTIONS else 3])
        yield listed, operation, f"https://host{holder}{path}"


def said(seen: CopiesSeen) -> str:
    """Return everything that a look keeps and answers, and the errors with all that is attached to them."""
    found = TraceIndex(seen).copies_of(sought())
    traces = [repr(asdict(trace)) for _, trace in seen.traces]
    places = [repr(one) for one in (*found.copies, *found.places, found.account)]
    return "\n".join([*traces, *places, *(key_search.attached(one) for one in seen.problems)])


def files() -> set[Path]:
    return {one for one in Path.cwd().iterdir() if one.is_file()}


def test_every_list_is_here() -> None:
    assert set(LISTS) == set(HolderList)


@pytest.mark.parametrize("key", [LONG_KEY, SHORT_KEY], ids=["long", "short"])
@pytest.mark.parametrize("form", FORMS)
async def test_a_key_in_every_value_of_every_list_is_found_nowhere(
    wired: Parts, spoiled: Spoiled, form: str, key: str
) -> None:
    text, before = FORMS[form](key), files()
    for listed, operation, url in urls():
        answer = described_answer(operation.partition(".")[0], url, text)
        assert key in str(answer)
        if listed is not HolderList.PROJECTS:  # their names lead to the next list, which is planted, too
            spoiled.body(operation, answer)
    with everything_logged() as tape:
        seen = await look_for_copies(holders_over(wired))
    assert not any(spoiled.ways.values())
    assert key_search.found([key], said(seen) + tape.text) == []
    assert files() == before


async def test_recognisable_copies_are_found_in_every_place_so_that_they_are_shown(
    wired: Parts, spoiled: Spoiled
) -> None:
    for listed, operation, url in urls():
        if listed is not HolderList.PROJECTS:
            spoiled.body(operation, described_answer(operation.partition(".")[0], url, recognisable(LONG_KEY)))
    found = TraceIndex(await look_for_copies(holders_over(wired))).copies_of(sought()).copies
    # The container apps and API connections of this answer have no resource of their own: their ids are keys.
    assert {one.place for one in found} >= {one.word for one in PLACES} - {"logic-app-connection"}


@pytest.mark.parametrize("listed", LISTS)
@pytest.mark.parametrize("form", FORMS)
async def test_what_leaves_the_adapter_holds_no_key(
    wired: Parts, spoiled: Spoiled, listed: HolderList, form: str
) -> None:
    [(operation, url)] = [(operation, url) for one, operation, url in urls() if one is listed]
    for key in (LONG_KEY, SHORT_KEY):
        spoiled.body(operation, described_answer(operation.partition(".")[0], url, FORMS[form](key)))
        kept = await holders_over(wired).entries(listed, _asked_for(listed))
        assert kept
        assert key_search.found([key], repr(kept)) == []


def _asked_for(listed: HolderList) -> str:
    [url] = [url for one, _, url in urls() if one is listed]
    below = LISTS[listed][2]
    scope = url.removeprefix("https://host").removesuffix(below)
    if listed is HolderList.PROJECT_CONNECTIONS:
        return f"{scope}/projects/team"
    return (
        f"/subscriptions/s/resourceGroups/g/providers/Microsoft.Search/searchServices{scope}"
        if "finder" in scope
        else scope
    )


@pytest.mark.parametrize("status", [400, 403, 404, 409, 429, 500])
@pytest.mark.parametrize("listed", LISTS)
async def test_a_key_in_every_part_of_an_error_is_found_nowhere(
    wired: Parts, spoiled: Spoiled, listed: HolderList, status: int
) -> None:
    operation = LISTS[listed][1]
    scope = _asked_for(listed)
    for _ in range(4):
        spoiled.body(operation, described_error(LONG_KEY), status)
    with everything_logged() as tape, pytest.raises(RotationError) as caught:
        await holders_over(wired).entries(listed, scope)
    assert key_search.found([LONG_KEY], key_search.attached(caught.value) + tape.text) == []


@pytest.mark.parametrize("form", FORMS)
async def test_a_key_in_the_rows_of_resource_graph_is_found_nowhere(wired: Parts, spoiled: Spoiled, form: str) -> None:
    text = FORMS[form](LONG_KEY)
    row = {name: text(name, []) for name in ("id", "type", "name", "extra")}
    spoiled.body("arm.queryResourceGraph", {"data": [row], "count": 1})
    found = await holders_over(wired).holders(())
    assert key_search.found([LONG_KEY], repr(found)) == []
    assert all(isinstance(one, Holder) for one in found)


async def test_the_search_finds_keys_if_members_were_kept_as_they_are(
    wired: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kept_whole(found: Any, _: Any) -> Any:
        return found

    monkeypatch.setattr(azure_reads, "keep", kept_whole)
    holders = holders_over(wired)
    for listed in (HolderList.CONNECTIONS, HolderList.NAMED_VALUES, HolderList.CONTAINER_APPS):
        kept = await holders.entries(listed, _asked_for(listed))
        assert key_search.found([LONG_KEY], repr(kept))
