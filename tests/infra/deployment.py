"""Evaluates the templates for given parameters: which resources a deployment would have, with which names and bodies.

A value that only Azure knows, such as a resource's address, is UNKNOWN. Functions of Bicep that the templates do not
use raise NotImplementedError, so that nothing passes because it was misread.
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tree_sitter import Node

from tests.infra.bicep import Declared, Template, properties, text

HERE = "11111111-2222-3333-4444-555555555555"
type Branches = set[tuple[str, int, bool]]


class Unknown(str):
    """A text that only Azure knows. Whatever is made of it is unknown, too."""

    __slots__ = ()


UNKNOWN = Unknown("<known to Azure>")


@dataclass(frozen=True)
class Resource:
    """A resource that a deployment would have.

    file, symbol: Where it is declared.
    type, version: Its type and API version.
    name: Its full name, with the names of its parents.
    body: Its properties as the template writes them.
    existing: It is only referenced, not deployed.
    """

    file: str
    symbol: str
    type: str
    version: str
    name: str
    body: dict[str, Any]
    existing: bool


@dataclass
class Deployment:
    """One template with parameters.

    template: The template.
    given: The values of its parameters. A parameter without a value gets its default.
    read_all: All templates, by path, for the modules.
    branches: Collects which branch was taken of every condition: file, place and outcome.
    """

    template: Template
    given: Mapping[str, Any]
    read_all: Mapping[Path, Template]
    branches: Branches = field(default_factory=set)
    scope: dict[str, Any] = field(default_factory=dict)

    def resources(self) -> Iterator[Resource]:
        """Yield every resource of the template and of its modules."""
        for one in self.template.resources.values():
            for scope in self._instances(one):
                yield scope._resource(one)
        for one in self.template.modules.values():
            for scope in self._instances(one):
                yield from scope._module(one).resources()

    def modules(self) -> Iterator[tuple[str, str]]:
        """Yield every nested deployment as the file that it is in and its name."""
        for one in self.template.modules.values():
            for scope in self._instances(one):
                yield self.template.name, scope.value(properties(one.body)["name"])
                yield from scope._module(one).modules()

    def value(self, node: Node) -> Any:
        """Return the value of an expression."""
        return _EVALUATE[node.type](self, node)

    def _instances(self, one: Declared) -> Iterator[Deployment]:
        """Yield this deployment for each element of the declaration's loop, if its condition holds."""
        statement = one.body.parent
        if statement is not None and statement.type == "if_statement":
            if self._branch(statement, bool(self.value(statement.named_children[0]))):
                yield self
        elif statement is not None and statement.type == "for_statement":
            yield from self._turns(statement)
        else:
            yield self

    def _turns(self, statement: Node) -> Iterator[Deployment]:
        first, *rest = statement.named_children
        names = [text(one) for one in first.named_children] if first.type == "for_loop_parameters" else [text(first)]
        for place, element in enumerate(self.value(rest[0])):
            yield self._with(dict(zip(names, (element, place), strict=False)))

    def _with(self, names: dict[str, Any]) -> Deployment:
        return Deployment(self.template, self.given, self.read_all, self.branches, {**self.scope, **names})

    def _branch(self, node: Node, taken: bool) -> bool:
        self.branches.add((self.template.name, node.start_byte, taken))
        return taken

    def _resource(self, one: Declared) -> Resource:
        body = {name: self.value(value) for name, value in properties(one.body).items() if name not in _LANGUAGE}
        return Resource(self.template.name, one.symbol, one.type, one.version, self._name(one), body, one.existing)

    def _name(self, one: Declared) -> str:
        given = properties(one.body)
        name = self.value(given["name"])
        if "parent" not in given:
            return str(name)
        symbol, _, place = text(given["parent"]).partition("[")
        scope = self._at(symbol, self.scope.get(place.rstrip("]")))
        return f"{scope._name(self.template.resources[symbol])}/{name}"

    def _at(self, symbol: str, place: int | None) -> Deployment:
        """Return the scope of one instance of a looped declaration."""
        if place is None:
            return self
        declared = self.template.resources[symbol]
        assert declared.body.parent is not None
        return list(self._turns(declared.body.parent))[place]

    def _module(self, one: Declared) -> Deployment:
        child = self.read_all[(self.template.path.parent / one.source).resolve()]
        params = {name: self.value(value) for name, value in properties(properties(one.body)["params"]).items()}
        return Deployment(child, params, self.read_all, self.branches)

    # --- expressions -------------------------------------------------------------------------------------------

    def _string(self, node: Node) -> str:
        if text(node).strip("'").isspace():  # the grammar has no part for white space alone
            return text(node)[1:-1]
        parts = [
            self.value(one.named_children[0]) if one.type == "interpolation" else _unescaped(text(one))
            for one in node.named_children
        ]
        return _joined(parts)

    def _identifier(self, node: Node) -> Any:
        name = text(node)
        if name in self.scope:
            return self.scope[name]
        if name in self.given:
            return self.given[name]
        if name in self.template.variables:
            return self.value(self.template.variables[name])
        if name in self.template.defaults:
            return self.value(self.template.defaults[name])
        if name in self.template.parameters:
            return UNKNOWN
        raise KeyError(f"{self.template.name}: {name}")

    def _ternary(self, node: Node) -> Any:
        condition, yes, no = node.named_children
        return self.value(yes if self._branch(node, bool(self.value(condition))) else no)

    def _unary(self, node: Node) -> Any:
        assert text(node).startswith("!")
        return not self.value(node.named_children[0])

    def _binary(self, node: Node) -> Any:
        left, right = (self.value(one) for one in node.named_children)
        mark = text(node.children[1])
        if mark not in _BINARY:
            raise NotImplementedError(mark)
        return _BINARY[mark](left, right)

    def _call(self, node: Node) -> Any:
        name = text(node.named_children[0])
        given = [self.value(one) for one in node.named_children[1].named_children if one.type != "comment"]
        if name == "loadJsonContent":
            return json.loads((self.template.path.parent / given[0]).read_text())
        if name == "loadTextContent":
            return (self.template.path.parent / given[0]).read_text()
        if name not in _FUNCTIONS:
            raise NotImplementedError(name)
        return _FUNCTIONS[name](*given)

    def _member(self, node: Node) -> Any:
        owner, name = node.named_children[0], text(node.named_children[1])
        symbol, place = self._symbol(owner)
        if symbol in self.template.resources:
            scope = self._at(symbol, place)
            full = scope._name(self.template.resources[symbol])
            known = {"name": full.rpartition("/")[2], "id": f"/{self.template.resources[symbol].type}/{full}"}
            return known.get(name, UNKNOWN)
        if owner.type == "member_expression" and text(owner.named_children[-1]) == "outputs":
            module = self.template.modules[text(owner.named_children[0])]
            child = self._module(module)
            return child.value(child.template.outputs[name])
        held = self.value(owner)
        return UNKNOWN if isinstance(held, Unknown) else held[name]

    def _symbol(self, node: Node) -> tuple[str, int | None]:
        if node.type == "subscript_expression":
            place = self.value(node.named_children[1])
            return text(node.named_children[0]), place if isinstance(place, int) else None
        return text(node), None

    def _subscript(self, node: Node) -> Any:
        held, place = (self.value(one) for one in node.named_children)
        return UNKNOWN if isinstance(held, Unknown) else held[place]

    def _object(self, node: Node) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for pair in node.named_children:
            if pair.type == "object_property":
                key, value = pair.named_children[0], pair.named_children[-1]
                found[self.value(key) if key.type == "string" else text(key)] = self.value(value)
        return found

    def _array(self, node: Node) -> list[Any]:
        return [self.value(one) for one in node.named_children if one.type != "comment"]

    def _for(self, node: Node) -> list[Any]:
        return [scope.value(node.named_children[-1]) for scope in self._turns(node)]


_LANGUAGE = ("dependsOn", "name", "parent", "scope")
_EVALUATE: dict[str, Callable[[Deployment, Node], Any]] = {
    "array": Deployment._array,
    "binary_expression": Deployment._binary,
    "boolean": lambda _, node: text(node) == "true",
    "call_expression": Deployment._call,
    "for_statement": Deployment._for,
    "identifier": Deployment._identifier,
    "member_expression": Deployment._member,
    "null": lambda _, node: None,
    "number": lambda _, node: int(text(node)),
    "object": Deployment._object,
    "parenthesized_expression": lambda here, node: here.value(node.named_children[0]),
    "string": Deployment._string,
    "subscript_expression": Deployment._subscript,
    "ternary_expression": Deployment._ternary,
    "unary_expression": Deployment._unary,
}
_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "==": lambda left, right: left == right,
    "&&": lambda left, right: bool(left and right),
    "||": lambda left, right: bool(left or right),
}


def _joined(parts: list[Any]) -> str:
    whole = "".join(str(one) for one in parts)
    return Unknown(whole) if any(isinstance(one, Unknown) for one in parts) else whole


def _unescaped(text: str) -> str:
    return text.replace("\\'", "'").replace("\\n", "\n").replace("\\$", "$")


def _unique(*given: str) -> str:
    digest = hashlib.sha256("\0".join(given).encode()).digest()
    return base64.b32encode(digest).decode().lower()[:13]


def _union(*given: Any) -> Any:
    if isinstance(given[0], dict):
        return {name: value for one in given for name, value in one.items()}
    return list(dict.fromkeys(element for one in given for element in one))


def _known(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function, but with UNKNOWN where an argument is unknown."""
    return lambda *given: UNKNOWN if any(isinstance(one, Unknown) for one in given) else function(*given)


_CLOUD = {
    "name": "AzureCloud",
    "resourceManager": "https://management.azure.com/",
    "authentication": {"loginEndpoint": "https://login.microsoftonline.com/"},
    "suffixes": {"keyvaultDns": ".vault.azure.net", "storage": "core.windows.net"},
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "concat": lambda *given: [element for one in given for element in one],
    "contains": lambda one, element: element in one,
    "deployment": lambda: {"location": "westeurope"},
    "empty": lambda one: not one,
    "endsWith": _known(lambda one, end: one.lower().endswith(end.lower())),
    "environment": lambda: _CLOUD,
    "guid": lambda *given: str(uuid.uuid5(uuid.NAMESPACE_URL, "\0".join(given))),
    "join": lambda parts, mark: mark.join(parts),
    "last": lambda one: UNKNOWN if isinstance(one, Unknown) else one[-1],
    "managementGroup": lambda: {"id": "/providers/Microsoft.Management/managementGroups/mg", "name": "mg"},
    "replace": _known(lambda one, old, new: one.replace(old, new)),
    "resourceGroup": lambda *given: {"id": f"/subscriptions/{HERE}/resourceGroups/rg", "name": "rg", "given": given},
    "resourceId": lambda subscription, group, kind, name: (
        f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{kind}/{name}"
    ),
    "split": lambda one, mark: [UNKNOWN] * 9 if isinstance(one, Unknown) else one.split(mark),
    "string": lambda one: one if isinstance(one, str) else json.dumps(one),
    "subscription": lambda *given: {"id": f"/subscriptions/{HERE}", "subscriptionId": HERE, "given": given},
    "subscriptionResourceId": lambda kind, name: f"/subscriptions/{HERE}/providers/{kind}/{name}",
    "tenant": lambda: {"tenantId": "99999999-2222-3333-4444-555555555555"},
    "tenantResourceId": lambda kind, name: f"/providers/{kind}/{name}",
    "toLower": _known(str.lower),
    "union": _union,
    "uniqueString": _unique,
}
