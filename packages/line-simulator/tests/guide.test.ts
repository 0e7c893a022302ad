import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { defaultBehaviour } from "../behaviour.ts";
import { isAction } from "../console/actions.ts";
import { startLineSimulator } from "../simulator.ts";

const guide = await readFile(new URL("../../../docs/line-simulator.md", import.meta.url), "utf8");

it("names every action of the console, and none that is not there", async () => {
  const line = await startLineSimulator();
  const actions = Object.keys(line.console).filter((name) => name !== "nextMessage");
  await line.close();
  const table = /## The console\n([\s\S]*?)\n`GET/.exec(guide)![1]!;
  const named = [...table.matchAll(/`([a-z]\w+)`/gi)].map(([, name]) => name!);
  const switches = /`setSettings`: (.*) \|/.exec(table)![1]!;

  expect(actions.filter((name) => !named.includes(name))).toEqual([]);
  expect(named.filter((name) => !isAction(name) && !switches.includes(`\`${name}\``))).toEqual([]);
});

it("states the default of everything that LINE leaves open", () => {
  const table = /## What LINE does not document\n([\s\S]*?)\n## /.exec(guide)![1]!;
  const rows = [...table.matchAll(/^\| `(\w+)` +\|[^|]+\|([^|]+)\|$/gm)];
  const stated = Object.fromEntries(rows.map(([, name, value]) => [name, value!.trim()]));

  const defaults = Object.entries(defaultBehaviour).map(([name, value]) => [name, String(value)]);
  expect(stated).toEqual(Object.fromEntries(defaults));
});
