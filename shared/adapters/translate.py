"""Azure's exceptions, translated once into ours: named for who must act, with the thing and the next step.

What Azure said is quoted by code and message; a body that could not be read is never quoted, because it may hold
a key. The cause stays attached except in that case.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DecodeError,
    DeserializationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)

from shared.domain.causes import Cause
from shared.domain.errors import FixConfiguration, GrantRole, PersonMustLook, RotationError, TryLater, UnexpectedAnswer

_LONGEST_QUOTE = 500


@contextmanager
def azure_errors(thing: str, doing: str, named_by: str = "the setting that holds the address") -> Iterator[None]:
    """Run an Azure call; only errors of `shared.domain.errors` come out. `doing` completes 'could not ...', `named_by` 'check
    ...' where the address leads nowhere."""
    try:
        yield
    except (DecodeError, DeserializationError):
        raise UnexpectedAnswer(thing, f"could not {doing}: the answer could not be read.") from None
    except ClientAuthenticationError as error:
        raise _unauthenticated(thing, doing, error) from error
    except HttpResponseError as error:
        # Its text quotes the body. Only a body of the error shape is known to hold no key.
        raise _refused(thing, doing, error) from (error if code_of(error) else None)
    except (ServiceRequestError, ServiceResponseError, TimeoutError) as error:
        raise _no_answer(thing, doing, error, named_by) from error
    except AzureError as error:
        raise TryLater(thing, f"could not {doing}: {type(error).__name__}.") from error
    except ValueError as error:
        if "challenge" not in str(error):
            raise UnexpectedAnswer(thing, f"could not {doing}: the answer could not be read.") from None
        what = f"could not {doing}: the address lies in another domain than its challenge names."
        raise FixConfiguration(thing, what, "check the vault's address") from error
    except (AttributeError, KeyError, TypeError):  # what the clients make of JSON of another shape
        raise UnexpectedAnswer(thing, f"could not {doing}: the answer could not be read.") from None


def _no_answer(thing: str, doing: str, error: Exception, named_by: str) -> TryLater:
    host = _unresolved(error)
    if host is None:
        return TryLater(thing, f"could not {doing}: no answer came ({type(error).__name__}).")
    what = f"could not {doing}: the host name {host} has no address (DNS does not know it, or could not be asked)."
    # Waiting mends only the second. Nobody can tell them apart from here, so it is tried again all the same.
    step = f"check {named_by}; if {host} is right, nothing: the next tick looks again"
    return TryLater(thing, what, step, cause=Cause.UNKNOWN_HOST)


def _unresolved(error: BaseException | None) -> str | None:
    """The host name without an address, where that is why no answer came."""
    while error is not None and not isinstance(error, aiohttp.ClientConnectorDNSError):
        error = error.__cause__
    return error.host if error is not None else None


def _unauthenticated(thing: str, doing: str, error: ClientAuthenticationError) -> RotationError:
    # Without an answer it is the credential that speaks: which kinds of sign-in it tried, and why each failed.
    said = quote(error) if error.status_code else textwrap.shorten(str(error.message), _LONGEST_QUOTE, placeholder=" …")
    return GrantRole(
        thing,
        f"could not {doing}: the identity was not accepted ({said.rstrip('.')}).",
        "check that the app has its managed identity, that AZURE_CLIENT_ID names it, and that it has its role here",
        cause=Cause.IDENTITY_REFUSED,
    )


def _refused(thing: str, doing: str, error: HttpResponseError) -> RotationError:
    status, what = error.status_code or 0, f"could not {doing}: {quote(error)}."
    inner = inner_code(error)
    if 200 <= status < 300:
        return UnexpectedAnswer(thing, f"could not {doing}: a {status} that the specification does not know.")
    if status == 403 and (inner == "ForbiddenByFirewall" or "not authorized and caller is not" in str(error.message)):
        return FixConfiguration(thing, what, "let the function's network reach the vault", cause=Cause.NETWORK_CLOSED)
    if status == 403 and "Policy" in (code_of(error) + (inner or "")):
        return FixConfiguration(thing, what, "see which Azure Policy refuses it and adapt the period or the policy")
    if status == 403:
        return GrantRole(thing, what)
    if status == 409 and inner in ("ObjectIsDeletedButRecoverable", "ObjectIsBeingDeleted"):
        return PersonMustLook(thing, what, "recover the secret, or purge it to start anew")
    if status in (408, 409, 429) or status >= 500:
        return TryLater(thing, what)
    return FixConfiguration(thing, what, "check the names and addresses in the settings and tags for it")


def code_of(error: HttpResponseError) -> str:
    """Azure's error code, from the shape that all of its services share; empty when there is none."""
    code = getattr(error.error, "code", None) or getattr(error, "error_code", None)  # storage has its own place for it
    return str(getattr(code, "value", code) or "")


def inner_code(error: HttpResponseError) -> str | None:
    """Key Vault's finer code, `error.innererror.code`."""
    inner = getattr(error.error, "innererror", None)
    if isinstance(inner, dict) and isinstance(inner.get("code"), str):
        return str(inner["code"])
    return None


def quote(error: HttpResponseError) -> str:
    """Status, code and the first line of the message: what a person needs to search for."""
    if error.status_code is None and isinstance(error.__cause__, HttpResponseError):
        return quote(error.__cause__)  # the Event Grid client wraps a 404
    lines = str(getattr(error.error, "message", None) or error.reason or "").strip().splitlines()
    # Key Vault says on a line of its own which action was refused.
    kept = [line.strip().rstrip(".") for line in lines[:1] + [line for line in lines[1:] if line.startswith("Action:")]]
    text = " ".join(part for part in (str(error.status_code or "no status"), code_of(error)) if part)
    quoted = textwrap.shorten("; ".join(kept), _LONGEST_QUOTE, placeholder=" …")
    return f"{text}: {quoted}" if quoted else text
