"""Reads the Bicep files in infra/ into plain facts: parameters, variables, resources, modules, outputs and references.

It knows the part of the language that those files use and reports the rest as an error. The grammar (tree-sitter)
covers syntax only. What a compiler checks beyond that, the tests check on these facts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

ROOT = Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"
_PARSER = Parser(Language(tree_sitter_bicep.language()))


@dataclass(frozen=True)
class Parameter:
    """A declared parameter: its type, whether it has a default, and its description."""

    type: str
    optional: bool
    description: str


@dataclass(frozen=True)
class Declared:
    """A declared resource or module.

    symbol: The name that the file uses for it.
    source: Type and version of a resource, or the path of a module.
    existing: The resource is only referenced, not deployed.
    conditional: It is declared under an `if`.
    looped: It is declared in a `for`.
    body: Its object, without condition and loop.
    """

    symbol: str
    source: str
    existing: bool
    conditional: bool
    looped: bool
    body: Node

    @property
    def type(self) -> str:
        return self.source.partition("@")[0]

    @property
    def version(self) -> str:
        return self.source.partition("@")[2]


@dataclass
class Template:
    """The facts of one Bicep file, by name.

    `defaults` holds the default of each parameter that has one, `errors` what could not be read.
    """

    path: Path
    scope: str = "resourceGroup"
    parameters: dict[str, Parameter] = field(default_factory=dict)
    defaults: dict[str, Node] = field(default_factory=dict)
    variables: dict[str, Node] = field(default_factory=dict)
    resources: dict[str, Declared] = field(default_factory=dict)
    modules: dict[str, Declared] = field(default_factory=dict)
    outputs: dict[str, Node] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    root: Node | None = None

    @property
    def name(self) -> str:
        return self.path.relative_to(INFRA).as_posix() if self.path.is_relative_to(INFRA) else self.path.name

    @property
    def symbols(self) -> set[str]:
        return {*self.parameters, *self.variables, *self.resources, *self.modules}

    def used(self) -> set[str]:
        """Return the names that some expression refers to. A declaration does not count as a use."""
        assert self.root is not None
        return {text(one) for one in references(self.root)}

    def unknown(self) -> set[str]:
        """Return the names that are used and declared neither in the file nor by a loop around them."""
        assert self.root is not None
        return {text(one) for one in references(self.root) if text(one) not in self.symbols | _looping(one)}


def templates(folder: Path = INFRA) -> list[Template]:
    """Read every Bicep file in a folder, by default infra/."""
    return [read(path) for path in sorted(folder.rglob("*.bicep"))]


def read(path: Path) -> Template:
    """Read one Bicep file."""
    template = Template(path)
    root = template.root = _PARSER.parse(path.read_bytes()).root_node
    template.errors = [f"{one.start_point.row + 1}: {text(one)[:60]}" for one in walk(root) if _broken(one)]
    described = ""
    for node in root.named_children:
        if node.type == "decorators":
            described = _description(node)
            continue
        _take(template, node, described)
        described = ""
    return template


def _take(template: Template, node: Node, described: str) -> None:
    parts = [one for one in node.named_children if one.type != "comment"]
    if node.type == "target_scope_assignment":
        template.scope = literal(parts[0]) or ""
    elif node.type == "parameter_declaration":
        template.parameters[text(parts[0])] = Parameter(text(parts[1]), len(parts) > 2, described)
        if len(parts) > 2:
            template.defaults[text(parts[0])] = parts[2]
    elif node.type == "variable_declaration":
        template.variables[text(parts[0])] = parts[1]
    elif node.type == "output_declaration":
        template.outputs[text(parts[0])] = parts[2]
    elif node.type in ("resource_declaration", "module_declaration"):
        declared = _declared(node, parts)
        kind = template.resources if node.type == "resource_declaration" else template.modules
        kind[declared.symbol] = declared
    elif node.type != "comment":
        template.errors.append(f"{node.start_point.row + 1}: {node.type} is not known here")


def _declared(node: Node, parts: list[Node]) -> Declared:
    body, conditional, looped = parts[-1], False, False
    existing = any(one.type == "existing" for one in node.children)
    while body.type in ("for_statement", "if_statement"):
        looped, conditional = looped or body.type == "for_statement", conditional or body.type == "if_statement"
        body = body.named_children[-1]
    return Declared(text(parts[0]), literal(parts[1]) or "", existing, conditional, looped, body)


def text(node: Node) -> str:
    return (node.text or b"").decode()


def literal(node: Node) -> str | None:
    """Return the text of a string without interpolations, otherwise None."""
    if node.type != "string":
        return None
    if any(one.type == "interpolation" for one in node.named_children):
        return None
    return "".join(text(one) for one in node.named_children)


def properties(node: Node) -> dict[str, Node]:
    """Return the properties of an object, by name. A name with an interpolation is kept as written."""
    found: dict[str, Node] = {}
    for pair in node.named_children:
        if pair.type == "object_property":
            key, value = pair.named_children[0], pair.named_children[-1]
            found[literal(key) or text(key)] = value
    return found


def objects(node: Node, template: Template) -> Iterator[Node]:
    """Yield the objects a value can be, through conditions, loops, arrays, variables and arguments of union()."""
    if node.type == "object":
        yield node
    elif node.type in ("array", "for_statement", "if_statement", "ternary_expression", "parenthesized_expression"):
        for one in node.named_children:
            yield from objects(one, template)
    elif node.type == "identifier" and text(node) in template.variables:
        yield from objects(template.variables[text(node)], template)
    elif node.type == "call_expression" and text(node.named_children[0]) == "union":
        for one in node.named_children[1].named_children:
            yield from objects(one, template)


def references(node: Node) -> Iterator[Node]:
    """Yield every identifier that refers to something, including loop variables."""
    for one in walk(node):
        if one.type == "identifier" and _refers(one):
            yield one


def _refers(node: Node) -> bool:
    parent = node.parent
    if parent is None or parent.type in ("parameter_declaration", "type"):
        return parent is not None and parent.type == "parameter_declaration" and parent.named_children[0] != node
    if parent.type.endswith("_declaration") or parent.type == "object_property":
        return parent.named_children[0] != node
    if parent.type == "call_expression":
        return parent.child_by_field_name("function") != node
    return not (parent.type == "for_statement" and parent.child_by_field_name("initializer") == node)


def _looping(node: Node) -> set[str]:
    """Return the variables of the loops around a node."""
    found: set[str] = set()
    above = node.parent
    while above is not None:
        if above.type == "for_statement":
            first = above.named_children[0]
            found |= (
                {text(one) for one in first.named_children} if first.type == "for_loop_parameters" else {text(first)}
            )
        above = above.parent
    return found


def calls(node: Node) -> Iterator[tuple[str, list[Node]]]:
    """Yield every function call: the name and the arguments."""
    for one in walk(node):
        if one.type == "call_expression":
            function = one.named_children[0]
            name = text(function).rpartition(".")[2]
            yield name, [part for part in one.named_children[-1].named_children if part.type != "comment"]


def outputs_asked(node: Node) -> Iterator[tuple[str, str]]:
    """Yield every `module.outputs.name` as module and name."""
    for one in walk(node):
        if one.type == "member_expression" and one.named_children[0].type == "member_expression":
            inner = one.named_children[0]
            if text(inner.named_children[-1]) == "outputs":
                yield text(inner.named_children[0]).partition("[")[0], text(one.named_children[-1])


def walk(node: Node) -> Iterator[Node]:
    """Yield the node and everything below it."""
    yield node
    for one in node.children:
        yield from walk(one)


def _broken(node: Node) -> bool:
    return node.type == "ERROR" or node.is_missing


def _description(decorators: Node) -> str:
    given: Mapping[str, list[Node]] = dict(calls(decorators))
    return literal(given["description"][0]) or "" if "description" in given else ""
