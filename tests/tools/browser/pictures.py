"""Pictures of pages for the docs: small files with 96 colours, which is enough for flat surfaces and text."""

import os
from io import BytesIO

from PIL import Image

from tests.tools.browser.chromium import ROOT

PICTURES = ROOT / "docs" / "pictures"
OTHERS = ROOT / ".run" / "pictures"
MOST_BYTES = 150_000
_COLOURS = 96


def wanted() -> bool:
    """Return whether the pictures in the docs are to be written again."""
    return os.environ.get("PICTURES", "") not in ("", "0")


def keep(name: str, screenshot: bytes, *, in_docs: bool) -> None:
    """Write a screenshot: into the docs as a small file, or as it is to where it can be looked at."""
    folder = PICTURES if in_docs else OTHERS
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.png").write_bytes(small(screenshot) if in_docs else screenshot)


def small(png: bytes) -> bytes:
    """Return a picture with at most 96 colours, which is enough for flat surfaces and text."""
    picture = Image.open(BytesIO(png)).convert("RGB")
    flat = picture.quantize(_COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    out = BytesIO()
    flat.save(out, "PNG", optimize=True)
    return out.getvalue()
