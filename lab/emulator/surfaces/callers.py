"""Who calls a model with an Entra token, and how an account or a project refuses one (docs/facts.md, Calls)."""

from lab.emulator.data_plane import wrong_token
from lab.emulator.directory import Identity
from lab.emulator.errors import AzureError
from lab.emulator.surfaces.common import Call, entra_identity

AUDIENCES = ("https://cognitiveservices.azure.com", "https://ai.azure.com")
PROJECT_AUDIENCES = ("https://ai.azure.com",)


def token_caller(call: Call) -> Identity | None:
    """Return the identity whose token a call carries, or None if it carries none, such as a key as a bearer token.

    Raises AzureError 401 for a token that is not valid here, and 400 for one of another tenant.
    """
    identity = entra_identity(call, PROJECT_AUDIENCES if call.parts.get("project") else AUDIENCES)
    if identity is None and (call.bearer() or "").startswith("eyJ"):  # the start of every token, and of no key
        raise wrong_token()
    if identity is not None and identity.tenant not in ("", call.world.directory.tenant):
        code = "Tenant provided in token does not match resource token"
        raise AzureError(400, code, f"Token tenant {identity.tenant} does not match resource tenant.")
    return identity
