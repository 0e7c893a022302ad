import { userInfo } from "node:os";
import type { Command } from "./arguments.ts";
import { openContext } from "./context.ts";
import { printJson, printLine } from "./print.ts";

export async function whoami(command: Command): Promise<void> {
  const { backend } = await openContext(command);
  const user = userInfo().username;
  if (command.flags.on("json")) return printJson({ user, url: backend.url });
  if (!command.flags.on("verbose")) return printLine(user);
  // A file backend knows no organizations and no tokens; these are the CLI's words for that.
  printLine(`User: ${user}\nOrganizations: \nBackend URL: ${backend.url}\nToken type: personal`);
}
