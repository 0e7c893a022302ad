import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { appendFile, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DynamoDBClient, PutItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import { ChangeMessageVisibilityCommand, DeleteMessageCommand } from "@aws-sdk/client-sqs";
import { expect, onTestFinished, test } from "vitest";
import type { LocalAws } from "../aws.ts";
import { invoke } from "./support/aws-requests.ts";
import { bodiesOf, createPair, createSqs, receiveAll, sendAll, toClientConfig } from "./support/queues.ts";
import { createApi, createAws, createFunction, createTempFolder, send, type TestAws } from "./support/local-aws.ts";
import { ProviderClient } from "./support/provider-client.ts";

/** A local AWS in a process of its own. */
async function startInProcess(): Promise<TestAws & { child: ChildProcess }> {
  const dataDir = await createTempFolder();
  const child = fork(new URL("fixtures/killable.ts", import.meta.url), [dataDir]);
  onTestFinished(() => void child.kill("SIGKILL"));
  const [aws] = (await once(child, "message")) as [LocalAws];
  const provider = new ProviderClient(aws.providerPort);
  onTestFinished(() => provider.close());
  await provider.configure();
  const waitForTrace = () => Promise.reject(new Error("Its traces stay in its process"));
  return { aws, provider, dataDir, traces: [], waitForTrace, close: () => Promise.resolve(), child };
}

/** Resolves when a process is no more; the operating system has no event for a process that is not one's own child. */
async function waitForEnd(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // Where nobody collects orphans, one that has ended stays listed as a zombie.
    return process.platform !== "linux" || !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false; // Not listed any more.
  }
}

test.each([
  ["idle", "export const handler = async () => process.pid;"],
  // The answer goes out, and then nothing else of the handler's thread can.
  [
    "in an endless loop",
    "export const handler = async () => { setTimeout(() => { for (;;); }, 20); return process.pid; };",
  ],
])("a worker that is %s ends with its parent, whatever kills that", async (_, code) => {
  const aws = await startInProcess();
  const fn = await createFunction(aws, code);
  const pid = Number((await invoke(aws, fn.id, {})).body);
  expect(isAlive(pid)).toBe(true);

  aws.child.kill("SIGKILL");

  await waitForEnd(pid);
});

test("after a kill at any moment the next start continues from what was answered", async () => {
  const aws = await startInProcess();
  const api = await createApi(aws, "export const handler = async () => 'still here';");
  // More is under way when the kill comes.
  const underWay = createFunction(aws, "export const handler = async () => 1;").then(
    () => "made",
    () => "cut off",
  );
  const killed = once(aws.child, "exit");
  aws.child.kill("SIGKILL");
  await Promise.all([killed, underWay]);

  const next = await createAws({ dataDir: aws.dataDir });

  expect(await send(next, `${api.url}/webhook`)).toMatchObject({ status: 200, body: "still here" });
  expect((await next.provider.read(api.fn))?.outputs).toEqual(api.fn.outputs);
});

test("after a kill each queue is as it was told: order, what is in flight, counts, and what it must not take again", async () => {
  const aws = await startInProcess();
  const { queue, deadLetters } = await createPair(aws, 2, { visibilityTimeoutSeconds: 3600 });
  const client = createSqs(aws);
  await sendAll(client, queue, ["a/done", "a/1", "a/2", "b/1", "poison/x", "c/1"]);
  for (let receives = 1; receives <= 2; receives++)
    for (const { Body, ReceiptHandle, Attributes } of await receiveAll(client, queue)) {
      const isHidden = receives === 2 && Attributes?.MessageGroupId === "b";
      if (Body === "done") await client.send(new DeleteMessageCommand({ QueueUrl: queue.id, ReceiptHandle }));
      else if (!isHidden)
        await client.send(
          new ChangeMessageVisibilityCommand({ QueueUrl: queue.id, ReceiptHandle, VisibilityTimeout: 0 }),
        );
    }
  await sendAll(client, queue, ["a/3"]);
  const killed = once(aws.child, "exit");
  aws.child.kill("SIGKILL");
  await killed;

  const next = await createAws({ dataDir: aws.dataDir });
  const again = createSqs(next);
  await sendAll(again, queue, ["a/done", "a/3", "a/4"]);
  const received = await receiveAll(again, queue);

  expect(received.map(({ Body, Attributes }) => `${Body}#${Attributes?.ApproximateReceiveCount}`)).toEqual([
    "3#1",
    "4#1",
  ]);
  expect(bodiesOf(await receiveAll(again, deadLetters))).toEqual(["1", "2", "x", "1"]);
});

test("after a kill a table holds every item that it said it holds", async () => {
  const aws = await startInProcess();
  const table = await aws.provider.create("aws:dynamodb/table:Table", "events", {
    attributes: [{ name: "id", type: "S" }],
    hashKey: "id",
    billingMode: "PAY_PER_REQUEST",
  });
  const client = new DynamoDBClient(toClientConfig(aws));
  const answered: string[] = [];
  const put = async (id: string) => {
    await client.send(new PutItemCommand({ TableName: table.id, Item: { id: { S: id } } }));
    answered.push(id);
    // More of them are under way when the kill comes.
    if (answered.length === 10) aws.child.kill("SIGKILL");
  };
  const killed = once(aws.child, "exit");
  await Promise.allSettled(Array.from({ length: 50 }, (_, n) => put(`${n}`)));
  await killed;
  client.destroy();

  const next = await createAws({ dataDir: aws.dataDir });
  const again = new DynamoDBClient(toClientConfig(next));
  const { Items = [] } = await again.send(new ScanCommand({ TableName: table.id }));
  again.destroy();

  expect(Items.map(({ id }) => id?.S)).toEqual(expect.arrayContaining(answered));
});

test("after a kill a queue's file whose last line was cut off counts up to it", async () => {
  const first = await createAws();
  const { queue } = await createPair(first, 3);
  await sendAll(createSqs(first), queue, ["a/1"]);
  await first.close();
  await appendFile(join(first.dataDir, "sqs/messages.journal"), '[["arn:aws:sqs');

  const next = await createAws({ dataDir: first.dataDir });
  await sendAll(createSqs(next), queue, ["a/2"]);

  expect(bodiesOf(await receiveAll(createSqs(next), queue))).toEqual(["1", "2"]);
});

test("closing ends workers in the middle of an invocation", async () => {
  const aws = await createAws();
  const fn = await createFunction(
    aws,
    "export const handler = () => { console.log(process.pid); return new Promise(() => {}); };",
    {
      timeout: 60,
    },
  );
  const invoking = invoke(aws, fn.id, {}).catch((error: unknown) => error);
  const line = await aws.waitForTrace((trace) => trace.kind === "log" && /INFO/.test(trace.message));
  const pid = Number(line.kind === "log" && line.message.split("\t").at(-1));

  await aws.close();

  expect(isAlive(pid)).toBe(false);
  await invoking;
});

test("a start clears away code that no function has any more", async () => {
  const first = await createAws();
  const kept = await createFunction(first, "export const handler = async () => 'kept';");
  const gone = await createFunction(first, "export const handler = async () => 'gone';");
  await first.provider.delete(gone);
  await first.close();
  const second = await createAws({ dataDir: first.dataDir });

  const { hash } = kept.inputs["code"] as { hash: string };
  expect(await readdir(join(first.dataDir, "lambda/packages"))).toEqual([hash]);
  expect((await invoke(second, kept.id, {})).body).toBe("kept");
});

test("a data file that is damaged is reported by its name", async () => {
  const first = await createAws();
  await createFunction(first, "export const handler = async () => 1;");
  await first.close();
  await mkdir(join(first.dataDir, "apigatewayv2"), { recursive: true });
  await writeFile(join(first.dataDir, "apigatewayv2/apis.json"), "{");

  await expect(createAws({ dataDir: first.dataDir })).rejects.toThrow(/apis\.json is not readable/);
});
