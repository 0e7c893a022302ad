/** The providers that this engine serves: those of the program itself, and those attached by port. Never a real cloud. */
import grpc from "@grpc/grpc-js";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import pluginMessages from "@pulumi/pulumi/proto/plugin_pb.js";
import type { Monitor, ProviderHost, UnconfiguredProvider } from "../contracts/contracts.ts";
import { startNode, type Child } from "./child.ts";
import { addEngineService } from "./engine-service.ts";
import { call, isServiceError, serve, type Server } from "./grpc.ts";
import { connect, createGrpcProvider, handshake, type ProviderClient } from "./grpc-provider.ts";
import { resolveSdkScript } from "./sdk.ts";

const DYNAMIC_PACKAGE = "pulumi-nodejs";

export interface ProviderHostOptions {
  /** Where the program is; its SDK runs the dynamic resources. */
  programDir: string;
  project: string;
  /** Ports of providers that are running already, by package: `PULUMI_DEBUG_PROVIDERS`. */
  attached: Record<string, number>;
  env: NodeJS.ProcessEnv;
  /** Start the process for dynamic resources at once, because the stack has some, instead of when one turns up. */
  startDynamic?: boolean;
}

/** Close it: it owns a process and connections. */
export function createProviderHost(options: ProviderHostOptions): ProviderHost {
  return new Host(options);
}

/** @throws UserError for anything but `package:port,package:port` */
export function parseAttachedProviders(text: string | undefined): Record<string, number> {
  const entries = (text ?? "").split(",").filter((part) => part !== "");
  return Object.fromEntries(
    entries.map((entry) => {
      const [pkg = "", port = ""] = entry.split(":");
      if (!/^\d+$/.test(port))
        throw new UserError(`expected a numeric port, got '${port}' in PULUMI_DEBUG_PROVIDERS; write <package>:<port>`);
      return [pkg, Number(port)];
    }),
  );
}

class Host implements ProviderHost {
  readonly #options: ProviderHostOptions;
  readonly #clients: ProviderClient[] = [];
  #log: Monitor["log"] = () => undefined;
  #engine: Promise<Server> | undefined;
  #dynamic: Promise<DynamicProvider> | undefined;

  constructor(options: ProviderHostOptions) {
    this.#options = options;
    if (options.startDynamic) {
      this.#dynamic = this.#startDynamic();
      // Anyone who opens it gets the error.
      this.#dynamic.catch(() => undefined);
    }
  }

  async open(pkg: string, _version: string | undefined, log: Monitor["log"]): Promise<UnconfiguredProvider> {
    this.#log = log;
    const port = this.#options.attached[pkg];
    if (port !== undefined) return await this.#attach(pkg, port);
    if (pkg !== DYNAMIC_PACKAGE)
      throw new UserError(
        `The embedded engine has no provider for package '${pkg}': it never touches a real cloud. ` +
          `Attach one with PULUMI_DEBUG_PROVIDERS=${pkg}:<port>, or run this with the Pulumi CLI.`,
      );
    this.#dynamic ??= this.#startDynamic();
    const { address } = await this.#dynamic;
    return createGrpcProvider(this.#connect(address), undefined);
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    const [dynamic, engine] = await Promise.allSettled([this.#dynamic, this.#engine]);
    if (dynamic.status === "fulfilled") await dynamic.value?.child.end();
    if (engine.status === "fulfilled") await engine.value?.close();
  }

  #connect(address: string): ProviderClient {
    const client = connect(address);
    this.#clients.push(client);
    return client;
  }

  #engineAddress(): Promise<Server> {
    this.#engine ??= serve((server) => addEngineService(server, () => this.#log));
    return this.#engine;
  }

  async #attach(pkg: string, port: number): Promise<UnconfiguredProvider> {
    const { address } = await this.#engineAddress();
    const client = this.#connect(`127.0.0.1:${port}`);
    try {
      const protocol = await handshake(client, address);
      const request = new pluginMessages.PluginAttach();
      request.setAddress(address);
      await call(client, "attach", request).catch(ignoreUnimplemented);
      return createGrpcProvider(client, protocol);
    } catch (error) {
      if (!isServiceError(error) || error.code !== grpc.status.UNAVAILABLE) throw error;
      throw new UserError(
        `no provider for package '${pkg}' answers on port ${port} of this machine (PULUMI_DEBUG_PROVIDERS)`,
        { cause: error },
      );
    }
  }

  async #startDynamic(): Promise<DynamicProvider> {
    const { programDir, project, env } = this.#options;
    const { address } = await this.#engineAddress();
    const ready = Promise.withResolvers<string>();
    let isReady = false;
    const child = startNode({
      script: resolveSdkScript(programDir, "cmd/dynamic-provider"),
      args: [address],
      nodeArgs: ["--import", new URL("./own-callers.mjs", import.meta.url).href],
      cwd: programDir,
      env: { ...env, PULUMI_NODEJS_PROJECT: project, PULUMI_PROJECT: project },
      onLine: (line, stream) => {
        // Its first line is its port; all that follows is what providers have to say.
        if (stream === "stdout" && !isReady) ready.resolve(line);
        else this.#log({ severity: stream === "stdout" ? "info" : "info#err", message: line });
        isReady ||= stream === "stdout";
      },
    });
    child.exited.then(
      ({ code, signal }) =>
        ready.reject(
          new Error(`the process for dynamic resources ended with ${signal ?? code ?? ""} before it was ready`),
        ),
      (error: unknown) => ready.reject(error as Error),
    );
    return { child, address: `127.0.0.1:${Number(await ready.promise)}` };
  }
}

interface DynamicProvider {
  child: Child;
  address: string;
}

function ignoreUnimplemented(error: unknown): void {
  if (!isServiceError(error) || error.code !== grpc.status.UNIMPLEMENTED) throw error;
}
