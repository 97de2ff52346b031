"""Templates as pages: HTML that escapes by itself, under a Content-Security-Policy that allows nothing from elsewhere.

A page holds its style and its script, and the policy allows both by their hashes. No template has a `style` attribute.
Only the handlers of pages import this module, because Jinja takes its time.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from shared.domain.relative import away, counted, exact, length_in_words
from shared.domain.text import printable

TEMPLATES = Path(__file__).parent / "templates"
STYLES = ("style.css", "timeline.css", "target.css", "act.css", "key_use.css", "auditor.css")
SCRIPT = "page.js"


@cache
def environment() -> Environment:
    """Return the environment of all templates."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(exact=exact, length=length_in_words, iso=datetime.isoformat, counted=counted, away=away)
    made.globals.update(style=Markup(style()), script=Markup(script()))  # noqa: S704 - files of this app
    return made


@cache
def style() -> str:
    """Return the style of all pages."""
    return "".join((TEMPLATES / name).read_text() for name in STYLES if (TEMPLATES / name).exists())


@cache
def script() -> str:
    """Return the script of all pages."""
    return (TEMPLATES / SCRIPT).read_text()


def render(template: str, **data: object) -> str:
    """Return a page. `data` are the names that the template uses; a missing one is an error."""
    return environment().get_template(template).render(**data)


@cache
def headers() -> Mapping[str, str]:
    """Return the headers of every page.

    `same-origin` lets a form of a page send its Origin, without which the platform refuses it (docs/facts.md,
    Authentication).
    """
    policy = {
        "default-src": "'none'",
        "style-src": f"'sha256-{_hash(style())}'",
        "script-src": f"'sha256-{_hash(script())}'",
        "img-src": "data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    text = "; ".join(f"{name} {value}" for name, value in policy.items())
    return {"Content-Security-Policy": text, "Referrer-Policy": "same-origin"}


def _shown(value: object) -> object:
    """Return what an expression of a template shows: text from outside without characters that change how it looks."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
