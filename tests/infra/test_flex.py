"""The function app sets nothing that Flex Consumption refuses."""

import json
from collections.abc import Iterator
from pathlib import Path

from tree_sitter import Node

from tests.infra.bicep import INFRA, Template, objects, properties, read, templates

REFUSED = json.loads((Path(__file__).parent / "data" / "flex_refused.json").read_text())
BY_NAME = {one.name: one for one in templates()}
MAIN, APP = BY_NAME["main.bicep"], BY_NAME["app.bicep"]


def names(node: Node, template: Template) -> Iterator[str]:
    """Yield the name of every property in an object, at any depth."""
    for one in objects(node, template):
        for name, value in properties(one).items():
            yield name
            yield from names(value, template)


def refused(template: Template) -> list[str]:
    """Return the properties of the file's sites that Flex Consumption does not take, such as those of `siteConfig`."""
    unwanted = {name.lower() for name in REFUSED["properties"]}
    sites = [one for one in template.resources.values() if one.type == "Microsoft.Web/sites"]
    return [name for site in sites for name in names(site.body, template) if name.lower() in unwanted]


def test_the_site_sets_no_property_that_flex_consumption_refuses() -> None:
    assert refused(APP) == []


def test_a_refused_property_is_found(tmp_path: Path) -> None:
    text = (INFRA / "app.bicep").read_text().replace("siteConfig: {", "siteConfig: {\n      FtpsState: 'Disabled'")
    (tmp_path / "app.bicep").write_text(text)
    assert refused(read(tmp_path / "app.bicep")) == ["FtpsState"]


def test_the_app_gets_no_setting_that_flex_consumption_refuses() -> None:
    host, own = properties(APP.variables["hostSettings"]), properties(MAIN.variables["rotationSettings"])
    standard = {*properties(MAIN.variables["collectorSettings"]), *properties(MAIN.variables["proxySettings"])}
    assert not {*host, *own, *standard} & REFUSED["settings"].keys()


def test_every_refusal_names_a_source_that_is_listed() -> None:
    named = [*REFUSED["properties"].values(), *REFUSED["settings"].values()]
    assert all(named)
    assert {one for sources in named for one in sources} == REFUSED["sources"].keys()
