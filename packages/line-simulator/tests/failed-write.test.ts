import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { devChannel } from "../seed.ts";
import { startLineSimulator } from "../simulator.ts";

describe("a write that fails", () => {
  it("fails the call that waits for it, and no other once there is room again", async () => {
    const dataDir = await mkdtemp(path.join(tmpdir(), "contents-"));
    onTestFinished(() => rm(dataDir, { recursive: true }));
    const folder = path.join(dataDir, "contents");
    const first = await startLineSimulator({ dataDir });
    await rm(folder, { recursive: true });
    await writeFile(folder, "a file where the folder was");

    /** A setting is on disk when it is answered. */
    const setWebhook = () =>
      fetch(`${first.url}/v2/bot/channel/webhook/endpoint`, {
        method: "PUT",
        headers: { authorization: `Bearer ${devChannel.channelAccessToken}`, "content-type": "application/json" },
        body: JSON.stringify({ endpoint: "https://localhost:1/webhook" }),
      });
    const [person] = (await first.console.overview()).channels[0]?.people ?? [];
    const mei = { channelId: devChannel.channelId, userId: person?.userId ?? "" };
    await first.console.sendFile({ ...mei, fileName: "a.txt", base64: "YQ==" });
    const failed = await setWebhook();
    await rm(folder);
    await mkdir(folder);
    const next = await setWebhook();
    await first.close();

    expect([failed.status, next.status]).toEqual([500, 200]);
    const files = await readdir(folder);
    expect(await Promise.all(files.map((file) => readFile(path.join(folder, file), "utf8")))).toEqual(["a"]);
  });
});
