"""What the forms of the pages send, read strictly. The same types as for the API say what a field may hold.

What a person typed is kept, so that nobody types it twice, but nothing in it that looks like a key: a page shows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import msgspec

from shared.domain.text import plain, without_keys
from shared.web.bodies import MOST_BODY, BadRequest, Body

FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 20


class WrongField(Exception):
    """A field cannot be used. `field` is its name, `says` what is wrong with it and how it is written."""

    def __init__(self, field: str, says: str) -> None:
        super().__init__(field, says)
        self.field, self.says = field, says


def read_form(body: bytes, headers: Mapping[str, str], known: Iterable[str]) -> dict[str, str]:
    """Return the fields of a form that was sent by POST, by their names.

    known: The names that there may be.

    Raises BadRequest for another content type, a long body, a field that is not known, and one that comes twice.
    """
    if len(body) > MOST_BODY:
        raise BadRequest(413, "BodyTooLarge", f"The form is longer than {MOST_BODY} bytes.")
    kind = headers.get("content-type", "")
    if kind.split(";")[0].strip().lower() != FORM:
        raise BadRequest(415, "NotAForm", f"Content-Type is {without_keys(plain(kind))[:80]!r}: {FORM} is wanted.")
    fields = _parsed(body)
    unknown, doubled = sorted(set(fields) - set(known)), sorted(name for name in fields if len(fields[name]) > 1)
    if unknown or doubled:
        says = f"unknown: {_listed(unknown)}" if unknown else f"more than once: {_listed(doubled)}"
        raise BadRequest(422, "BadField", f"The form has fields that it must not have ({says}). Open the page again.")
    return {name: values[0] for name, values in fields.items()}


def _parsed(body: bytes) -> dict[str, list[str]]:
    try:
        text = body.decode("ascii")
        return parse_qs(text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise BadRequest(400, "NotAForm", "What was sent is not a form. Open the page again.") from None


def _listed(names: list[str]) -> str:
    return without_keys(plain(", ".join(names)))[:200]


def typed(text: str) -> str:
    """Return what a person typed as a page may show it again: on one line, and without anything like a key."""
    return without_keys(plain(text))


def as_moment(text: str) -> str:
    """Return a moment as a body has it. A form's moment has no zone: it is in UTC. Any other text is unchanged."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def body_of[B: Body](kind: type[B], fields: Mapping[str, Any]) -> B:
    """Return the body that these fields make. Raises WrongField, which names the first field that is invalid."""
    try:
        return msgspec.convert(dict(fields), kind)
    except msgspec.ValidationError as problem:
        said = str(problem)
        found = re.search(r"`\$\.(\w+)", said) or re.search(r"field `(\w+)`", said)
        hint = kind.in_words(problem).partition("`.")[2].strip()
        raise WrongField(found[1] if found else "", hint or "This cannot be used.") from None
