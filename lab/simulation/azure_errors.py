"""Translation of the emulator's errors into those that the real adapters raise for Azure's answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lab.emulator.errors import AzureError, ConnectionDroppedError
from shared.domain.errors import RotationError, Throttled, TryLater, of_refusal
from shared.domain.refusal import Answered, Call
from shared.domain.refusals import explain


@contextmanager
def translated(thing: str, doing: str, call: Call) -> Iterator[None]:
    """Raise the emulator's errors of this block as the application's errors.

    thing: The target, account or secret that the error names.
    doing: What was attempted, as an infinitive: "read the secret".
    call: Which call it is, so that the table of refusals can be asked as the adapters ask it.
    Raises a RotationError of the class that the adapters choose for that answer; TryLater if no answer came.
    """
    try:
        yield
    except AzureError as error:
        raise _translate(thing, doing, call, error) from error
    except ConnectionDroppedError as error:
        raise TryLater(thing, f"could not {doing}: no answer came.", unclear=True) from error


def _translate(thing: str, doing: str, call: Call, error: AzureError) -> RotationError:
    if error.status == 429:
        return Throttled(thing, f"could not {doing}: {error.status} {error.code}.")
    row = explain(Answered(call, error.status, error.code, error.inner, error.message))
    unclear = error.status == 408 or error.status >= 500
    return of_refusal(row, thing, f"could not {doing}: {error.status} {error.code}.", unclear=unclear)
