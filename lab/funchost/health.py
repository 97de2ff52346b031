"""The host's check of its storage account: every 30 seconds it lists the containers, as the real host does.

The real host's check (WebJobsStorageHealthCheck, azure-functions-host pull request 11461) calls GetBlobContainers on
the whole account, so an identity with roles on single containers fails it. The app runs all the same, but the log and
the portal say that the storage cannot be reached. Here a warning says so, once for each change.
"""

import asyncio

from azure.core.exceptions import AzureError

from lab.funchost.activity import Activity
from lab.funchost.errors import BindingError
from lab.funchost.storage import Storage, explain

CHECK = "azure.functions.webjobs.storage"


class StorageHealth:
    """Checks the storage account now and then.

    The attribute `problem` says what the last check found: None before the first one, empty if the account answered.
    """

    def __init__(self, storage: Storage, activity: Activity, every: float) -> None:
        self._storage, self._activity, self._every = storage, activity, every
        self.problem: str | None = None

    async def run(self) -> None:
        """Check, and check again after every pause, until cancellation."""
        while True:
            self._found(await self._checked())
            await asyncio.sleep(self._every)

    async def _checked(self) -> str:
        """Return why the containers cannot be listed, or an empty text."""
        try:
            await self._storage.list_containers()
        except (AzureError, BindingError) as error:
            return explain(error)
        return ""

    def _found(self, problem: str) -> None:
        before, self.problem = self.problem, problem
        if problem and problem != before:
            text = f"Health check {CHECK} is Unhealthy: Unable to access AzureWebJobsStorage: {problem}"
            self._activity.host_log("WARNING", text)
        elif before and not problem:
            self._activity.host_log("INFO", f"Health check {CHECK} is Healthy again.")
        self._activity.notify()
