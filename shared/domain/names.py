"""Names that more than one room writes or reads, and the forms that names must have.

This module imports nothing, so that triggers can use it without making a cold start slower. The patterns have no
anchors: use `re.fullmatch`, or add anchors where a pattern goes into a JSON Schema.
"""

LOGGER = "key-rotation"  # the one logger of `shared`; alerts and the workbook read the texts it writes

QUEUE = "key-rotation-turns"  # one message for each target that needs a turn; the host adds `-poison` to it
STORAGE = "AzureWebJobsStorage"  # the setting, or the first part of the settings, that names the host's storage account
LEASE_CONTAINER = "key-rotation-leases"  # blobs: the leases of targets, notes, and which accounts failed lately

TARGET_NAME = "[A-Za-z0-9][A-Za-z0-9-]{0,62}"  # a name that a person chooses, and that stands in an HTTP path
ACCOUNT_AS_NAME = "[A-Za-z0-9-]{1,64}"  # the name of a target that is named after its account
SECRET_NAME = "[0-9a-zA-Z-]{1,127}"  # noqa: S105 - Key Vault's form (docs/facts.md, Vault)
LONGEST_ENVIRONMENT = 40
ENVIRONMENT_NAME = f"[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST_ENVIRONMENT - 1}}}"  # a deployment environment
