import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { thingClass } from "../program.ts";
import { createWithStack, printed, run, start } from "./command.ts";

const cli = "pulumi";
const there = spawnSync(cli, ["version"]).status === 0;

const program = `${thingClass}
  const config = new pulumi.Config();
  const a = new Thing("a", { key: config.requireSecret("password"), tags: { list: [1, null, "x"] } });
  new Thing("b", { of: a.address }, { protect: false, dependsOn: [a] });
  export const address = a.address;
  export const hidden = config.requireSecret("password");
`;

const unchanged = ["preview", "--expect-no-changes", "--non-interactive", "--stack", "dev"];
const update = ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", "dev"];

describe.skipIf(!there)("the Pulumi CLI and the engine, on one state", () => {
  it.each([
    ["the engine", "the CLI", {}, { command: cli }],
    ["the CLI", "the engine", { command: cli }, {}],
  ])("what %s wrote, %s reads and finds unchanged", { timeout: 300_000 }, async (_writer, _reader, writer, reader) => {
    await using folder = await createWithStack(program);
    await run(folder, ["config", "set", "--secret", "password", "hunter2", "--stack", "dev"], writer);

    const written = await run(folder, update, writer);
    const read = await run(folder, unchanged, reader);
    const outputs = await run(folder, ["stack", "output", "--json", "--show-secrets", "--stack", "dev"], reader);
    const password = await run(folder, ["config", "get", "password", "--stack", "dev"], reader);
    const history = await run(folder, ["stack", "history", "--json", "--stack", "dev"], reader);

    expect(written.code).toBe(0);
    expect(read).toMatchObject({ code: 0 });
    expect(JSON.parse(outputs.stdout)).toEqual({ address: "thing://a", hidden: "hunter2" });
    expect(password.stdout).toBe("hunter2\n");
    expect(JSON.parse(history.stdout)).toMatchObject([{ kind: "update", result: "succeeded" }]);
  });

  it("the CLI goes on from where the engine was killed", { timeout: 300_000 }, async () => {
    await using folder = await createWithStack(`${thingClass} new Thing("a"); new Thing("b", { slow: 60000 });`);
    const { child, ended } = start(folder, update);
    await printed(child, "a created");
    child.kill("SIGKILL");
    await ended;
    await folder.write(`${thingClass} new Thing("a"); new Thing("b");`);

    const locked = await run(folder, update, { command: cli });
    await run(folder, ["cancel", "--yes", "--stack", "dev"], { command: cli });
    const next = await run(folder, update, { command: cli });

    expect(locked.stdout + locked.stderr).toContain("currently locked by 1 lock");
    expect(next.code).toBe(0);
    expect(next.stdout + next.stderr).toContain("interrupted while creating");
  });
});
