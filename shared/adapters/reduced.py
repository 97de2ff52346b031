"""Reduce a member of an answer to what is harmless in it, before it leaves the adapter (`copies_table`).

Owners write what they like into members that Azure shows to every reader: a connection string as an address, a key as
the value of a header. So a member is not kept as it is. What does not have the expected form becomes empty text, and
what is as long and dense as a key is left out. A function here takes any JSON and raises nothing.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from shared.copies.addresses import version_mark
from shared.domain.text import could_be_a_key, without_keys

type Json = Any

_NAME = re.compile(r"[\w.() $:-]{1,128}")
_WORD = re.compile(r"[A-Za-z]{1,40}\d{0,2}[A-Za-z]{0,20}")
_HOST = re.compile(r"(?=[a-z0-9.-]{4,253}$)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+")
_RESOURCE = re.compile(r"/subscriptions/[0-9a-f-]{36}(/[\w.()-]{1,260}){1,30}", re.IGNORECASE)
_RESOURCE_TYPE = re.compile(r"Microsoft\.[A-Za-z]{1,60}(/[A-Za-z]{1,60}){1,4}", re.IGNORECASE)
_SECRET = re.compile(r"/secrets/([A-Za-z0-9-]{1,127})(?:/([^/]{1,127}))?/?", re.IGNORECASE)
_PATH_NAME = re.compile(r"\w[\w.-]{0,127}")
_SECRET_NAME = re.compile(r"[A-Za-z0-9-]{1,127}")
_TYPE = re.compile(r"#Microsoft(\.[A-Za-z]{1,40}){1,5}")


def name(found: Json) -> str:
    """Return a name. Empty if it is none, and in part "(left out)" if it could be a key."""
    return without_keys(found) if isinstance(found, str) and _NAME.fullmatch(found) else ""


def last_name(found: Json) -> str:
    """Return the last name of a resource id, which is all that some entries have as a name."""
    return name(found.rpartition("/")[2]) if isinstance(found, str) else ""


def path_name(found: Json) -> str:
    """Return the last name of a resource's name or id. A part of a path, it is never shown as it is."""
    last = found.rpartition("/")[2] if isinstance(found, str) else ""
    return last if _PATH_NAME.fullmatch(last) and not could_be_a_key(last) else ""


def names(found: Json) -> list[str]:
    """Return the names of the members of an object, without any of their values."""
    return [one for one in map(name, found) if one] if isinstance(found, dict) else []


def word(found: Json) -> str:
    """Return a value of an enumeration, such as `ApiKey`."""
    return found if isinstance(found, str) and _WORD.fullmatch(found) else ""


def type_name(found: Json) -> str:
    """Return the kind of a part of a skillset, such as `#Microsoft.Skills.Custom.WebApiSkill`."""
    return found if isinstance(found, str) and _TYPE.fullmatch(found) and without_keys(found) == found else ""


def host(found: Json) -> str:
    """Return the host in an address, in lower case, with the port if it names one: no user, path or query.

    Empty for anything else: some connections hold a connection string there.
    """
    if not isinstance(found, str):
        return ""
    try:
        parts = urlsplit(found if "//" in found else f"https://{found}")
        named, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("https", "http") or not _HOST.fullmatch(named) or could_be_a_key(named):
        return ""
    return f"{named}:{port}" if port else named


def resource(found: Json) -> str:
    """Return a resource id."""
    return found if isinstance(found, str) and _RESOURCE.fullmatch(found) else ""


def resource_type(found: Json) -> str:
    """Return the type of a resource, such as `microsoft.web/sites`, in lower case."""
    return found.lower() if isinstance(found, str) and _RESOURCE_TYPE.fullmatch(found) else ""


def version(found: Json) -> str:
    """Return what a version of a secret is compared by (`version_mark`): it has the form of an older key."""
    return version_mark(found) if isinstance(found, str) else ""


def secret(found: Json) -> list[str]:
    """Return host and name in the address of a secret, and what its version is compared by, which is empty without one.

    Empty if it is no such address.
    """
    try:
        path = urlsplit(found).path if isinstance(found, str) else ""
    except ValueError:
        return []
    parts = _SECRET.fullmatch(path)
    if parts is None or not host(found) or could_be_a_key(parts[1]):
        return []
    return [host(found), parts[1], version(parts[2])]


def secret_name(found: Json) -> str:
    """Return the name of a secret. It is compared and never shown, so a long one is no key for being long."""
    return found if isinstance(found, str) and _SECRET_NAME.fullmatch(found) and not could_be_a_key(found) else ""


def is_there(found: Json) -> bool:
    """Return whether there is anything, whatever it is: for members that may be a key, or stand for one."""
    return bool(found)


def yes(found: Json) -> bool:
    """Return whether it is true."""
    return found is True


def header_secrets(found: Json) -> list[dict[str, Json]]:
    """Return how each header of a linked service gets its value, without the values (docs/facts.md, Copies)."""
    if not isinstance(found, dict):
        return []
    return [
        {
            "header": name(header),
            "type": word(how.get("type")),
            "secret": secret_name(how.get("secretName")),
            "version": version(how.get("secretVersion")),
            "store": name((how.get("store") or {}).get("referenceName") if isinstance(how.get("store"), dict) else ""),
        }
        for header, how in found.items()
        if isinstance(how, dict)
    ]
