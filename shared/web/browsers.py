"""Requests that a page of another site makes a signed-in browser send. They must not act.

A browser adds the cookies of its user to such a request, so the platform lets it in as that user. Browsers say where a
request comes from: in `Sec-Fetch-Site` (W3C, "Fetch Metadata Request Headers"), and in `Origin` (RFC 6454). No page can
change these headers, and programs send neither. So the API takes a request without them, and a form's POST does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from shared.web.callers import Refused

_OURS = ("same-origin", "none")  # none: the user typed the address
_ENDING = "Nothing was done. Act with a program that brings a token, or from a page of this app."


def check_same_site(headers: Mapping[str, str]) -> None:
    """Raises Refused if the browser that sent the request says that another site caused it."""
    site, origin = headers.get("sec-fetch-site", "").strip().lower(), headers.get("origin", "").strip()
    if site not in ("", *_OURS):
        raise Refused(403, "CrossSite", f"A browser sent this for another site ({site[:20]}). {_ENDING}")
    if origin and _host(origin) != headers.get("host", "").strip().lower():
        raise Refused(403, "CrossSite", f"A browser sent this for another site (Origin). {_ENDING}")


def check_form(headers: Mapping[str, str]) -> None:
    """Raises Refused unless the browser says in both headers that a page of this app sent the form."""
    check_same_site(headers)
    missing = [name for name in ("Origin", "Sec-Fetch-Site") if not headers.get(name.lower(), "").strip()]
    if missing:
        said = f"The form came without {' and '.join(missing)}, so nothing shows that a page of this app sent it."
        raise Refused(403, "CrossSite", f"{said} {_ENDING}")


def _host(origin: str) -> str:
    """Return the host of an origin, with its port if it has one. `null` if it has none."""
    try:
        return urlsplit(origin).netloc.lower() or "null"
    except ValueError:
        return "null"
