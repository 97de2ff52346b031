"""Refusals that last: a wait of an hour that Azure asks for, and a lock or a missing right until a person acts.

While one lasts, each call that it covers is refused. Ticks must find rest under it, without making a key again and
again; once it is over, they must finish what was begun, and end what was reported as leaked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lab.prove.histories.judge import Broken
from lab.prove.histories.state import NOW, Refusing, State
from shared.domain.errors import FixConfiguration, GrantRole, RotationError, Throttled
from shared.domain.model import Target
from shared.domain.throttle import Throttle
from shared.turns.report import Outcome

HOUR = timedelta(hours=1)  # little beside days: when it is over, all other moments are as far away as before
HOUR_OVER = "the hour is over"


@dataclass(frozen=True)
class Refusal:
    """A refusal that lasts.

    begins, ends: What happens, in words.
    calls: The names of the calls that it covers.
    error: The kind of error that the adapters make of it. `Throttled`: it ends by itself after an hour.
    """

    begins: str
    ends: str
    calls: tuple[str, ...]
    error: type[RotationError]

    def begun(self) -> Refusing:
        """Return it as a part of a state, from now on."""
        return Refusing(self.begins, NOW + HOUR if self.error is Throttled else None)


_ACCOUNT = ("list the keys", "regenerate", "switch keys off")  # all are POST or PUT, which a lock refuses
ACCOUNT_WAITS = Refusal(
    "Azure asks to wait an hour for the account", HOUR_OVER, ("read the account", *_ACCOUNT), Throttled
)
VAULT_WAITS = Refusal(
    "Azure asks to wait an hour for the vault", HOUR_OVER, ("read the secret", "publish", "note", "withdraw"), Throttled
)
LOCKED = Refusal("somebody locks the account", "the lock is removed", _ACCOUNT, FixConfiguration)
MAY_NOT_MAKE = Refusal("somebody takes a right on the account", "the right is back", ("regenerate",), GrantRole)
MAY_NOT_PUBLISH = Refusal("somebody takes the right to write secrets", "the right is back", ("publish",), GrantRole)
WAITS = (ACCOUNT_WAITS, VAULT_WAITS)
UNTIL_A_PERSON_ACTS = (LOCKED, MAY_NOT_MAKE, MAY_NOT_PUBLISH)
_BY_NAME = {one.begins: one for one in (*WAITS, *UNTIL_A_PERSON_ACTS)}


def of(state: State) -> Refusal | None:
    """Return the refusal that lasts in this state. None if there is none."""
    return _BY_NAME[state.refusing.what] if state.refusing else None


def error_for(state: State, call: str) -> RotationError | None:
    """Return what this call is answered in this state. None if it is not refused."""
    refusal = of(state)
    if refusal is None or state.refusing is None or call not in refusal.calls:
        return None
    if refusal.error is Throttled:
        return Throttled("the service", "asks to wait.", until=state.refusing.until)
    return refusal.error("the service", "refuses the call.")


def tick_must_wait(state: State) -> bool:
    """Return whether a tick must queue no turn, because Azure asked to wait."""
    return state.refusing is not None and state.refusing.until is not None


def must_be_told(state: State, outcome: Outcome) -> None:
    """Check that a turn that failed says how long Azure asked to wait, or that a person must act. Raises Broken."""
    refusal = of(state)
    if refusal is None or state.refusing is None or type(outcome.error) is not refusal.error:
        raise Broken(f"P5: a turn without a fault fails: {outcome.why}")
    if isinstance(outcome.error, Throttled) and outcome.error.until != state.refusing.until:
        raise Broken("P13: a turn that must wait does not say until when")


@dataclass(frozen=True)
class KnownWaits:
    """The port through which a tick knows of the wait.

    state, target: Where it lasts.
    """

    state: State
    target: Target

    async def note(self, where: str, now: datetime, until: datetime) -> None:
        """Note nothing: the state has it."""

    async def known(self, now: datetime) -> Sequence[Throttle]:
        """Return the wait, if Azure has asked for one."""
        if self.state.refusing is None or self.state.refusing.until is None:
            return ()
        place = self.target.vault_url if of(self.state) is VAULT_WAITS else str(self.target.account)
        return (Throttle(place.casefold(), now, self.state.refusing.until),)
