"""Read ROTATION_OPERATOR_SCOPES: which operators may act on which accounts only.

It is a list with commas, and each part is an operator and a scope:
`<id>=/subscriptions/<guid>/resourceGroups/<group>`. An operator who stands there more than once has all these scopes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from shared.domain.errors import FixConfiguration
from shared.domain.scopes import OTHERS, ROOT, OperatorScopes, Reach
from shared.settings.problems import Problems

SETTING = "ROTATION_OPERATOR_SCOPES"
NOWHERE = "none"  # in place of a scope: no account
_GUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_ACCOUNT = r"/providers/Microsoft\.CognitiveServices/accounts/[a-z0-9][a-z0-9_.-]{1,63}"
_SCOPE = re.compile(rf"/subscriptions/{_GUID}(?:/resourceGroups/[\w.()-]{{1,90}}(?:{_ACCOUNT})?)?", re.IGNORECASE)
_ID = re.compile(_GUID, re.IGNORECASE)


def read_operator_scopes(environment: Mapping[str, str]) -> OperatorScopes:
    """Return the setting alone, so that it counts although another setting is invalid.

    Raises FixConfiguration if it is invalid itself.
    """
    problems = Problems()
    found = operator_scopes(environment, problems)
    for one in problems:
        raise FixConfiguration(one.thing, f"{one.what}.", "correct it")
    return found


def operator_scopes(environment: Mapping[str, str], problems: Problems) -> OperatorScopes:
    """Return the setting. If it is invalid, add a problem and return that nobody is limited."""
    text = environment.get(SETTING, "")
    return problems.read(SETTING, text, read_text) or OperatorScopes()


def check_that_operators_are_known(scopes: OperatorScopes, problems: Problems, *, sign_in: bool) -> None:
    """Add a problem if operators are named and callers need not sign in: then nobody would know who acts."""
    if set(scopes.by_id) - {OTHERS} and not sign_in:
        what = "names operators, but callers need not sign in, and a function key does not say who holds it"
        problems.add(SETTING, what, f"set ROTATION_SIGN_IN to required, or name only {OTHERS}")


def read_text(text: str) -> OperatorScopes:
    """Read the text of the setting. Raises ValueError that says what is wrong with it."""
    found: dict[str, tuple[str, ...]] = {}
    for part in filter(None, map(str.strip, text.split(","))):
        who, _, scope = (each.strip() for each in part.partition("="))
        if who != OTHERS and not _ID.fullmatch(who):
            raise ValueError(
                f"{part[:300]!r} is not an operator's object id in Microsoft Entra ID, or {OTHERS} for all others, "
                "followed by = and a scope"
            )
        found[who.lower()] = (*found.get(who.lower(), ()), *_scope(scope))
    return OperatorScopes({who: Reach(scopes) for who, scopes in found.items()})


def _scope(text: str) -> tuple[str, ...]:
    """Return the scope without a slash at its end. Empty for no account at all."""
    if text.lower() == NOWHERE:
        return ()
    if text == ROOT:
        return (ROOT,)
    scope = text.removesuffix("/")
    if not _SCOPE.fullmatch(scope):
        raise ValueError(
            f"{text[:300]!r} is not the resource id of a subscription, a resource group or an account, nor {ROOT} for "
            f"every account, nor {NOWHERE}"
        )
    return (scope,)
