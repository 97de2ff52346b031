"""Which API versions an account's endpoint answers, on the dated paths and on the v1 path (docs/facts.md, Calls).

The dated versions are those for which Microsoft published a description; programs still carry all of them.
"""

from lab.emulator.errors import AzureError, NotImitatedError

# Versions whose descriptions have no chat. Their lists of models have another form, which is not imitated.
BEFORE_CHAT = ("2022-03-01-preview", "2022-06-01-preview", "2022-12-01")
WITH_CHAT = (
    "2023-03-15-preview",
    "2023-05-15",
    "2023-06-01-preview",
    "2023-07-01-preview",
    "2023-08-01-preview",
    "2023-09-01-preview",
    "2023-10-01-preview",
    "2023-12-01-preview",
    "2024-02-01",
    "2024-02-15-preview",
    "2024-03-01-preview",
    "2024-04-01-preview",
    "2024-05-01-preview",
    "2024-06-01",
    "2024-07-01-preview",
    "2024-08-01-preview",
    "2024-09-01-preview",
    "2024-10-01-preview",
    "2024-10-21",
    "2024-12-01-preview",
    "2025-01-01-preview",
    "2025-02-01-preview",
    "2025-03-01-preview",
    "2025-04-01-preview",
)
FIRST_MODELS = "2023-05-15"  # lists of models before it have further members
V1 = ("v1", "preview", "latest")  # `latest` is the name that `v1` had in the first descriptions


def check_dated(version: str, *, chat: bool) -> None:
    """Check an api-version on a dated path.

    Raises AzureError 404 for a version that is missing or never existed, or whose description lacks the operation, and
    NotImitatedError for the lists of models of the oldest versions.
    """
    known = version in WITH_CHAT or (not chat and version in BEFORE_CHAT)
    if not known:
        raise AzureError(404, "404", "Resource not found")
    if not chat and version < FIRST_MODELS:
        raise NotImitatedError(f"the list of models of the api-version {version}")


def check_v1(version: str) -> None:
    """Check an api-version on the v1 path, which may be absent. Raises AzureError 400 for another one than in V1."""
    if version and version not in V1:
        raise AzureError(400, "BadRequest", "API version not supported")
