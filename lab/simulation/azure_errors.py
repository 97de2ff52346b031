"""Translation of the emulator's errors into those that the real adapters raise for Azure's answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lab.emulator.errors import AzureError, ConnectionDroppedError
from shared.domain.errors import FixConfiguration, GrantRole, PersonMustLook, RotationError, Throttled, TryLater


@contextmanager
def translated(thing: str, doing: str) -> Iterator[None]:
    """Raise the emulator's errors of this block as the application's errors.

    thing: The target, account or secret that the error names.
    doing: What was attempted, as an infinitive: "read the secret".
    Raises a RotationError of the class that the adapters choose for that status; TryLater if no answer came.
    """
    try:
        yield
    except AzureError as error:
        raise _translate(thing, f"could not {doing}: {error.status} {error.code}.", error) from error
    except ConnectionDroppedError as error:
        raise TryLater(thing, f"could not {doing}: no answer came.") from error


def _translate(thing: str, what: str, error: AzureError) -> RotationError:
    if error.status == 403 and error.inner == "ForbiddenByFirewall":
        return FixConfiguration(thing, what)
    if error.status in (401, 403):
        return GrantRole(thing, what)
    if error.status == 409 and error.inner == "ObjectIsDeletedButRecoverable":
        return PersonMustLook(thing, what)
    if error.status == 429:
        return Throttled(thing, what)
    if error.status in (408, 409) or error.status >= 500:
        return TryLater(thing, what)
    return FixConfiguration(thing, what)
