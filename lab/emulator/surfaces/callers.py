"""Who calls a model with an Entra token, and how an account refuses one (docs/facts.md, Calls)."""

from lab.emulator.directory import Identity
from lab.emulator.errors import AzureError
from lab.emulator.surfaces.common import Call, entra_identity

AUDIENCE = "https://cognitiveservices.azure.com"
PROJECT_AUDIENCE = "https://ai.azure.com"


def token_caller(call: Call, *, project: bool = False) -> Identity | None:
    """Return the identity whose token a call carries, or None if it carries none, such as a key as a bearer token.

    project: Whether the call is to the endpoint of a project, which takes tokens for one audience only.
    Raises AzureError 401 for a token that is not valid here, and 400 for one of another tenant.
    """
    audiences = (PROJECT_AUDIENCE,) if project else (AUDIENCE, PROJECT_AUDIENCE)
    identity = entra_identity(call, audiences)
    if identity is None and (call.bearer() or "").startswith("eyJ"):
        named = PROJECT_AUDIENCE if project else AUDIENCE
        message = f"Unauthorized. Access token is missing, invalid, audience is incorrect ({named}), or have expired."
        raise AzureError(401, "401", message)
    if identity is not None and identity.tenant not in ("", call.world.directory.tenant):
        code = "Tenant provided in token does not match resource token"
        raise AzureError(400, code, f"Token tenant {identity.tenant} does not match resource tenant.")
    return identity
