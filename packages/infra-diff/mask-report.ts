import type { Mask } from "./mask.ts";
import type { CodeDiff, Phrase, PropertyChange, Report, ResourceChange, StackDiff } from "./model.ts";

/** Masks what comes from elsewhere; the report's own words stay as they are, even where a secret is such a word. */
export function maskReport(report: Report, mask: Mask): Report {
  const phrase = (parts: Phrase): Phrase =>
    parts.map((part) => (typeof part === "string" ? part : { code: mask(part.code) }));
  const side = ({ name, ...rest }: Report["base"]): Report["base"] => ({ name: mask(name), ...rest });
  return {
    ...report,
    base: side(report.base),
    head: side(report.head),
    findings: report.findings.map((finding) => ({
      ...finding,
      stacks: finding.stacks.map(mask),
      phrase: phrase(finding.phrase),
    })),
    stacks: report.stacks.map((stack) => maskStack(stack, mask, phrase)),
    ...(report.code && { code: maskCode(report.code, mask) }),
    notes: report.notes.map(phrase),
  };
}

function maskStack(stack: StackDiff, mask: Mask, phrase: (parts: Phrase) => Phrase): StackDiff {
  const properties = (changes: PropertyChange[]) => changes.map((change) => maskProperty(change, mask));
  return {
    ...stack,
    stack: mask(stack.stack),
    problems: stack.problems.map(mask),
    notes: stack.notes.map(phrase),
    changes: stack.changes.map((change) => maskChange(change, mask)),
    outputs: properties(stack.outputs),
    settings: properties(stack.settings),
    graph: {
      ...stack.graph,
      nodes: stack.graph.nodes.map((node) => ({
        ...node,
        urn: mask(node.urn),
        type: mask(node.type),
        name: mask(node.name),
      })),
    },
  };
}

function maskChange(change: ResourceChange, mask: Mask): ResourceChange {
  const { urn, formerUrn, type, name, reasons, properties } = change;
  return {
    ...change,
    urn: mask(urn),
    ...(formerUrn !== undefined && { formerUrn: mask(formerUrn) }),
    type: mask(type),
    name: mask(name),
    reasons: reasons.map(({ path, because }) => ({
      path: mask(path),
      ...(because !== undefined && { because: mask(because) }),
    })),
    properties: properties.map((property) => maskProperty(property, mask)),
  };
}

function maskProperty({ path, former, now, ...rest }: PropertyChange, mask: Mask): PropertyChange {
  return {
    path: mask(path),
    ...(former !== undefined && { former: maskAll(former, mask) }),
    ...(now !== undefined && { now: maskAll(now, mask) }),
    ...rest,
  };
}

const maskCode = ({ files, artifacts, dependencies }: CodeDiff, mask: Mask): CodeDiff => ({
  files: files.map((file) => ({ ...file, path: mask(file.path) })),
  artifacts: artifacts.map((artifact) => ({ ...artifact, name: mask(artifact.name) })),
  dependencies: dependencies.map(({ name, former, now, ...rest }) => ({
    name: mask(name),
    ...(former !== undefined && { former: mask(former) }),
    ...(now !== undefined && { now: mask(now) }),
    ...rest,
  })),
});

/** Every text in a value, keys included. */
function maskAll(value: unknown, mask: Mask): unknown {
  if (typeof value === "string") return mask(value);
  if (Array.isArray(value)) return value.map((item) => maskAll(item, mask));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [mask(key), maskAll(inner, mask)]));
}
