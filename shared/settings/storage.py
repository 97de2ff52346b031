"""Where the function host keeps its storage account: `AzureWebJobsStorage`, in either form that the host accepts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.domain.names import STORAGE
from shared.settings.problems import Problems
from shared.settings.readers import https_url

_CONNECTION = re.compile(r"(^|;)\s*(AccountName=|BlobEndpoint=https?://|UseDevelopmentStorage=true)", re.IGNORECASE)
_NAMED = re.compile(r"(?:^|;)\s*(?:AccountName=|BlobEndpoint=https?://)([^;./]+)", re.IGNORECASE)
_HOST = re.compile(r"https?://([^./]+)")
DEVELOPMENT = "devstoreaccount1"
_STORAGE_ACCOUNT = re.compile(r"^[a-z0-9]{3,24}$")


@dataclass(frozen=True)
class Storage:
    """The storage account of the function host, in one of the two forms that the host accepts.

    connection_string: The whole connection string. None in the identity form. It may hold a key and is left out of
        `repr`.
    blob_url: The address of the blob service in the identity form. None if there is a connection string.
    queue_url: The same of the queue service. None also if only the blob service's address is set.
    client_id: The user-assigned identity that opens the account in the identity form. None for the system-assigned one.
    """

    connection_string: str | None = field(default=None, repr=False)
    blob_url: str | None = None
    queue_url: str | None = None
    client_id: str | None = None

    @property
    def mark(self) -> str:
        """A short hash of the storage account, by which apps are told from each other: apps that share it share their
        leases."""
        named = _NAMED.search(self.connection_string or "") or _HOST.match(self.blob_url or "")
        account = named.group(1) if named else DEVELOPMENT
        return hashlib.sha256(account.casefold().encode()).hexdigest()[:8]


def read_storage(environment: Mapping[str, str], problems: Problems) -> Storage:
    """Read `AzureWebJobsStorage`, or its form with `__accountName` or `__blobServiceUri` (docs/facts.md, Storage)."""
    text = environment.get(STORAGE)
    account, url = environment.get(f"{STORAGE}__accountName"), environment.get(f"{STORAGE}__blobServiceUri")
    queue = environment.get(f"{STORAGE}__queueServiceUri")
    if text:
        if not _CONNECTION.search(text):
            problems.add(STORAGE, "is not a connection string")
        return Storage(connection_string=text)
    if url:
        url = problems.read(f"{STORAGE}__blobServiceUri", url, https_url)
    if queue:
        queue = problems.read(f"{STORAGE}__queueServiceUri", queue, https_url)
    if account and not _STORAGE_ACCOUNT.match(account):
        problems.add(f"{STORAGE}__accountName", f"{account!r} is not a storage account's name")
    if not (account or url):
        problems.add(STORAGE, f"is not set, nor {STORAGE}__accountName: leases need the host's storage account")
    return Storage(
        blob_url=url or f"https://{account}.blob.core.windows.net",
        queue_url=queue or (f"https://{account}.queue.core.windows.net" if account else None),
        client_id=environment.get(f"{STORAGE}__clientId") or environment.get("AZURE_CLIENT_ID") or None,
    )
