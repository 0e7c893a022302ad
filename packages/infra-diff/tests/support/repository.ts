/** A small project in a git repository of its own, with this clone's dependencies. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = path.join(import.meta.dirname, "..", "..", "..", "..");

export interface Repository extends AsyncDisposable {
  path: string;
  write(files: Record<string, string>): Promise<void>;
  /** Answers the commit. */
  commit(message: string): Promise<string>;
  git(...args: string[]): Promise<string>;
}

export async function createRepository(files: Record<string, string>): Promise<Repository> {
  const folder = await mkdtemp(path.join(tmpdir(), "diff-test-"));
  const git = async (...args: string[]): Promise<string> => {
    const author = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com", "-c", "commit.gpgsign=false"];
    return (await run("git", [...author, ...args], { cwd: folder })).stdout.trim();
  };
  const write = async (changed: Record<string, string>): Promise<void> => {
    for (const [name, text] of Object.entries(changed)) {
      await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
      await writeFile(path.join(folder, name), text);
    }
  };
  const commit = async (message: string): Promise<string> => {
    await git("add", "--all");
    await git("commit", "--quiet", "--message", message);
    return git("rev-parse", "HEAD");
  };
  await git("init", "--quiet", "--initial-branch", "main");
  await symlink(path.join(root, "node_modules"), path.join(folder, "node_modules"));
  await write({ ".gitignore": "node_modules\n.artifacts\n", ...files });
  await commit("Begin");
  return {
    path: folder,
    write,
    commit,
    git,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A receiver with a queue; the settings name what it needs, as a fresh clone's do. */
export const project: Record<string, string> = {
  "package.json": '{ "name": "small", "type": "module" }\n',
  "package-lock.json": '{ "name": "small", "lockfileVersion": 3, "packages": { "": { "name": "small" } } }\n',
  "Pulumi.yaml": "name: small\nmain: infra/index.ts\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n",
  "Pulumi.dev.yaml": [
    "encryptionsalt: v1:dO0RFVFl7Gs=:v1:eIqpzOU3STh+br39:MtkX/4+oWxSTsuNCvfMHm361vKqzVw==",
    "config:",
    "  aws:region: eu-west-1",
    "  small:memory: 256",
    "  small:password:",
    "    secure: v1:AAAAAAAAAAAAAAAA:cGFzc3dvcmRwYXNzd29yZHBhc3N3b3Jk",
    "",
  ].join("\n"),
  "functions/handler.js": "export const handler = () => 200;\n",
  "infra/index.ts": `import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { zipSync } from "fflate";

const config = new pulumi.Config();
const file = "../.artifacts/handler.zip";
mkdirSync("../.artifacts", { recursive: true });
writeFileSync(file, zipSync({ "handler.js": [readFileSync("../functions/handler.js"), { mtime: new Date(1980, 0, 1) }] }));

const role = new aws.iam.Role("receiver", {
  assumeRolePolicy: aws.iam.getPolicyDocumentOutput({
    statements: [{ actions: ["sts:AssumeRole"], principals: [{ type: "Service", identifiers: ["lambda.amazonaws.com"] }] }],
  }).json,
});
const queue = new aws.sqs.Queue("events");
const receiver = new aws.lambda.Function("receiver", {
  runtime: "nodejs24.x",
  handler: "handler.handler",
  code: new pulumi.asset.FileArchive(file),
  role: role.arn,
  memorySize: config.requireNumber("memory"),
  environment: { variables: { QUEUE: queue.url, PASSWORD: config.requireSecret("password") } },
});
export const queueUrl = queue.url;
export const environment = process.env["LINE_CHANNEL_SECRET"] ?? "none";
`,
};
