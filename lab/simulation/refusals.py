"""What the emulated world says no with, as the errors that the adapters make of Azure's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lab.emulator.errors import AzureError, ConnectionDroppedError
from shared.domain.errors import FixConfiguration, GrantRole, PersonMustLook, RotationError, TryLater


@contextmanager
def translated(thing: str, doing: str) -> Iterator[None]:
    """The world's refusals as the errors that the adapters make of Azure's."""
    try:
        yield
    except AzureError as error:
        raise _ours(thing, f"could not {doing}: {error.status} {error.code}.", error) from error
    except ConnectionDroppedError as error:
        raise TryLater(thing, f"could not {doing}: no answer came.") from error


def _ours(thing: str, what: str, error: AzureError) -> RotationError:
    if error.status == 403 and error.inner == "ForbiddenByFirewall":
        return FixConfiguration(thing, what)
    if error.status in (401, 403):
        return GrantRole(thing, what)
    if error.status == 409 and error.inner == "ObjectIsDeletedButRecoverable":
        return PersonMustLook(thing, what)
    if error.status in (408, 409, 429) or error.status >= 500:
        return TryLater(thing, what)
    return FixConfiguration(thing, what)
