/** Packages that a program has named once, and names by a reference since. */
import messages from "@pulumi/pulumi/proto/resource_pb.js";
import { UserError } from "@pulumi-line-bot/kit/user-error";

export class Packages {
  readonly #known = new Map<string, { name: string; version: string; url: string }>();

  register(request: messages.RegisterPackageRequest): messages.RegisterPackageResponse {
    if (request.hasParameterization() || request.hasExtension$())
      throw new UserError(
        `Package '${request.getName()}' is parameterized, which the embedded engine does not support; run this with the Pulumi CLI.`,
      );
    const known = { name: request.getName(), version: request.getVersion(), url: request.getDownloadUrl() };
    const ref = `${known.name}@${known.version}@${known.url}`;
    this.#known.set(ref, known);
    const response = new messages.RegisterPackageResponse();
    response.setRef(ref);
    return response;
  }

  /** A request that names a package by its reference, with the package's version. */
  complete<T extends { version?: string; pluginDownloadUrl?: string }>(ref: string, request: T): T {
    if (!ref) return request;
    const known = this.#known.get(ref);
    if (!known) throw new Error(`unknown provider package '${ref}'`);
    return {
      ...request,
      ...(known.version ? { version: known.version } : {}),
      ...(known.url ? { pluginDownloadUrl: known.url } : {}),
    };
  }
}
