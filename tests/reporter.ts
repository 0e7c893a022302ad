import type { Reporter, TestModule } from "vitest/node";

/** Ends the run with one plain line that a script can read. */
export default class SummaryLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    const flaky: string[] = [];
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      for (const test of tests) {
        counts[toCount(test.result().state)] += 1;
        if (test.diagnostic()?.flaky === true) flaky.push(`${module.relativeModuleId} > ${test.fullName}`);
      }
      // A file that does not load has no tests to count.
      if (!module.ok() && tests.every((test) => test.result().state !== "failed")) counts.failed += 1;
    }
    if (flaky.length > 0) process.stdout.write(["\nPassed at the second try only:", ...flaky, ""].join("\n  "));
    const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
    process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed${skipped}\n`);
  }
}

function toCount(state: "passed" | "failed" | "skipped" | "pending"): "passed" | "failed" | "skipped" {
  return state === "pending" ? "skipped" : state;
}
