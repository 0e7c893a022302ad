import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** What takes longest begins first, so that no file is left to run alone at the end. In that order. */
const longest = [
  "pulumi-engine/tests/conformance/recordings",
  "e2e/faults",
  "infra/channel-webhook/engine",
  "e2e/chaos",
  "e2e/start",
  "quality",
  "pulumi-engine/tests/cli/command",
  "pulumi-engine/tests/cli/automation",
  "pulumi-engine/tests/cli/faults",
  "deploy/diff/command",
  "e2e/promotion",
  "pulumi-engine/tests/conformance/scenarios",
  "deploy/bootstrap/bootstrap",
  "deploy/first-deployment",
  "deploy/credentials",
  "deploy/doctor",
  "pulumi-engine/tests/adapters/program",
  "aws-offline/tests/event-source",
  "pulumi-engine/tests/adapters/attached-provider",
  "infra/channel-webhook/model",
  "infra-diff/tests/commits",
  "deploy/ci/report",
  "deploy/ci/plan",
  "infra/library",
  "pulumi-engine/tests/engine",
  "e2e/operations",
];

function rank({ moduleId }: TestSpecification): number {
  const place = longest.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
  return place === -1 ? longest.length : place;
}

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other));
  }
}

export default defineConfig({
  test: {
    include: ["{packages/*/,}tests/**/*.test.ts"],
    // Most of the time goes to processes that tests start or wait for: with one file more than cores, none is idle.
    maxWorkers: availableParallelism() + 1,
    // Hundreds of processes share the machine: one that is late may try again, and the summary names it.
    retry: 1,
    testTimeout: 120_000,
    // A poll has no limit of its own.
    expect: { poll: { timeout: 120_000 } },
    hookTimeout: 120_000,
    reporters: ["default", "./tests/reporter.ts"],
    sequence: { sequencer: LongestFirst },
  },
});
