"""The API Management policies in samples/: well-formed, with elements and attributes that are known, in order.

The table was written by hand from Microsoft's policy reference (azure-docs, articles/api-management, 2025). No gateway
ran a policy, and the C# inside expressions was not compiled.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.samples.bicep_choices import SAMPLES, deployment

POLICIES = sorted(SAMPLES.rglob("policy.xml"))
KEYLESS, WITH_KEY, POWER_QUERY = (
    SAMPLES / folder / "policy.xml"
    for folder in ("no_key/api_management", "key_from_vault/api_management", "no_key/power_query")
)
INBOUND = (
    "base choose validate-azure-ad-token rate-limit-by-key set-variable set-method rewrite-uri set-header set-body "
    "authentication-managed-identity"
)


@dataclass(frozen=True)
class Element:
    """What an element holds: required and further attributes, and the elements below it, in this order if `ordered`."""

    required: str = ""
    optional: str = ""
    below: str = ""
    ordered: bool = False


KNOWN = {
    "policies": Element(below="inbound backend outbound on-error", ordered=True),
    "inbound": Element(below=INBOUND),
    "backend": Element(below="base"),
    "outbound": Element(below=INBOUND),
    "on-error": Element(below=INBOUND),
    "base": Element(),
    "choose": Element(below="when otherwise", ordered=True),
    "when": Element("condition", below=f"{INBOUND} return-response"),
    "return-response": Element("", "response-variable-name", "set-status set-header set-body", ordered=True),
    "set-status": Element("code", "reason"),
    "set-header": Element("name", "exists-action", "value"),
    "value": Element(),
    "set-variable": Element("name value"),
    "set-method": Element(),
    "rewrite-uri": Element("template", "copy-unmatched-params"),
    "set-body": Element("", "template xsi-nil parse-date"),
    "rate-limit-by-key": Element("calls renewal-period counter-key", "increment-condition increment-count"),
    "authentication-managed-identity": Element("resource", "client-id output-token-variable-name ignore-error"),
    "validate-azure-ad-token": Element(
        "tenant-id",
        "header-name query-parameter-name token-value failed-validation-httpcode failed-validation-error-message "
        "output-token-variable-name",
        "backend-application-ids client-application-ids audiences required-claims",
        ordered=True,
    ),
    "audiences": Element(below="audience"),
    "audience": Element(),
    "required-claims": Element(below="claim"),
}


def problems(node: ET.Element) -> Iterator[str]:
    """Yield what API Management would object to in an element and below it."""
    known = KNOWN[node.tag]
    missing = set(known.required.split()) - set(node.keys())
    strange = set(node.keys()) - {*known.required.split(), *known.optional.split()}
    yield from (f"{node.tag}: {name} is missing" for name in sorted(missing))
    yield from (f"{node.tag}: {name} is not known" for name in sorted(strange))
    allowed = known.below.split()
    places = [allowed.index(one.tag) for one in node if one.tag in allowed]
    if known.ordered and places != sorted(places):
        yield f"{node.tag}: its elements are in the wrong order"
    for one in node:
        if one.tag not in allowed:
            yield f"{node.tag}: {one.tag} does not belong there"
        else:
            yield from problems(one)


def read(path: Path) -> ET.Element:
    return ET.fromstring(path.read_text())


@pytest.mark.parametrize("path", POLICIES, ids=lambda one: one.parent.name)
def test_a_policy_has_only_elements_that_are_known_where_they_belong(path: Path) -> None:
    root = read(path)
    assert root.tag == "policies"
    assert [one.tag for one in root] == ["inbound", "backend", "outbound", "on-error"]
    assert list(problems(root)) == []


PLANTED = [
    ('<set-header name="api-key"', '<set-header Name="api-key"', "set-header: Name is not known"),
    ("<authentication-managed-identity resource=", "<authentication-managed-identity audience=", "resource is missing"),
    ("<audiences>", "<required-claims /><audiences>", "in the wrong order"),
    ("<backend>", "<backend><set-method />", "backend: set-method does not belong there"),
]


@pytest.mark.parametrize(("right", "wrong", "expected"), PLANTED)
def test_a_planted_mistake_is_found(right: str, wrong: str, expected: str) -> None:
    text = KEYLESS.read_text()
    assert right in text
    found = list(problems(ET.fromstring(text.replace(right, wrong, 1))))
    assert [one for one in found if expected in one]


def test_every_policy_is_checked() -> None:
    assert sorted([KEYLESS, WITH_KEY, POWER_QUERY]) == POLICIES
    assert {one for one in SAMPLES.rglob("*.xml") if one.name != "pom.xml"} == set(POLICIES)


@pytest.mark.parametrize("path", [KEYLESS, POWER_QUERY], ids=lambda one: one.parent.name)
def test_a_gateway_without_a_key_checks_the_caller_drops_a_key_and_then_signs_in_itself(path: Path) -> None:
    tags = [one.tag for one in read(path)[0]]
    assert tags.index("validate-azure-ad-token") < tags.index("authentication-managed-identity")
    inbound = read(path)[0]
    assert [one.get("exists-action") for one in inbound.iter("set-header") if one.get("name") == "api-key"] == [
        "delete"
    ]
    (signs_in,) = inbound.iter("authentication-managed-identity")
    assert signs_in.get("resource") == "https://cognitiveservices.azure.com"


def test_a_gateway_with_a_key_takes_it_from_the_named_value_of_the_sample() -> None:
    named = (WITH_KEY.parent / "named_value.bicep").read_text()
    assert re.findall(r"\{\{(.*?)\}\}", WITH_KEY.read_text()) == ["azure-openai-key"]
    assert "name: 'azure-openai-key'" in named


@pytest.mark.parametrize(("path", "template"), [(KEYLESS, "policy.bicep"), (POWER_QUERY, "operation.bicep")])
def test_the_named_values_of_a_policy_without_a_key_are_made_by_its_template(path: Path, template: str) -> None:
    name = (path.parent / template).relative_to(SAMPLES).as_posix()
    made = [one.body for one in deployment(name).resources() if one.type.endswith("/namedValues") and not one.existing]
    assert {one["properties"]["displayName"] for one in made} == set(re.findall(r"\{\{(.*?)\}\}", path.read_text()))


@pytest.mark.parametrize("path", POLICIES, ids=lambda one: one.parent.name)
def test_a_policy_is_deployed_as_the_xml_that_it_is(path: Path) -> None:
    """The other format, rawxml, is for policies whose expressions hold bare quotes, which are no XML."""
    (template,) = [one for one in path.parent.glob("*.bicep") if "loadTextContent" in one.read_text()]
    assert "format: 'xml'" in template.read_text()


def test_the_gateway_for_power_query_says_where_to_sign_in_and_makes_a_post() -> None:
    inbound = read(POWER_QUERY)[0]
    (challenge,) = [one for one in inbound.iter("set-header") if one.get("name") == "WWW-Authenticate"]
    assert (challenge.findtext("value") or "").startswith("Bearer authorization_uri=https://login.microsoftonline.com/")
    assert inbound.findtext("set-method") == "POST"
