"""Translate Azure's exceptions into the errors of `shared.domain.errors`.

An error of ours names the thing, what failed and the next step, and its class says who must act: the table in
`shared.domain.refusals` says it for each of Azure's codes. Azure's code and message are quoted. A body that could not
be read is never quoted, because it may hold a key; then the cause is not attached either.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

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

from shared.adapters.proxy import proxy_error
from shared.adapters.waits import DEFAULT, LongWait, asked_wait
from shared.domain.account_kinds import in_state
from shared.domain.causes import Cause
from shared.domain.errors import FixConfiguration, RotationError, Throttled, TryLater, UnexpectedAnswer, of_refusal
from shared.domain.refusal import Answered, Call, Who
from shared.domain.refusals import explain
from shared.domain.text import could_be_a_key, quotable

_LONGEST_QUOTE = 500  # characters
_FAILED_LATER = "nothing if it happens once; if it stays, mend what Azure's reason names"


@contextmanager
def azure_errors(
    thing: str, doing: str, call: Call, named_by: str = "the setting that holds the address"
) -> Iterator[None]:
    """Run an Azure call so that only errors of `shared.domain.errors` come out.

    thing: What the call is about: an account, a secret, a vault.
    doing: Completes the sentence "could not ...".
    call: Which call it is, so that a refusal is looked up among those of that call.
    named_by: Completes the next step "check ..." if the host name of the address is unknown.
    """
    try:
        yield
    except (DecodeError, DeserializationError):
        raise UnexpectedAnswer(thing, f"could not {doing}: the answer could not be read.") from None
    except ClientAuthenticationError as error:
        raise _unauthenticated(thing, doing, error, call) from error
    except HttpResponseError as error:
        # Its text quotes the body. Only a body with the form of an error is known to hold no key.
        raise _refused(thing, doing, error, call) from (error if azure_error_code(error) else None)
    except (ServiceRequestError, ServiceResponseError, TimeoutError, LongWait) as error:
        raise _no_answer(thing, doing, error, named_by) from error
    except AzureError as error:
        raise TryLater(thing, f"could not {doing}: {type(error).__name__}.", unclear=True) from error
    except ValueError as error:
        if "challenge" not in str(error):
            raise UnexpectedAnswer(thing, f"could not {doing}: the answer could not be read.") from None
        what = f"could not {doing}: the address is in another domain than its authentication challenge names."
        raise FixConfiguration(thing, what, "check the vault's address") from error
    except (AttributeError, KeyError, TypeError):  # how the clients fail on JSON of another form
        raise UnexpectedAnswer(thing, f"could not {doing}: the answer could not be read.") from None


def _throttled(
    thing: str, doing: str, error: HttpResponseError, until: datetime, where: str = "", *, unclear: bool = False
) -> Throttled:
    """Azure asked to wait. Without a `where`, only this call is known to be concerned."""
    what = f"could not {doing}: {quote(error)}. Azure is not asked again before {until:%Y-%m-%d %H:%M:%S} UTC."
    return Throttled(thing, what, until=until, where=where, unclear=unclear)


def _no_answer(thing: str, doing: str, error: Exception, named_by: str) -> TryLater:
    by_proxy = proxy_error(thing, doing, error)
    if by_proxy is not None:
        return by_proxy
    if isinstance(error, LongWait):
        return _throttled(thing, doing, error.error, error.until, error.where, unclear=error.unclear)
    host = _unresolved(error)
    if host is None:
        return TryLater(thing, f"could not {doing}: no answer came ({type(error).__name__}).", unclear=True)
    what = f"could not {doing}: the host name {host} has no address (DNS does not know it, or did not answer)."
    # Only the second cause passes by itself. They cannot be told apart here, so the call is tried again in both cases.
    step = f"check {named_by}; if {host} is correct, do nothing: the next tick tries again"
    return TryLater(thing, what, step, cause=Cause.UNKNOWN_HOST)


def _unresolved(error: BaseException | None) -> str | None:
    """The host name, if no answer came because it has no address."""
    while error is not None and not isinstance(error, aiohttp.ClientConnectorDNSError):
        error = error.__cause__
    return error.host if error is not None else None


def _unauthenticated(thing: str, doing: str, error: ClientAuthenticationError, call: Call) -> RotationError:
    if error.status_code is not None and (error.status_code in (401, 429) or error.status_code >= 500):
        return _refused(thing, doing, error, call)
    # With another status, or none, it is the credential's own: which kinds of sign-in it tried, and why each failed.
    said = quote(error) if error.status_code else textwrap.shorten(error.message, _LONGEST_QUOTE, placeholder=" …")
    said = said.rstrip(".")
    what = f"could not {doing}: the identity was not accepted ({said})."
    return of_refusal(explain(Answered(Call.TOKEN, error.status_code or 0)), thing, what)


def _refused(thing: str, doing: str, error: HttpResponseError, call: Call) -> RotationError:
    status, code = _status(error), azure_error_code(error)
    if 200 <= status < 300 and not code:
        return _unfinished(thing, doing, error)
    if status == 429:  # and the client's own repetitions did not help
        wait = asked_wait(getattr(error.response, "headers", {})) or DEFAULT
        return _throttled(thing, doing, error, datetime.now(UTC) + wait)
    answered = Answered(call, status, code, key_vault_error_code(error) or "", str(error.message))
    row = explain(answered)
    if 200 <= status < 300:  # a change that Azure began; it ended with the error that is quoted
        doing = f"{doing}; Azure began it, and it ended as Failed"
        if row.who is Who.UNKNOWN:
            return UnexpectedAnswer(thing, f"could not {doing}: {quote(error)}.", _FAILED_LATER)
    means = f" {row.means}." if row.means else ""
    unclear = status == 408 or status >= 500
    return of_refusal(row, thing, f"could not {doing}: {quote(error)}.{means}", unclear=unclear)


def _unfinished(thing: str, doing: str, error: HttpResponseError) -> RotationError:
    """The error of an answer that says neither that it worked nor why not, but may name the resource's state."""
    try:
        body = json.loads(error.response.text()) if error.response else {}
        state = str(body["properties"]["provisioningState"])
    except (ValueError, KeyError, TypeError, AttributeError):
        state = ""
    found = in_state(thing, state) if re.fullmatch(r"[A-Za-z]{1,40}", state) else None
    if found is not None:
        found.what = f"could not {doing}: {found.what}"
        return found
    return UnexpectedAnswer(thing, f"could not {doing}: the specification does not describe a {error.status_code}.")


def _status(error: HttpResponseError) -> int:
    if error.status_code is None and isinstance(error.__cause__, HttpResponseError):
        return _status(error.__cause__)  # the Event Grid client wraps a 404
    return error.status_code or 0


def azure_error_code(error: HttpResponseError) -> str:
    """Return Azure's error code, which all services have in the same place except storage. Empty if there is none."""
    code = getattr(error.error, "code", None) or getattr(error, "error_code", None)  # storage
    found = str(getattr(code, "value", code) or "")
    return "(left out)" if could_be_a_key(found) else found


def key_vault_error_code(error: HttpResponseError) -> str | None:
    """Return Key Vault's more exact code, `error.innererror.code`. None if there is none."""
    inner = getattr(error.error, "innererror", None)
    if isinstance(inner, dict) and isinstance(inner.get("code"), str):
        return str(inner["code"])
    return None


def quote(error: HttpResponseError) -> str:
    """Return status, code and the first line of the message: what a person needs to search for the error."""
    if error.status_code is None and isinstance(error.__cause__, HttpResponseError):
        return quote(error.__cause__)  # the Event Grid client wraps a 404
    lines = str(getattr(error.error, "message", None) or error.reason or "").strip().splitlines()
    # Key Vault names the refused action on a line of its own.
    kept = [line.strip().rstrip(".") for line in lines[:1] + [line for line in lines[1:] if line.startswith("Action:")]]
    text = " ".join(part for part in (str(error.status_code or "no status"), azure_error_code(error)) if part)
    quoted = textwrap.shorten(quotable("; ".join(kept)), _LONGEST_QUOTE, placeholder=" …")
    return f"{text}: {quoted}" if quoted else text
