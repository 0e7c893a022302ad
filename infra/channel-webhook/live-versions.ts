import type * as Lambda from "@aws-sdk/client-lambda";
import * as v from "valibot";
import { messageOf } from "@pulumi-line-bot/kit/message-of";
import { clientConfigFor } from "../aws-client.ts";
import type { AwsSettings } from "../aws-settings.ts";
import type { EngineLog } from "../engine-log.ts";

/** Which version of a function an alias stands for. */
export const liveVersion = v.object({ aliasArn: v.string(), version: v.string() });
export type LiveVersion = v.InferOutput<typeof liveVersion>;

export interface Aliases {
  getVersion(aliasArn: string): Promise<string>;
  setVersion(aliasArn: string, version: string): Promise<void>;
}

interface Move {
  wanted: LiveVersion[];
  /** What was live before: proved, or seen by a refresh. */
  former: LiveVersion[];
}

/**
 * Makes a proof of what is to be live. Where it fails, the aliases go back to the versions before:
 * a bot that answered goes on answering.
 * @throws what the proof threw.
 */
export async function proveLive<T>(
  { aliases, log }: { aliases: Aliases; log: EngineLog },
  { wanted, former }: Move,
  prove: () => Promise<T>,
): Promise<T> {
  const moves = wanted.filter(({ aliasArn, version }) =>
    former.some((before) => before.aliasArn === aliasArn && before.version !== version),
  );
  if (moves.length === 0) return prove();
  try {
    // A proof that failed before has put them back, and the engine's state does not know.
    for (const move of moves) await point(aliases, move);
    return await prove();
  } catch (error) {
    const formers = former.filter(({ aliasArn }) => moves.some((move) => move.aliasArn === aliasArn));
    log.warn(await putBack(aliases, formers));
    throw error;
  }
}

async function point(aliases: Aliases, { aliasArn, version }: LiveVersion): Promise<void> {
  if ((await aliases.getVersion(aliasArn)) !== version) await aliases.setVersion(aliasArn, version);
}

/** Each of them, whatever becomes of the others. */
async function putBack(aliases: Aliases, formers: LiveVersion[]): Promise<string> {
  const results = await Promise.all(
    formers.map(async (former) => {
      const name = former.aliasArn.split(":").slice(-2).join(":");
      try {
        await point(aliases, former);
        return `${name} is at version ${former.version} again.`;
      } catch (error) {
        return `${name} could not be put back to version ${former.version}: ${messageOf(error)}`;
      }
    }),
  );
  return results.join(" ");
}

/** What the aliases stand for now, as the property of the state. */
export async function readLive(aliases: Aliases, known: LiveVersion[]): Promise<{ live?: LiveVersion[] }> {
  if (known.length === 0) return {};
  const live = known.map(async ({ aliasArn }) => ({ aliasArn, version: await aliases.getVersion(aliasArn) }));
  return { live: await Promise.all(live) };
}

/** Lambda's own. An alias's ARN ends with the function's name and its own. */
export function openAliases(aws: AwsSettings): Aliases {
  const call = async <T>(aliasArn: string, use: (tools: Tools) => Promise<T>): Promise<T> => {
    const [FunctionName = "", Name = ""] = aliasArn.split(":").slice(-2);
    // Loaded when needed: most deployments move no alias.
    const lambda = await import("@aws-sdk/client-lambda");
    const client = new lambda.LambdaClient(clientConfigFor(aliasArn, aws));
    try {
      return await use({ lambda, client, alias: { FunctionName, Name } });
    } finally {
      client.destroy();
    }
  };
  return {
    getVersion: (aliasArn) =>
      call(aliasArn, async ({ lambda, client, alias }) => {
        const { FunctionVersion = "" } = await client.send(new lambda.GetAliasCommand(alias));
        return FunctionVersion;
      }),
    setVersion: (aliasArn, version) =>
      call(aliasArn, async ({ lambda, client, alias }) => {
        await client.send(new lambda.UpdateAliasCommand({ ...alias, FunctionVersion: version }));
      }),
  };
}

interface Tools {
  lambda: typeof Lambda;
  client: Lambda.LambdaClient;
  alias: { FunctionName: string; Name: string };
}
