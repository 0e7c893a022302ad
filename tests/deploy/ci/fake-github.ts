/** GitHub's REST API on loopback, as far as the workflows' scripts call it: pages, limits and failures included. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";

interface Comment {
  id: number;
  body: string;
  user: { login: string; type: string };
}
export interface Issue {
  number: number;
  title: string;
  body: string;
  state: "open" | "closed";
  labels: { name: string }[];
  user: { login: string };
  comments: string[];
  pull_request?: object;
}

export const repository = "octo-org/line-bot";
export const bot = { login: "github-actions[bot]", type: "Bot" };

export interface Failure {
  method: string;
  path: RegExp;
  status: number;
  headers?: Record<string, string>;
  /** What was asked for is done all the same. */
  afterwards?: true;
}

/** Each list has pages of ten, whatever is asked for. */
const pageSize = 10;

export async function startFakeGithub() {
  const world = {
    comments: [] as Comment[],
    /** Labels of the pull request, and of the repository. */
    labels: [] as string[],
    knownLabels: [] as { name: string; color: string }[],
    pulls: [] as object[],
    artifacts: [] as { id: number; name: string; expired: boolean; size_in_bytes: number }[],
    zip: new Uint8Array(),
    issues: [] as Issue[],
    /** Each is used once. */
    failures: [] as Failure[],
    /** What was asked for, as `GET /path`. */
    requests: [] as string[],
  };
  let lastId = 1000;
  const nextId = () => ++lastId;
  const at = `/repos/${repository}`;
  const byId = (id: string | undefined) => world.comments.findIndex((each) => each.id === Number(id));
  const byNumber = (number: string | undefined) => world.issues.find((each) => each.number === Number(number));

  type Answer = { status: number; body?: unknown };
  type Route = [method: string, path: RegExp, act: (match: string[], body: never, url: URL) => Answer];
  const routes: Route[] = [
    ["GET", /^\/pulls$/, (_, _body, url) => list(world.pulls.filter((pull) => isFrom(pull, url)))],
    ["GET", /^\/issues\/\d+\/comments$/, () => list(world.comments)],
    [
      "POST",
      /^\/issues\/(\d+)\/comments$/,
      ([, number], { body }: { body: string }) => {
        const issue = byNumber(number);
        if (issue === undefined) world.comments.push({ id: nextId(), body, user: bot });
        else issue.comments.push(body);
        return { status: 201, body: {} };
      },
    ],
    [
      "PATCH",
      /^\/issues\/comments\/(\d+)$/,
      ([, id], { body }: { body: string }) => {
        Object.assign(world.comments[byId(id)] ?? {}, { body });
        return { status: 200, body: {} };
      },
    ],
    [
      "DELETE",
      /^\/issues\/comments\/(\d+)$/,
      ([, id]) => {
        world.comments.splice(byId(id), 1);
        return { status: 204 };
      },
    ],
    ["GET", /^\/issues\/\d+\/labels$/, () => list(world.labels.map((name) => ({ name })))],
    [
      "POST",
      /^\/issues\/\d+\/labels$/,
      (_, { labels }: { labels: string[] }) => {
        world.labels.push(...labels);
        return { status: 200, body: [] };
      },
    ],
    [
      "DELETE",
      /^\/issues\/\d+\/labels\/(.+)$/,
      ([, name = ""]) => {
        world.labels.splice(world.labels.indexOf(decodeURIComponent(name)), 1);
        return { status: 200, body: [] };
      },
    ],
    [
      "POST",
      /^\/labels$/,
      (_, label: { name: string; color: string }) => {
        if (world.knownLabels.some(({ name }) => name === label.name))
          return { status: 422, body: { message: "Validation Failed" } };
        world.knownLabels.push(label);
        return { status: 201, body: {} };
      },
    ],
    ["GET", /^\/actions\/runs\/\d+\/artifacts$/, () => list(world.artifacts)],
    ["GET", /^\/actions\/artifacts\/\d+\/zip$/, () => ({ status: 200, body: world.zip })],
    ["GET", /^\/issues$/, (_, _body, url) => list(world.issues.filter((issue) => isWanted(issue, url)))],
    [
      "POST",
      /^\/issues$/,
      (_, given: { title: string; body: string; labels: string[] }) => {
        const number = nextId();
        const labels = given.labels.map((name) => ({ name }));
        world.issues.push({ ...given, number, labels, state: "open", user: bot, comments: [] });
        return { status: 201, body: { number } };
      },
    ],
    [
      "PATCH",
      /^\/issues\/(\d+)$/,
      ([, number], change: object) => {
        Object.assign(byNumber(number) ?? {}, change);
        return { status: 200, body: {} };
      },
    ],
  ];

  async function answer(request: IncomingMessage, response: ServerResponse, origin: string) {
    const url = new URL(request.url ?? "", origin);
    const { method = "" } = request;
    const path = url.pathname.slice(at.length);
    world.requests.push(`${method} ${path}`);
    const given = await text(request);
    if (request.headers.authorization !== "Bearer token-of-the-job")
      return send({ status: 401, body: { message: "Bad credentials" } });
    const route = routes.find(([of, pattern]) => of === method && url.pathname.startsWith(at) && pattern.test(path));
    if (route === undefined) return send({ status: 404, body: { message: "Not Found" } });
    const failing = world.failures.findIndex((each) => each.method === method && each.path.test(path));
    const [failure] = failing === -1 ? [] : world.failures.splice(failing, 1);
    const [, pattern, act] = route;
    const done =
      failure !== undefined && failure.afterwards === undefined
        ? undefined
        : act([...(pattern.exec(path) ?? [])], (given === "" ? {} : JSON.parse(given)) as never, url);
    if (failure !== undefined) return send({ status: failure.status, body: { message: "Not now" } }, failure.headers);
    return send(done ?? { status: 500 });

    function send({ status, body }: Answer, headers: Record<string, string> = {}) {
      const { paged, more } = toPage(body, url);
      const link = more === undefined ? {} : { link: `<${more}>; rel="next", <${origin}/>; rel="first"` };
      response.writeHead(status, { ...headers, ...link });
      response.end(paged instanceof Uint8Array ? paged : paged === undefined ? "" : JSON.stringify(paged));
    }
  }

  const server = createServer((request, response) => {
    answer(request, response, origin).catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  return { ...world, world, url: origin };
}

class List {
  readonly items: object[];

  constructor(items: object[]) {
    this.items = items;
  }
}

const list = (items: object[]) => ({ status: 200, body: new List(items) });

function toPage(body: unknown, url: URL): { paged: unknown; more?: string } {
  if (!(body instanceof List)) return { paged: body };
  const page = Number(url.searchParams.get("page") ?? 1);
  const items = body.items.slice((page - 1) * pageSize, page * pageSize);
  const paged = url.pathname.endsWith("/artifacts") ? { total_count: body.items.length, artifacts: items } : items;
  if (body.items.length <= page * pageSize) return { paged };
  const next = new URL(url);
  next.searchParams.set("page", String(page + 1));
  return { paged, more: next.href };
}

const isFrom = (pull: object, url: URL) => (pull as { label: string }).label === url.searchParams.get("head");

const isWanted = ({ state, labels }: Issue, url: URL) =>
  state === url.searchParams.get("state") && labels.some(({ name }) => name === url.searchParams.get("labels"));
