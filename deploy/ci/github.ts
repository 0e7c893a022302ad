import { setTimeout } from "node:timers/promises";
import * as v from "valibot";
import { UserError } from "@pulumi-line-bot/kit/user-error";

type Method = "GET" | "POST" | "PATCH" | "PUT" | "DELETE";

export interface GithubPlace {
  /** `https://api.github.com`, or a company's own. */
  apiUrl: string;
  /** Without one, only what is public can be read. */
  token?: string | undefined;
  /** How often a call is made before it fails. Default: 5, with some seconds in between. */
  tries?: number;
  /** Whose waits these are; a test does not wait. */
  wait?: (ms: number) => Promise<unknown>;
}

/** GitHub's REST API, as far as the workflows need it. */
export interface Github {
  /** @throws {GithubError} for an answer that is no success, and when the answer has another form. */
  send<T>(method: Method, path: string, answer: v.GenericSchema<unknown, T>, body?: unknown): Promise<T>;
  /** All pages of a list, which stands in the answer or under a name in it. */
  list<T>(path: string, item: v.GenericSchema<unknown, T>, under?: string): Promise<T[]>;
  /** A file, at most so many bytes of it. */
  download(path: string, mostBytes: number): Promise<Uint8Array>;
}

export class GithubError extends UserError {
  readonly status: number;

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

export const nothing = v.unknown();

/** What the runner tells every step. */
export function readPlace(env: NodeJS.ProcessEnv): GithubPlace {
  return { apiUrl: env["GITHUB_API_URL"] ?? "https://api.github.com", token: env["GITHUB_TOKEN"] ?? env["GH_TOKEN"] };
}

/** A job has some minutes: a limit that ends later than this is an error. */
const longestWaitMs = 90_000;

export function openGithub({ apiUrl, token, tries = 5, wait = setTimeout }: GithubPlace): Github {
  const headers = {
    accept: "application/vnd.github+json",
    "x-github-api-version": "2022-11-28",
    "user-agent": "line-bot",
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  const call = async (method: Method, url: string, body?: unknown): Promise<Response> => {
    const request = {
      method,
      headers: { ...headers, ...(body !== undefined && { "content-type": "application/json" }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    };
    for (let tried = 1; ; tried++) {
      const answer = await fetch(url, request).catch((error: unknown) => new Unreachable(error));
      if (answer instanceof Response && answer.ok) return answer;
      const delayMs = delayFor(answer, method, tried);
      if (delayMs === undefined || delayMs > longestWaitMs || tried >= tries) throw await toError(request, url, answer);
      if (answer instanceof Response) await answer.body?.cancel();
      await wait(delayMs);
    }
  };
  return {
    async send<T>(method: Method, path: string, schema: v.GenericSchema<unknown, T>, body?: unknown) {
      const answer = await call(method, `${apiUrl}${path}`, body);
      const text = await answer.text();
      return v.parse(schema, text === "" ? undefined : JSON.parse(text));
    },
    async list<T>(path: string, item: v.GenericSchema<unknown, T>, under?: string) {
      const items: T[] = [];
      const page =
        under === undefined
          ? v.array(item)
          : v.pipe(
              v.object({ [under]: v.array(item) }),
              v.transform((of) => of[under] ?? []),
            );
      let url: string | undefined = `${apiUrl}${path}${path.includes("?") ? "&" : "?"}per_page=100`;
      while (url !== undefined) {
        const answer: Response = await call("GET", url);
        items.push(...v.parse(page, await answer.json()));
        url = nextPage(answer, apiUrl);
      }
      return items;
    },
    async download(path, mostBytes) {
      const answer = await call("GET", `${apiUrl}${path}`);
      const chunks: Uint8Array[] = [];
      let length = 0;
      for await (const chunk of answer.body ?? []) {
        length += chunk.byteLength;
        if (length > mostBytes) throw new UserError(`${path} has more than ${mostBytes} bytes`);
        chunks.push(chunk);
      }
      return Buffer.concat(chunks);
    },
  };
}

/**
 * How long GitHub asks to wait; undefined: to try again would not help, or could do a thing twice.
 * @see https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
 */
function delayFor(answer: Response | Unreachable, method: Method, tried: number): number | undefined {
  // Nobody knows whether it was done: only what can be done twice is tried again.
  const again = method === "POST" ? undefined : backOff(tried);
  if (answer instanceof Unreachable) return again;
  const { status, headers } = answer;
  const retryAfter = headers.get("retry-after");
  const isLimited = status === 429 || (status === 403 && (retryAfter ?? headers.get("x-ratelimit-remaining")) !== null);
  if (!isLimited) return status >= 500 ? again : undefined;
  if (retryAfter !== null) return Number(retryAfter) * 1000;
  if (headers.get("x-ratelimit-remaining") !== "0") return status === 429 ? backOff(tried) : undefined;
  return Math.max(0, Number(headers.get("x-ratelimit-reset")) * 1000 - Date.now());
}

const backOff = (tried: number) => 1000 * 2 ** (tried - 1);

/** @throws {UserError} for a page elsewhere: our token is not for it. */
function nextPage({ headers }: Response, apiUrl: string): string | undefined {
  const next = /<([^>]+)>;\s*rel="next"/.exec(headers.get("link") ?? "")?.[1];
  if (next === undefined || next.startsWith(`${apiUrl}/`)) return next;
  throw new UserError(`GitHub's list goes on at ${next}, which is not below ${apiUrl}`);
}

class Unreachable {
  readonly cause: unknown;

  constructor(cause: unknown) {
    this.cause = cause;
  }
}

async function toError({ method }: { method: Method }, url: string, answer: Response | Unreachable): Promise<Error> {
  const where = `${method} ${new URL(url).pathname}`;
  if (answer instanceof Unreachable) {
    return new GithubError(0, `${where}: GitHub could not be reached`, { cause: answer.cause });
  }
  const message = /"message"\s*:\s*"([^"]{0,200})/.exec(await answer.text())?.[1] ?? answer.statusText;
  return new GithubError(answer.status, `${where}: GitHub answered ${answer.status} (${message})`);
}
