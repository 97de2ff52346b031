"""What an account is and how it is, as Azure Resource Manager names it: its kind and its provisioning state.

Only some kinds serve Azure OpenAI; the keys of all others open other services and are not this app's to rotate. The
states are those of the interface description (docs/facts.md, Refusals).
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from shared.domain.errors import FixConfiguration, RotationError, TryLater

SERVING = ("OpenAI", "AIServices")  # the kinds that serve Azure OpenAI (docs/facts.md, Calls)
_SEVERAL = "AIServices"  # keys of this kind open speech, vision and other services as well
_STAY_OUT = "take its target or its tag key-rotation away; only the kinds OpenAI and AIServices are rotated"


@dataclass(frozen=True)
class AccountState:
    """A state other than Succeeded.

    means: What it means, as the end of a sentence about the account.
    passes: Whether Azure ends it by itself.
    step: What to do, without a period at the end.
    """

    means: str
    passes: bool
    step: str = "nothing; Azure finishes it by itself, and the next tick goes on"


_DONE = "succeeded"
_BROKEN = "have the account's owner repeat or undo its last change, so that its state is Succeeded again"
_STATES = {
    "accepted": AccountState("its making or its last change has only begun", passes=True),
    "creating": AccountState("it is being made", passes=True),
    "moving": AccountState("it is being moved", passes=True),
    "resolvingdns": AccountState("its host name is being set up", passes=True),
    "deleting": AccountState("it is being deleted", passes=False, step="recover the account, or take its target away"),
    "failed": AccountState("its making or its last change has failed", passes=False, step=_BROKEN),
}
_UNKNOWN = AccountState("this app does not know that state", passes=False, step="look at the account in the portal")


def opens_more_than_openai(kind: str) -> bool:
    """Return whether the keys of an account of this kind open other services besides Azure OpenAI."""
    return kind.casefold() == _SEVERAL.casefold()


def serves_openai(kind: str) -> bool:
    """Return whether accounts of this kind serve Azure OpenAI. An account that names no kind is not judged by it."""
    return not kind or kind.casefold() in (one.casefold() for one in SERVING)


def of_another_kind(account: str, kind: str) -> FixConfiguration:
    """Return the refusal of an account whose kind does not serve Azure OpenAI. `account` is its id."""
    what = f"its kind is {kind}, which does not serve Azure OpenAI, so its keys are not touched."
    return FixConfiguration(account, what, _STAY_OUT)


def unready(state: str) -> AccountState | None:
    """Return what a provisioning state means. None for Succeeded, and for an account that names none."""
    return None if state.casefold() in ("", _DONE) else _STATES.get(state.casefold(), _UNKNOWN)


def in_state(account: str, state: str) -> RotationError | None:
    """Return the error of an account in this state, which says whether it passes. None if the account is ready."""
    found = unready(state)
    if found is None:
        return None
    what = f"Azure names its state {state}: {found.means}."
    return TryLater(account, what) if found.passes else FixConfiguration(account, what, found.step)


def has_subdomain(endpoint: str) -> bool:
    """Return whether an endpoint is an account's own, and not the host of its region, which refuses Entra tokens
    (docs/facts.md, Calls)."""
    host = (urlsplit(endpoint).hostname or "").casefold()
    return ".api.cognitive." not in host
