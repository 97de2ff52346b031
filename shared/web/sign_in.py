"""Whether App Service authentication is on.

The triggers ask this at every start, so this module imports nothing of the app.
"""

from __future__ import annotations

from collections.abc import Mapping

ENFORCED = "WEBSITE_AUTH_ENABLED"  # set by App Service, read-only


def platform_authenticates(environment: Mapping[str, str]) -> bool:
    """Return whether the platform itself authenticates every caller before the app sees the request."""
    return environment.get(ENFORCED, "").strip().lower() in ("true", "1")
