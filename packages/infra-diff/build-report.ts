/** Makes the report of what was evaluated: findings in words, and everything through the mask. */
import { unwrapSecret, isSecret, someValue } from "@pulumi-line-bot/pulumi-engine/values/properties";
import type { PropertyValue, Snapshot } from "@pulumi-line-bot/pulumi-engine/contracts/contracts";
import { createMask } from "./mask.ts";
import { maskReport } from "./mask-report.ts";
import type { CodeDiff, Phrase, Report } from "./model.ts";
import type { StackResult } from "./stack-diff.ts";
import { findingsIn } from "./words/findings.ts";
import { labelsOf } from "./labels.ts";

export interface ReportParts {
  mode: Report["mode"];
  base: Report["base"];
  head: Report["head"];
  stacks: StackResult[];
  code: CodeDiff | undefined;
  notes: Phrase[];
  /** Values that must not be shown, wherever they turn up. */
  secrets: Iterable<string>;
}

export function buildReport({ stacks, secrets, code, ...about }: ReportParts): Report {
  const findings = findingsIn(stacks);
  const diffs = stacks.map(({ diff }) => diff);
  const report: Report = {
    version: 1,
    ...about,
    labels: labelsOf(diffs, findings, code),
    findings,
    stacks: diffs,
    ...(code && { code }),
  };
  return maskReport(report, createMask(secrets));
}

/** Every text that a state holds for a secret. */
export function secretsIn({ resources }: Snapshot): Set<string> {
  const found = new Set<string>();
  const collect = (value: PropertyValue): boolean => {
    if (isSecret(value)) {
      const inner = unwrapSecret(value);
      found.add(typeof inner === "string" ? inner : JSON.stringify(inner));
    }
    return false;
  };
  for (const { inputs = {}, outputs = {} } of resources) {
    someValue(inputs, collect);
    someValue(outputs, collect);
  }
  return found;
}
