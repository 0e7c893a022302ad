import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseDocument } from "yaml";
import { stackFile } from "./local-settings.ts";
import type { StackPlace } from "./stack-place.ts";
import { withTemporaryFolder } from "./temporary-folder.ts";

/**
 * `--take-over <url>`: the stack's settings with a consent for this one operation. They are a copy, as Pulumi writes
 * what `--config` gives into the stack's own file, and a consent that stays is one for the next living bot there.
 */
export async function withConsent<T>(
  place: StackPlace,
  takeOver: string | undefined,
  use: (place: StackPlace) => Promise<T>,
): Promise<T> {
  if (takeOver === undefined) return use(place);
  const { stack, pulumi } = place;
  const settings = parseDocument(await readFile(pulumi.configFile ?? stackFile(stack), "utf8"));
  settings.setIn(["config", "line:takeOver"], takeOver);
  return withTemporaryFolder("consent-", async (folder) => {
    const configFile = path.join(folder, path.basename(stackFile(stack)));
    await writeFile(configFile, String(settings));
    return use({ ...place, pulumi: { ...pulumi, configFile } });
  });
}
