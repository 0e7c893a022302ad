/** The project's own copy of the Pulumi SDK, whose programs the engine hosts. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { UserError } from "@pulumi-line-bot/kit/user-error";

/** Path of a script such as `cmd/run`. */
export function resolveSdkScript(folder: string, script: string): string {
  try {
    return createRequire(join(folder, "package.json")).resolve(`@pulumi/pulumi/${script}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    throw new UserError(`@pulumi/pulumi is not installed for the program in ${folder}; run \`npm install\` there`);
  }
}
