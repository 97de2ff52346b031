// Parses Power Query files with Microsoft's parser and prints, as JSON, what it found in each.
//
//   node scripts/check_m.cjs <node_modules> <file>...
//
// For each file: the kind of document (Section or an expression), the error if it cannot be parsed, the names that a
// section declares, which of them it shares, and every name that an expression calls.
"use strict";
const fs = require("fs");
const path = require("path");

const [modules, ...files] = process.argv.slice(2);
const parser = require(path.join(modules, "@microsoft/powerquery-parser"));
const Kind = parser.Language.Ast.NodeKind;

function* walk(node) {
  if (node === null || typeof node !== "object") return;
  if (node.kind !== undefined) yield node;
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) for (const one of value) yield* walk(one);
    else if (value && typeof value === "object" && value.kind !== undefined) yield* walk(value);
  }
}

function facts(root) {
  const found = { kind: root.kind, declared: [], shared: [], called: [] };
  for (const node of walk(root)) {
    if (node.kind === Kind.SectionMember) {
      const name = node.namePairedExpression.key.literal;
      found.declared.push(name);
      if (node.maybeSharedConstant || node.sharedConstant) found.shared.push(name);
    }
    if (node.kind === Kind.RecursivePrimaryExpression && node.head.kind === Kind.IdentifierExpression) {
      const first = node.recursiveExpressions.elements[0];
      if (first && first.kind === Kind.InvokeExpression) found.called.push(node.head.identifier.literal);
    }
  }
  return found;
}

async function check(file) {
  const result = await parser.TaskUtils.tryLexParse(parser.DefaultSettings, fs.readFileSync(file, "utf8"));
  if (!parser.TaskUtils.isParseStageOk(result)) return { error: result.error.message };
  return facts(result.ast);
}

(async () => {
  const found = {};
  for (const file of files) found[file] = await check(file);
  process.stdout.write(JSON.stringify(found, null, 1) + "\n");
})();
