"""Azure's exceptions, translated once into ours: named for who must act, with the thing and the next step.

What Azure said is quoted by code and message; a body that could not be read is never quoted, because it may hold
a key. The cause stays attached except in that case.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DecodeError,
    DeserializationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)

from shared.errors import FixConfiguration, GrantRole, PersonMustLook, RotationError, TryLater, UnexpectedAnswer

_LONGEST_QUOTE = 300


@contextmanager
def azure_errors(thing: str, doing: str) -> Iterator[None]:
    """Run an Azure call; only errors of `shared.errors` come out. `doing` completes 'could not ...'."""
    try:
        yield
    except (DecodeError, DeserializationError):
        raise UnexpectedAnswer(thing, f"could not {doing}: the answer could not be read.") from None
    except ClientAuthenticationError as error:
        raise _unauthenticated(thing, doing, error) from error
    except HttpResponseError as error:
        raise _refused(thing, doing, error) from error
    except (ServiceRequestError, ServiceResponseError, TimeoutError) as error:
        raise TryLater(thing, f"could not {doing}: no answer came ({type(error).__name__}).") from error
    except AzureError as error:
        raise TryLater(thing, f"could not {doing}: {type(error).__name__}.") from error


def _unauthenticated(thing: str, doing: str, error: ClientAuthenticationError) -> RotationError:
    return GrantRole(
        thing,
        f"could not {doing}: the identity was not accepted ({quote(error)}).",
        "check that the app has its managed identity and that AZURE_CLIENT_ID names it",
    )


def _refused(thing: str, doing: str, error: HttpResponseError) -> RotationError:
    status, what = error.status_code or 0, f"could not {doing}: {quote(error)}."
    inner = inner_code(error)
    if 200 <= status < 300:
        return UnexpectedAnswer(thing, f"could not {doing}: a {status} that the specification does not know.")
    if status == 403 and (inner == "ForbiddenByFirewall" or "not authorized and caller is not" in str(error.message)):
        return FixConfiguration(thing, what, "let the function's network reach the vault")
    if status == 403 and "Policy" in (code_of(error) + (inner or "")):
        return FixConfiguration(thing, what, "see which Azure Policy refuses it and adapt the period or the policy")
    if status == 403:
        return GrantRole(thing, what)
    if status == 409 and inner in ("ObjectIsDeletedButRecoverable", "ObjectIsBeingDeleted"):
        return PersonMustLook(thing, what, "recover the secret, or purge it to start anew")
    if status in (408, 409, 429) or status >= 500:
        return TryLater(thing, what)
    return FixConfiguration(thing, what, "check that the account, the vault and their names are right")


def code_of(error: HttpResponseError) -> str:
    """Azure's error code, from the shape that all of its services share; empty when there is none."""
    return str(getattr(error.error, "code", None) or "")


def inner_code(error: HttpResponseError) -> str | None:
    """Key Vault's finer code, `error.innererror.code`."""
    inner = getattr(error.error, "innererror", None)
    if isinstance(inner, dict) and isinstance(inner.get("code"), str):
        return str(inner["code"])
    return None


def quote(error: HttpResponseError) -> str:
    """Status, code and the first line of the message: what a person needs to search for."""
    message = str(getattr(error.error, "message", None) or error.reason or "").strip().splitlines()
    text = " ".join(part for part in (str(error.status_code or "no status"), code_of(error)) if part)
    return f"{text}: {message[0][:_LONGEST_QUOTE]}" if message else text
