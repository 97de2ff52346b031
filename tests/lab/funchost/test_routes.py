"""Route templates: what they match, their order, and which are refused."""

import pytest

from lab.funchost.errors import BindingError
from lab.funchost.routes import parse_route


@pytest.mark.parametrize(
    ("template", "path", "expected"),
    [
        ("items", "ITEMS/", {}),
        ("items/{id}", "items/a%20b", {"id": "a b"}),
        ("items/{id}", "items/a/b", None),
        ("items/{id}", "items", None),
        ("items/{id:int}", "items/12", {"id": "12"}),
        ("items/{id:int}", "items/x", None),
        ("items/{id?}", "items", {}),
        ("items/{id?}", "items/7", {"id": "7"}),
        ("files/{*rest}", "files/a/b/c", {"rest": "a/b/c"}),
        ("{name:alpha}.{ext}", "page.html", {"name": "page", "ext": "html"}),
        ("{id:guid}", "0f8fad5b-d9cb-469f-a165-70867728950e", {"id": "0f8fad5b-d9cb-469f-a165-70867728950e"}),
        ("{code:length(3)}", "abcd", None),
        ("{code:regex(^a[0-9]$)}", "a7", {"code": "a7"}),
        ("a.b", "axb", None),
    ],
)
def test_a_template_matches_a_path_or_not(template: str, path: str, expected: dict[str, str] | None) -> None:
    assert parse_route(template).match(path) == expected


def test_a_route_with_a_more_specific_segment_is_preferred() -> None:
    templates = ["x/{*rest}", "x/{id}", "x/{id:int}", "x/new"]
    assert sorted(templates, key=lambda each: parse_route(each).rank) == templates[::-1]


@pytest.mark.parametrize("template", ["admin", "Admin/x", "runtime/webhooks", "a/{b", "a/{b:odd}", "{a}/{a}"])
def test_a_route_that_the_platform_would_not_register_is_refused(template: str) -> None:
    with pytest.raises(BindingError):
        parse_route(template)
