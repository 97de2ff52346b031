"""Pages from templates. Every text is escaped where it becomes markup, and an unknown name in a template is an error.

Jinja2 is imported with this module, so only what serves a page may import it.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from shared.web.responses import Reply

TEMPLATES = Path(__file__).parent / "templates"
HTML = "text/html"


@cache
def environment() -> Environment:
    """Return the template engine."""
    loader = FileSystemLoader(TEMPLATES)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


@cache
def style() -> str:
    """Return the style that stands in every page."""
    return "".join(one.read_text() for one in sorted(TEMPLATES.glob("*.css")))


@cache
def headers() -> dict[str, str]:
    """Return the headers of a page. Its style is allowed by its hash, and nothing else runs or is loaded."""
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    # A browser that may not say where a form comes from sends `Origin: null`, and the platform refuses it.
    return {"Content-Security-Policy": policy, "Referrer-Policy": "same-origin"}


def page(status: int, template: str, said: object) -> Reply:
    """Return a page as an answer.

    said: What the template shows, under the name `page`.
    """
    text = environment().get_template(template).render(page=said, style=style())
    return Reply(status, text, HTML, dict(headers()))
