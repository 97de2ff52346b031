"""Keys of models that Azure AI Search stores: in vectorizers, skillsets, knowledge bases and knowledge sources."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from shared.copies.addresses import account_label, is_regional
from shared.copies.traces import HolderEntry, HolderList, KeyPlace, Trace

_ROLES = {"embeddingModel": "model for embeddings", "chatCompletionModel": "model for chats"}
_KEY_HEADER = re.compile(r"api[-_]?key|subscription-key|authorization", re.IGNORECASE)


def read_indexes(resource: str, entries: Sequence[HolderEntry]) -> Iterator[Trace]:
    """Yield the vectorizers that store a key, and those that send headers which may hold one."""
    for entry in entries:
        for one in (entry.get("vectorSearch") or {}).get("vectorizers") or ():
            name = f"{entry.get('name')}/{one.get('name')}"
            what = f"The vectorizer {one.get('name')} of the index {entry.get('name')}"
            model, web = one.get("azureOpenAIParameters") or {}, one.get("customWebApiParameters") or {}
            studio = one.get("amlParameters") or {}
            yield from _stored(resource, name, what, model.get("resourceUri"), model.get("apiKey"))
            yield from _sent(resource, name, what, web.get("uri"), web.get("httpHeaders"))
            yield from _stored(resource, name, what, studio.get("uri"), studio.get("key"))


def read_skillsets(resource: str, entries: Sequence[HolderEntry]) -> Iterator[Trace]:
    """Yield the skills that store a key or send headers, and the keys of accounts that whole skillsets store."""
    for entry in entries:
        of = f"the skillset {entry.get('name')}"
        for skill in entry.get("skills") or ():
            kind = str(skill.get("@odata.type") or "").rpartition(".")[2]
            name, what = f"{entry.get('name')}/{skill.get('name') or kind}", f"The skill {skill.get('name')} of {of}"
            address = skill.get("resourceUri") or skill.get("uri")
            yield from _stored(resource, name, what, address, skill.get("apiKey"))
            yield from _sent(resource, name, what, skill.get("uri"), skill.get("httpHeaders"))
        account = entry.get("cognitiveServices") or {}
        if account.get("key") or str(account.get("@odata.type") or "").endswith("ByKey"):
            what = f"The account of {of}"
            yield Trace(resource, str(entry.get("name")), what, account_label(str(account.get("subdomainUrl") or "")))


def read_knowledge_bases(resource: str, entries: Sequence[HolderEntry]) -> Iterator[Trace]:
    """Yield the models of knowledge bases that store a key."""
    for entry in entries:
        for one in entry.get("models") or ():
            model, what = one.get("azureOpenAIParameters") or {}, f"A model of the knowledge base {entry.get('name')}"
            yield from _stored(resource, str(entry.get("name")), what, model.get("resourceUri"), model.get("apiKey"))


def read_knowledge_sources(resource: str, entries: Sequence[HolderEntry]) -> Iterator[Trace]:
    """Yield the models and accounts of knowledge sources that store a key. Each kind of source has its own member."""
    for entry in entries:
        name, of = str(entry.get("name")), f"of the knowledge source {entry.get('name')}"
        for part in entry.values():
            taken = (part.get("ingestionParameters") or {}) if isinstance(part, dict) else {}
            for role in _ROLES:
                model = (taken.get(role) or {}).get("azureOpenAIParameters") or {}
                what = f"The {_ROLES[role]} {of}"
                yield from _stored(resource, name, what, model.get("resourceUri"), model.get("apiKey"))
            account = taken.get("aiServices") or {}
            yield from _stored(resource, name, f"The account {of}", account.get("uri"), account.get("apiKey"))


def _stored(resource: str, name: str, what: str, host: Any, has_key: Any) -> Iterator[Trace]:  # noqa: ANN401
    """A key is stored if anything stands in its place: Search puts `<redacted>` there, and nothing for an identity."""
    label = account_label(str(host or ""))
    if has_key and (label or not host or is_regional(str(host))):
        yield Trace(resource, name, what, label)


def _sent(resource: str, name: str, what: str, host: Any, headers: Any) -> Iterator[Trace]:  # noqa: ANN401
    label, like = account_label(str(host or "")), [one for one in headers or () if _KEY_HEADER.search(one)]
    if label and like:
        yield Trace(resource, name, what, label, certain=False, note=f"It sends the header {like[0]}.")


SEARCH = KeyPlace(
    "search",
    "Vectorizers, skillsets and knowledge of Azure AI Search",
    ("microsoft.search/searchservices",),
    (
        (HolderList.INDEXES, read_indexes),
        (HolderList.SKILLSETS, read_skillsets),
        (HolderList.KNOWLEDGE_BASES, read_knowledge_bases),
        (HolderList.KNOWLEDGE_SOURCES, read_knowledge_sources),
    ),
    "Give the search service a managed identity and the role Cognitive Services OpenAI User on the account, and save "
    "the vectorizer or skill without apiKey. For the account of a skillset use AIServicesByIdentity",
    "A skill whose key has ended fails in the run of its indexer only.",
    refuses="could not be looked into: most search services take API keys only, until their owner allows roles "
    "(authOptions aadOrApiKey). That does not mean that they hold no copies.",
)
