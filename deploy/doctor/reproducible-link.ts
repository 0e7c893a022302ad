import { root } from "../local-stack.ts";
import { type Finding, link } from "./link.ts";
import { findLooseDependencies, findUncommitted, reproduce } from "./reproduce.ts";

export const reproducible = link({
  name: "Reproducible",
  needs: [],
  otherwise: "The artifact has to build from a clone: the error says why it does not.",
  check: (_facts, { build }) => (build ? judgeReproducible(root) : { status: "skipped", says: "left out" }),
});

/** @param folder of a clone */
export async function judgeReproducible(folder: string): Promise<Finding> {
  const loose = await findLooseDependencies(folder);
  if (loose.length > 0) {
    const todo = "Write exact versions (`npm install --save-exact`), let npm write the lock file, and commit both.";
    return { status: "failed", says: `Another clone may build other bytes: ${loose.join("; ")}`, todo };
  }
  const { sha256, traces } = await reproduce(folder);
  if (sha256[0] !== sha256[1]) {
    const says = `Built twice, at another path and time, the artifact is ${short(sha256[0])} and ${short(sha256[1])}: ${traces.join("; ")}`;
    return { status: "failed", says, todo: "Nothing of the place or the time of a build may get into the bundle." };
  }
  const says = `built twice, at another path and time, the artifact is ${short(sha256[0])}`;
  const files = await findUncommitted(folder);
  if (files === undefined) return { status: "warning", says: `${says}; this is no clone of a repository` };
  if (files.length === 0) return { status: "ok", says: `${says}; everything is committed` };
  const more = files.length > 5 ? ` and ${files.length - 5} more` : "";
  const todo = "Commit before you deploy what is to be promoted: a promotion names a commit.";
  return { status: "warning", says: `${says}; not committed: ${files.slice(0, 5).join(", ")}${more}`, todo };
}

const short = (sha256: string): string => sha256.slice(0, 12);
