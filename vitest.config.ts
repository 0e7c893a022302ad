import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** What takes longest begins first, so that no file is left to run alone at the end. In that order. */
const longest = [
  "engine/conformance/recordings",
  "infra/channel-webhook/engine",
  "e2e/faults",
  "e2e/start",
  "deploy/bootstrap/bootstrap",
  "deploy/doctor",
  "engine/cli/faults",
  "engine/cli/command",
  "deploy/credentials",
  "quality",
  "engine/conformance/scenarios",
  "engine/cli/automation",
  "engine/adapters/program",
  "infra/channel-webhook/canary",
  "infra/channel-webhook/model",
  "engine/adapters/attached-provider",
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
    include: ["tests/**/*.test.ts"],
    // Most of the time goes to processes that tests start: a core left to the runner would be idle.
    maxWorkers: "100%",
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: ["default", "./tests/reporter.ts"],
    sequence: { sequencer: LongestFirst },
  },
});
