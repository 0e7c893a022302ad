import * as pulumi from "@pulumi/pulumi";

/**
 * Gives every role of the program a boundary: it can do no more than that, whatever its own policies say. Anyone who may
 * deploy could otherwise make a function that may do anything.
 */
export function limitRoles(permissionsBoundary: string): void {
  pulumi.runtime.registerStackTransformation(({ type, props, opts }) =>
    type === "aws:iam/role:Role" ? { props: { ...(props as object), permissionsBoundary }, opts } : undefined,
  );
}
