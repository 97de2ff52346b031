"""What App Service authentication tells the app about a caller who has signed in."""

import base64
import json


def signed_in(
    *roles: str, name: str = "ada@contoso.com", object_id: str = "oid-1", program: str = "app-1"
) -> dict[str, str]:
    """Return the header that describes a caller with these app roles."""
    claims = [("preferred_username", name), ("oid", object_id), ("azp", program), *(("roles", role) for role in roles)]
    listed = [{"typ": kind, "val": value} for kind, value in claims]
    described = json.dumps({"auth_typ": "aad", "claims": listed, "role_typ": "roles"})
    return {"x-ms-client-principal": base64.b64encode(described.encode()).decode()}
