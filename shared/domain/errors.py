"""What can go wrong, sorted by who must act. Each class has an entry of the same name in docs/runbook.md.

A message names the target and the thing; `next_step` says what to do. Azure's own exceptions are translated
into these once, in the adapters, and stay attached as the cause. No message ever holds a key.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from http import HTTPStatus
from typing import Self

from shared.domain.causes import Cause
from shared.domain.refusal import Refusal, Who


class RotationError(Exception):
    """The family. `thing` is what it happened to: a target, an account, a secret, a setting."""

    next_step = "read docs/runbook.md"
    subscription: str | None = None  # the id of the subscription that could not be listed, if that is what failed
    since: datetime | None = None  # since when it is so, in UTC, if that was noted
    unclear = False  # whether the call may have had its effect although it failed
    resolves_itself = False  # whether the next step asks nothing of anybody, because a later check goes on by itself
    refusal: Refusal | None = None  # the row of the table of Azure's refusals, if Azure refused a call
    was_refused = False  # the same for an error that was kept as text, which does not hold the row

    def __init__(
        self,
        thing: str,
        what: str,
        next_step: str | None = None,
        *,
        cause: Cause | None = None,
        unclear: bool = False,
    ) -> None:
        super().__init__(thing, what)
        self.unclear = unclear or type(self).unclear
        self.thing = thing
        self.what = what
        self.cause = cause
        if next_step is not None:
            self.next_step = next_step
            self.resolves_itself = False

    @property
    def code(self) -> str:
        return type(self).__name__

    @property
    def needs_a_person(self) -> bool:
        """Whether nothing goes on before a person has acted. False if that is not known."""
        return isinstance(self, FixConfiguration | GrantRole | PersonMustLook | ProofImpossible)

    @property
    def hides_targets(self) -> bool:
        """Whether something could not be looked at, so that targets may be missing from a list. An account whose tags
        are wrong hides none."""
        return self.is_refusal or not isinstance(self, FixConfiguration)

    @property
    def is_refusal(self) -> bool:
        """Whether Azure refused a call."""
        return self.refusal is not None or self.was_refused

    @property
    def of_owner(self) -> bool:
        """Whether the resource itself refuses everybody, so that it says nothing about this app or about others."""
        return self.refusal is not None and self.refusal.who is Who.OWNER

    @property
    def refused_to_show(self) -> bool:
        """Whether Azure refused the call for another reason than that the thing is not there. Then it may be there."""
        return self.refusal is not None and self.refusal.status != HTTPStatus.NOT_FOUND

    def about(self, target: str) -> str:
        """Return what happened to a target, with the thing named where it is not the target itself."""
        return self.what if self.thing in (target, "") else f"{self.thing}: {self.what}"

    def __str__(self) -> str:
        return f"{self.thing}: {self.what} Next step: {self.next_step}."


class TryLater(RotationError):
    """Azure was slow, throttled, unreachable or in an unclear state. The next tick looks again."""

    next_step = "nothing; the next tick looks again and goes on from what it sees"
    resolves_itself = True


class Throttled(TryLater):
    """Azure asked to wait for longer than a turn can. It is not asked again before `until`.

    until: When Azure may be asked again, in UTC. None if no moment is known.
    where: What must not be asked before, in lower case: the start of a resource id, or an address. Empty if nothing
        else is concerned.
    """

    next_step = "nothing; it goes on by itself after that moment"

    def __init__(
        self,
        thing: str,
        what: str,
        next_step: str | None = None,
        *,
        until: datetime | None = None,
        where: str = "",
        cause: Cause | None = None,
        unclear: bool = False,
    ) -> None:
        super().__init__(thing, what, next_step, cause=cause, unclear=unclear)
        self.until = until
        self.where = where


class LeaseHeld(TryLater):
    """Another turn holds this target."""

    next_step = "wait for the other turn to end; a lease left by a killed process ends by itself within seconds"
    resolves_itself = False


class LeaseLost(TryLater):
    """This turn no longer holds its target and has stopped before its next step."""


class OutOfTime(TryLater):
    """The turn was asked for by somebody who cannot wait longer for its answer. It goes on in another turn."""

    next_step = "nothing; it goes on by itself: GET /api/targets/{name} shows how far it came"


class FixConfiguration(RotationError):
    """A setting, tag, message or request is wrong.

    each: The single problems, if this error names several.
    accounts: The ids of the accounts that claim the same, if that is what is wrong.
    """

    next_step = "correct it and call again"
    each: tuple[FixConfiguration, ...] = ()
    accounts: tuple[str, ...] = ()

    def among(self, accounts: Iterable[object]) -> Self:
        """Return this error with the accounts that claim the same. Only who may see the fleet is shown their ids."""
        self.accounts = tuple(sorted(map(str, accounts)))
        return self

    def __str__(self) -> str:
        claimed = f" Claimed by {' and '.join(self.accounts)}." if self.accounts else ""
        return f"{self.thing}: {self.what}{claimed} Next step: {self.next_step}."

    @classmethod
    def of_settings(cls, each: Iterable[FixConfiguration]) -> FixConfiguration:
        """Return the error of an app that does nothing because of these settings. It names all of them."""
        problems = tuple(each)
        what = f"{'; '.join(f'{one.thing}: {one.what.removesuffix(".")}' for one in problems)}."
        error = cls("settings", what, "correct the settings named and restart the app")
        error.each = problems
        return error


class ConfirmFirst(RotationError):
    """A request would end more, or a selection means more, than its caller may expect. Nothing was done."""

    next_step = "send the same request again with `confirm` and the target's name, if you mean it"


class LimitReached(RotationError):
    """People have asked for as many rotations, leaks, trials and holds in one hour as the settings allow.

    Nothing was done.

    until: When the request may be sent again, in UTC. None if no moment is known.
    """

    next_step = (
        "send it again after that moment; if a leaked key cannot wait, end it by hand (docs/operations.md, Break-glass)"
    )

    def __init__(self, thing: str, what: str, next_step: str | None = None, *, until: datetime | None = None) -> None:
        super().__init__(thing, what, next_step)
        self.until = until


class SignInNotEnforced(RotationError):
    """Callers must sign in, and the platform does not say that it makes them. No HTTP request is served."""

    next_step = "turn App Service authentication on, as docs/runbook.md says at SignInNotEnforced, and restart the app"


class GrantRole(RotationError):
    """The identity may not do something it must. New role assignments take minutes to act (docs/facts.md, Tokens)."""

    next_step = (
        "wait some minutes if the role was assigned just now; otherwise assign the one that `python -m cli doctor` "
        "names, as in docs/deploy.md"
    )


class PersonMustLook(RotationError):
    """Something only a person can judge. Nothing was touched."""

    next_step = "look at the target and decide; docs/runbook.md, PersonMustLook, has the ways"


class ProofFailed(RotationError):
    """The account's own endpoint did not accept a key that is about to be published. It was not published."""

    next_step = "check that the function can reach the account's endpoint; the next tick tries again"


class ProofImpossible(ProofFailed):
    """The account's endpoint would not judge a key: the network is closed to this function, or keys are off there."""

    next_step = "let the function's network reach the account's endpoint, or set proof to prefer for this target"


class UnexpectedAnswer(TryLater):
    """Azure answered with something its specification does not describe. Nothing was done on the strength of it."""

    unclear = True

    next_step = "nothing if it happens once; if it stays, compare the answer with the specification"


class UnknownTarget(RotationError):
    """Nobody enrolled a target of that name. `known` are the names there are, for those who may see them."""

    next_step = "see GET /api/targets or `python -m cli status` for the names, or enrol the account"

    def __init__(self, thing: str, what: str, next_step: str | None = None, known: Iterable[str] = ()) -> None:
        super().__init__(thing, what, next_step)
        self.known = tuple(sorted(known))


class DisputedName(FixConfiguration):
    """Several accounts would be the target of that name, so the name leads to none of them."""

    next_step = "ask for the account by its resource id, or give it another name in ROTATION_TARGETS"


class DisputedSecret(FixConfiguration):
    """Several accounts claim one secret, and it does not hold this account's publication."""

    next_step = (
        "tag this account key-rotation-secret with a name that ROTATION_SECRETS allows and no other account has, or "
        "list it in ROTATION_TARGETS with a secret of its own"
    )


class OutOfScope(RotationError):
    """The caller is an operator who may act on some accounts only, and this is none of them. Nothing was done.

    accounts: The ids of the accounts that are meant. Only who may see the fleet is shown them.
    scopes: The scopes that the caller is limited to. Only who may see the fleet is shown them.
    """

    next_step = "ask an operator of that account, or have its scope added to ROTATION_OPERATOR_SCOPES"

    def __init__(
        self,
        thing: str,
        what: str,
        next_step: str | None = None,
        accounts: Iterable[object] = (),
        scopes: Iterable[str] = (),
    ) -> None:
        super().__init__(thing, what, next_step)
        self.accounts = tuple(map(str, accounts))
        self.scopes = tuple(scopes)

    def __str__(self) -> str:
        meant = f" Meant: {', '.join(self.accounts)}." if self.accounts else ""
        return f"{self.thing}: {self.what}{meant} Next step: {self.next_step}."


_KINDS: dict[Who, type[RotationError]] = {
    Who.NOBODY: TryLater,
    Who.ROLES: GrantRole,
    Who.IDENTITY: GrantRole,
    Who.SETTINGS: FixConfiguration,
    Who.OWNER: FixConfiguration,
    Who.JUDGE: PersonMustLook,
    Who.UNKNOWN: FixConfiguration,
}


def of_refusal(row: Refusal, thing: str, what: str, *, unclear: bool = False) -> RotationError:
    """Return the error of a refusal by Azure. Its class fits the person who must act.

    unclear: Whether the call may have had its effect. Default: no.

    An unknown conflict is tried again, because most conflicts pass; its next step says what to do if it stays.
    """
    kind = TryLater if row.who is Who.UNKNOWN and row.status == 409 else _KINDS[row.who]
    error = kind(thing, what, row.step or None, cause=row.cause, unclear=unclear)
    error.refusal = row
    error.resolves_itself = row.passes
    return error
