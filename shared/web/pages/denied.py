"""The page for a caller who may not see a page: who is signed in, which role is missing, and whom to ask."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from shared.findings.verdict import Tone
from shared.web.callers import FUNCTION_KEY, Caller, Refused
from shared.web.pages.shell import Shell, roles_in_words

SIGN_IN = "/.auth/login/aad"
SIGN_OUT = "/.auth/logout"


@dataclass(frozen=True)
class Denied:
    """The page.

    shell: What stands around it.
    sentence: The answer.
    signed_in: Who is signed in. Empty if nobody is, or if the caller showed a function key.
    held: The roles that they have, in words.
    missing: The role that is missing. Empty if nobody is signed in.
    sign_in: The address to sign in, or to sign in as somebody else. Empty where callers show function keys.
    sign_out: The address to sign out. Empty if nobody is signed in.
    detail: Why, as a sentence.
    """

    shell: Shell
    sentence: str
    signed_in: str
    held: str
    missing: str
    sign_in: str
    sign_out: str
    detail: str


def denied(refused: Refused, caller: Caller | None, role: str, shell: Shell) -> Denied:
    """Return the page for a caller who was refused.

    refused: Why.
    caller: Who called. None if nobody is signed in.
    role: The role that the page needs.
    shell: What stands around it. Its address is where the caller comes back to after signing in.
    """
    unknown = caller is None or refused.status == 401
    with_key = caller is not None and caller.name == FUNCTION_KEY and not caller.object_id
    signed_in = caller.name if caller and not unknown and not with_key else ""
    back = {"post_login_redirect_uri": shell.again}
    return Denied(
        shell=replace(shell, tone=Tone.PLAIN, title="Not signed in" if unknown else "Not allowed"),
        sentence="Sign in to see this page." if unknown else "You may not see this page.",
        signed_in=signed_in,
        held=roles_in_words(caller) if caller and signed_in else "",
        missing=role if signed_in else "",
        sign_in="" if with_key else f"{SIGN_IN}?{urlencode(back)}",
        sign_out=SIGN_OUT if signed_in else "",
        detail=refused.detail,
    )
