"""Names that a person mistyped: which name was meant, and which environment variables were meant as settings.

A misspelled setting would silently have no effect: with `ROTATON_MODE=observe` the app would rotate. So a name that
begins like a setting of this app, or nearly is one, is a problem, and the message shows the right name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os.path import commonprefix

from shared.settings.problems import Problems

PREFIX = "ROTATION_"
TOPIC = "EVENT_GRID_TOPIC_ENDPOINT"
# Variables of azd that infra/main.parameters.json turns into parameters of the template. They are no app settings.
AZD_VARIABLES = frozenset(
    {
        "ROTATION_ACCOUNT_SUBSCRIPTIONS",
        "ROTATION_ADDRESS_PREFIX",
        "ROTATION_ALERT_EMAIL",
        "ROTATION_ALLOW_SUNSET",
        "ROTATION_APP_PREFIX",
        "ROTATION_AUTH_CLIENT_ID",
        "ROTATION_ENDPOINT_PREFIX",
        "ROTATION_EVENT_DOORS",
        "ROTATION_HTTPS_PROXY",
        "ROTATION_INSTANCE_MEMORY_MB",
        "ROTATION_LOG_RETENTION_DAYS",
        "ROTATION_PLATFORM_LOG",
        "ROTATION_TRAIL_RETENTION_DAYS",
        "ROTATION_LOG_WORKSPACE",
        "ROTATION_MAXIMUM_INSTANCES",
        "ROTATION_MORE_VAULTS",
        "ROTATION_NO_PROXY",
        "ROTATION_ONLY_TARGETS",
        "ROTATION_PRIVATE_NETWORK",
        "ROTATION_RECOVER_VAULT",
        "ROTATION_COPIES_SUBSCRIPTIONS",
        "ROTATION_READERS_SUBSCRIPTIONS",
        "ROTATION_READINESS_SUBSCRIPTIONS",
    }
)
_ALIKE = 0.7  # how like a known name must be to be shown as the nearest one
_MISTYPED = 0.9  # how like a setting a variable must be to be taken for one, although it begins differently


def nearest(name: str, known: Iterable[str], alike: float = _ALIKE) -> str | None:
    """Return the known name that is most like this one, whatever its case. None if none is alike enough.

    What all names begin with makes none of them more alike.
    """
    from difflib import get_close_matches  # only needed if something is wrong

    by_case = {one.upper(): one for one in known}
    begin = len(commonprefix([name.upper(), *by_case]))  # noqa: RUF071 - characters are meant
    by_end = {upper[begin:]: one for upper, one in by_case.items()}
    found = get_close_matches(name.upper()[begin:], by_end, n=1, cutoff=alike)
    return by_end[found[0]] if found else None


def instead_of(name: str, known: Iterable[str]) -> str:
    """Return how a message about an unknown name ends: with the nearest known name, or with all of them."""
    known = tuple(known)
    found = nearest(name, known)
    return f"the nearest is {found}" if found else f"known: {', '.join(known)}"


def check_names(environment: Mapping[str, str], known: Iterable[str], problems: Problems) -> None:
    """Add a problem for each variable that was meant as a setting of this app and is none."""
    known = tuple(known)
    ours = tuple(name for name in known if name.startswith(PREFIX))
    for name in environment:
        if name in AZD_VARIABLES:
            what = "is a variable of azd and not a setting of the app"
            problems.add(name, what, f"remove it here, and use: azd env set {name} <value> && azd provision")
        elif name not in known and (name.upper().startswith(PREFIX) or _is_mistyped(name, (*ours, TOPIC))):
            found = nearest(name, ours if name.upper().startswith(PREFIX) else (*ours, TOPIC))
            ending = f"the nearest is {found}" if found else f"known: {', '.join(known)}"
            problems.add(name, f"is not a setting; {ending}", f"rename it to {found}" if found else "remove it")


def _is_mistyped(name: str, ours: tuple[str, ...]) -> bool:
    """Return whether a variable with another beginning was probably meant as a setting, such as ROTATON_MODE."""
    return name[:1].upper() in (PREFIX[0], TOPIC[0]) and nearest(name, ours, _MISTYPED) is not None
