"""Whether App Service authentication is on, and whether the settings demand it.

The triggers ask this at every start, so this module imports nothing of the app.
"""

from __future__ import annotations

from collections.abc import Mapping

ENFORCED = "WEBSITE_AUTH_ENABLED"  # set by App Service, read-only (docs/facts.md, Authentication)
EXPECTED = "ROTATION_SIGN_IN"


def platform_authenticates(environment: Mapping[str, str]) -> bool:
    """Return whether the platform itself authenticates every caller before the app sees the request."""
    return environment.get(ENFORCED, "").strip().lower() in ("true", "1")


def sign_in_required(environment: Mapping[str, str]) -> bool:
    """Return whether callers must sign in. A value that cannot be read counts as yes, since a typing error must not
    open a door."""
    return environment.get(EXPECTED, "").strip() not in ("", "optional")
