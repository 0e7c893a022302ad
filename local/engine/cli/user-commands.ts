import { userInfo } from "node:os";
import type { Command } from "./arguments.ts";
import { openContext } from "./context.ts";
import { printJson, printLine } from "./print.ts";

export async function whoami(command: Command): Promise<void> {
  const { backend } = await openContext(command);
  const user = userInfo().username;
  if (command.flags.on("json")) return printJson({ user, url: backend.url });
  printLine(command.flags.on("verbose") ? `User: ${user}\nBackend URL: ${backend.url}` : user);
}
