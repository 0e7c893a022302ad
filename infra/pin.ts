import * as pulumi from "@pulumi/pulumi";
import type { Artifact } from "./artifact.ts";
import { explainOtherBytes } from "./other-bytes.ts";

/** What a promotion wrote into the stack's file: the one artifact that the stack may run. */
export interface Pin {
  /** SHA-256 of the zip, in hexadecimal. */
  artifact: string;
  /** The commit that it was built from. */
  commit?: string | undefined;
}

/**
 * Lets the pinned artifact through, and no other.
 * @throws {pulumi.RunError} with why this clone builds another, and the ways out.
 */
export async function requirePinned(artifact: Artifact, pin: Pin | undefined): Promise<Artifact> {
  if (pin === undefined || artifact.sha256 === pin.artifact) return artifact;
  const clues = await explainOtherBytes(pin.commit);
  const stack = pulumi.getStack();
  throw new pulumi.RunError(
    [
      `Stack ${stack} is pinned to the artifact ${pin.artifact}, and this clone builds ${artifact.sha256}. Nothing was changed.`,
      ...clues.map(({ what, todo }) => `  - ${what} ${todo}`),
      ...(pin.commit === undefined ? [] : ["Deploy the pinned bytes from the commit that they were built from:"]),
      ...describeWorktree(stack, pin.commit),
      `Or promote what another stack has proved: \`npm run promote -- <stack> ${stack}\`.`,
    ].join("\n"),
  );
}

/** The sources of the pinned commit beside this clone, with the stack's file of this one: it holds the pin. */
export function describeWorktree(stack: string, commit: string | undefined): string[] {
  if (commit === undefined) return [];
  const folder = `../pinned-${commit.slice(0, 8)}`;
  return [
    `    git worktree add --detach ${folder} ${commit}`,
    `    cp Pulumi.${stack}.yaml ${folder}/`,
    `    cd ${folder} && npm ci && npm run up -- ${stack}`,
  ];
}
