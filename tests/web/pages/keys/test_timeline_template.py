"""The timeline as SVG: well formed, named, with classes only, and safe whatever a target is called."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from lab.simulation.builders import a_publication, a_situation, a_target, an_observation, marks, overlapping
from lab.simulation.dates import at, days
from shared.decide.situation import Situation
from shared.domain.model import Target
from shared.domain.publication import Origin
from shared.web.pages.keys.drawing import pictures_of, strip_of
from shared.web.pages.keys.reach import STRIP, WIDE
from shared.web.pages.keys.spans import SpanKind
from shared.web.pages.keys.texts import axis_of
from shared.web.pages.keys.timeline import PointKind, Timeline, timeline_of

TEMPLATES = Path("shared/web/pages/templates")
STYLE = (TEMPLATES / "timeline.css").read_text()
NOW = at(day=60)
OVERLAP = overlapping(since=NOW - days(1), until=NOW + days(2))
SITUATIONS = {
    "an overlap": a_situation(OVERLAP, NOW),
    "a healed key": a_situation(marks(since=NOW - days(1), origin=Origin.HEALED, rotated=NOW - days(20)), NOW),
    "an end of all keys": a_situation(marks(since=NOW - days(10)), NOW, a_target(sunset=NOW + days(12))),
    "no keys": Situation(an_observation(a_publication(), key_auth=False, keys={}), a_target(), NOW),
}


@pytest.fixture
def macros() -> Any:
    loader = FileSystemLoader(TEMPLATES)
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("timeline.html").module


def timeline(situation: Situation = SITUATIONS["an overlap"]) -> Timeline:
    return timeline_of(situation, WIDE)


def whole(macros: Any, situation: Situation) -> ElementTree.Element:
    """Return everything that a page can draw of a target, parsed as XML. A mistake in its form is an error."""
    drawn, cadence = timeline(situation), situation.target.cadence
    parts = [
        macros.defs(),
        macros.legend(),
        macros.axis(axis_of(STRIP, NOW)),
        macros.strip(strip_of(timeline_of(situation, STRIP), "s1")),
        macros.picture(pictures_of(drawn, "p1", cadence), drawn),
    ]
    return ElementTree.fromstring(f"<body>{''.join(map(str, parts))}</body>")


def elements(tree: ElementTree.Element, tag: str) -> list[ElementTree.Element]:
    return [one for one in tree.iter() if one.tag == tag]


def classes(tree: ElementTree.Element) -> Iterator[str]:
    for one in tree.iter():
        yield from one.get("class", "").split()


@pytest.mark.parametrize("situation", SITUATIONS.values(), ids=SITUATIONS)
def test_every_picture_is_an_image_with_a_sentence_as_its_name(macros: Any, situation: Situation) -> None:
    images = [one for one in elements(whole(macros, situation), "svg") if one.get("role") == "img"]
    assert len(images) == 4
    for image in images:
        title = image.find("title")
        assert title is not None
        assert image.get("aria-labelledby") == title.get("id")
        assert title.text == timeline(situation).sentence


@pytest.mark.parametrize("situation", SITUATIONS.values(), ids=SITUATIONS)
def test_other_drawings_are_hidden_from_those_who_cannot_see_them(macros: Any, situation: Situation) -> None:
    others = [one for one in elements(whole(macros, situation), "svg") if one.get("role") != "img"]
    assert {one.get("aria-hidden") for one in others} == {"true"}


@pytest.mark.parametrize("situation", SITUATIONS.values(), ids=SITUATIONS)
def test_ids_are_unique_and_every_pattern_that_is_used_is_there(macros: Any, situation: Situation) -> None:
    tree = whole(macros, situation)
    ids = [one.get("id") for one in tree.iter() if one.get("id")]
    assert len(ids) == len(set(ids))
    used = {one.get("fill", "")[5:-1] for one in tree.iter() if one.get("fill", "").startswith("url(")}
    assert used
    assert used <= set(ids)


@pytest.mark.parametrize("situation", SITUATIONS.values(), ids=SITUATIONS)
def test_a_strict_content_policy_allows_it(macros: Any, situation: Situation) -> None:
    tree = whole(macros, situation)
    assert not [one for one in tree.iter() if one.tag in ("script", "style", "image", "foreignObject", "use")]
    for one in tree.iter():
        assert not [name for name in one.attrib if name == "style" or name.startswith("on") or name.endswith("href")]


@pytest.mark.parametrize("situation", SITUATIONS.values(), ids=SITUATIONS)
def test_every_class_that_is_drawn_has_a_rule(macros: Any, situation: Situation) -> None:
    styled = set(re.findall(r"\.(tl[\w-]*)", STYLE))
    assert set(classes(whole(macros, situation))) <= styled


def test_all_kinds_of_spans_and_points_are_in_the_legend(macros: Any) -> None:
    legend = ElementTree.fromstring(str(macros.legend()))
    drawn = set(classes(legend))
    assert {f"tl-{kind}" for kind in SpanKind} <= drawn
    assert {f"tl-{kind}" for kind in PointKind} - {"tl-key-ends"} <= drawn
    assert "tl-cross" in drawn


def test_the_list_has_a_line_for_each_entry_with_a_time_that_programs_can_read(macros: Any) -> None:
    drawn = timeline()
    lines = elements(ElementTree.fromstring(str(macros.same_as_list(drawn)).strip()), "li")
    assert [line.find("time").get("datetime") for line in lines] == [  # type: ignore[union-attr]
        f"{entry.falls_at:%Y-%m-%dT%H:%M:%SZ}" for entry in drawn.entries
    ]
    assert [" ".join("".join(line.itertext()).split()) for line in lines] == [
        f"{entry.exact} {entry.says}" for entry in drawn.entries
    ]


def test_a_name_from_outside_is_text_and_never_markup(macros: Any) -> None:
    hostile: Target = replace(a_target(), name='</title><script>alert("1")</script>\u202e')
    situation = a_situation(OVERLAP, NOW, hostile)
    written = str(macros.strip(strip_of(timeline_of(situation, STRIP), "s1")))
    assert "<script" not in written
    assert "\u202e" not in written
    title = ElementTree.fromstring(written).find("svg/title")
    assert title is not None
    assert '</title><script>alert("1")</script>' in (title.text or "")


def test_a_strip_takes_little_room_in_the_page(macros: Any) -> None:
    sizes = [len(str(macros.strip(strip_of(timeline_of(one, STRIP), "s1")))) for one in SITUATIONS.values()]
    assert max(sizes) < 2500


def test_no_text_of_a_picture_is_set_below_eleven_pixels() -> None:
    sizes = [float(one) for one in re.findall(r"font-size: ([\d.]+)px", STYLE)]
    assert len(sizes) >= 3
    assert min(sizes) >= 11
