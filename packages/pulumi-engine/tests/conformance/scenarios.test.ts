import { readFileSync, readdirSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type EngineEvent, runStackOperation } from "../../engine.ts";
import { parseUrn } from "../../values/urn.ts";
import { openFileBackend } from "../../backend/file-backend.ts";
import { readStackFile } from "../../project/stack-file.ts";
import { openSecretsManager } from "../../secrets/passphrase.ts";
import { createTempFolder } from "../support.ts";

/** One thing that is done; what is left out is not looked at. */
interface ScenarioOperation {
  do: "preview" | "up" | "refresh" | "destroy" | "world";
  /** Becomes the program, and stays it. */
  program?: string;
  targets?: string[];
  refresh?: boolean;
  result?: "failed";
  /** What the provider was asked for, in order. */
  calls?: string[];
  /** Steps that ended, the stack's own aside. */
  steps?: string[];
  changes?: Record<string, number>;
  outputs?: Record<string, unknown>;
  secretOutputs?: string[];
  says?: string[];
  /** Objects of `world` that are changed and removed by hand. */
  write?: Record<string, unknown>;
  remove?: string[];
}

interface Scenario {
  about: string;
  /** Secret settings. */
  config?: Record<string, string>;
  neverShown?: string[];
  operations: ScenarioOperation[];
}

const programs = join(import.meta.dirname, "fixtures");
const folders = readdirSync(programs, { withFileTypes: true }).filter((entry) => entry.isDirectory());
const scenarios = folders.map(({ name }) => {
  const scenario = JSON.parse(readFileSync(join(programs, name, "scenario.json"), "utf8")) as Scenario;
  return [scenario.about, name, scenario] as const;
});

async function createPlace(name: string, scenario: Scenario) {
  const folder = await createTempFolder();
  const at = (path: string) => join(folder.path, path);
  await mkdir(at("world"));
  await writeFile(at("calls"), "");
  const { PATH = "", HOME = "" } = process.env;
  const env = { PATH, HOME, PULUMI_CONFIG_PASSPHRASE: "p", WORLD: at("world"), CALLS: at("calls") };
  const common = { projectDir: folder.path, stack: "dev", backendUrl: `file://${at("state")}`, env, createStack: true };
  const use = (program: string) =>
    writeFile(
      at("Pulumi.yaml"),
      `name: shop\nmain: ${join(programs, name, program)}\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n`,
    );
  await use(scenario.operations[0]?.program ?? "one.ts");
  return { at, common, use, env, [Symbol.asyncDispose]: folder[Symbol.asyncDispose] };
}

/** A destroy of nothing makes the stack, so that it can have settings. */
async function setSecrets(
  place: Awaited<ReturnType<typeof createPlace>>,
  config: Record<string, string>,
): Promise<void> {
  await runStackOperation({ ...place.common, kind: "destroy" });
  const file = await readStackFile(place.at("Pulumi.dev.yaml"), "shop");
  const cipher = await openSecretsManager(file.encryptionSalt() ?? "", place.env).unlock();
  for (const [key, value] of Object.entries(config)) file.set(`shop:${key}`, [], { secure: cipher.encrypt(value) });
  await file.save();
}

function finishedSteps(events: EngineEvent[]): string[] {
  return events.flatMap(({ resOutputsEvent }) => {
    const step = resOutputsEvent?.metadata;
    if (!step || step.op === "same" || !step.type.startsWith("pulumi-nodejs:")) return [];
    return [`${step.op} ${parseUrn(step.urn).name}`];
  });
}

describe("the engine", () => {
  it.concurrent.each(scenarios)("%s", { timeout: 300_000 }, async (_about, name, scenario) => {
    await using place = await createPlace(name, scenario);
    if (scenario.config) await setSecrets(place, scenario.config);
    const shown: EngineEvent[] = [];

    for (const [index, operation] of scenario.operations.entries()) {
      if (operation.program) await place.use(operation.program);
      if (operation.do === "world") {
        for (const [id, content] of Object.entries(operation.write ?? {}))
          await writeFile(place.at(`world/${id}`), JSON.stringify(content));
        for (const id of operation.remove ?? []) await rm(place.at(`world/${id}`));
        continue;
      }
      await writeFile(place.at("calls"), "");
      const events: EngineEvent[] = [];
      const { targets = [], refresh } = operation;
      const ended = await runStackOperation({
        ...place.common,
        kind: operation.do,
        options: { targets, refresh },
        onEvent: (event) => events.push(event),
      });
      shown.push(...events);

      const calls = (await readFile(place.at("calls"), "utf8"))
        .split("\n")
        .filter((line) => line !== "" && !line.startsWith("read"));
      const said = events.map(({ diagnosticEvent }) => diagnosticEvent?.message ?? "").join("");
      const seen = { ...ended, calls, steps: finishedSteps(events) };
      const { do: _do, program: _program, says = [], targets: _targets, refresh: _refresh, ...expected } = operation;
      expect(seen, `operation ${index}: ${said}`).toMatchObject({ result: "succeeded", ...expected });
      expect(ended.changes, `operation ${index}`).toEqual(operation.changes ?? ended.changes);
      for (const phrase of says) expect(said).toContain(phrase);
    }

    const backend = await openFileBackend(place.common.backendUrl, "/");
    const state = await readFile(join(backend.root, ".pulumi", "stacks", "shop", "dev.json"), "utf8");
    for (const text of scenario.neverShown ?? []) expect(JSON.stringify(shown) + state).not.toContain(text);
  });
});
