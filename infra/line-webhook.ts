import * as pulumi from "@pulumi/pulumi";
import { lineApiUrl, parseLineApiUrl } from "../line/api-url.ts";
import { type Artifact, buildArtifact } from "./artifact.ts";
import { LineChannelWebhook } from "./channel-webhook/resource.ts";
import { createCredentialsSecret } from "./credentials-secret.ts";
import { createWebhookApi } from "./webhook-api.ts";
import { createWebhookFunction } from "./webhook-function.ts";

/** The channel's credentials as the stack holds them, encrypted; the component puts them into a secret of its own. */
export interface OwnedCredentials {
  channelId: pulumi.Input<string>;
  channelSecret: pulumi.Input<string>;
  /** A long-lived token. Default: none, and short tokens are issued from id and secret. */
  channelAccessToken?: pulumi.Input<string | undefined> | undefined;
}

/** A secret that somebody else fills, so that neither configuration nor state holds what is in it. */
export interface ForeignCredentials {
  /** Its value is JSON: `{"channelId":"…","channelSecret":"…","channelAccessToken":"…"?}`. */
  credentialsSecretArn: string;
}

export interface LineWebhookArgs {
  /** The file that exports the Lambda `handler`, relative to the program's working directory. */
  entry: string;
  credentials: OwnedCredentials | ForeignCredentials;
  /** LINE's API, or a simulator's on loopback. Default: `https://api.line.me`. */
  apiUrl?: string | undefined;
  /** The bot that the credentials have to belong to: user id or basic id. Default: whichever they belong to. */
  bot?: string | undefined;
  /** Whether "Use webhook" being off is an error. Default: false, a warning. */
  requireActive?: boolean | undefined;
  /** Whether a URL that somebody else registered, and that answers, is replaced. Default: false, an error. */
  takeOver?: boolean | undefined;
  /** What the channel is left with. Default: "restore", the URL that was there before. */
  onDestroy?: "restore" | "keep" | undefined;
  /** Default: 512 MB, which buys the processor share that a cold start needs. */
  memorySizeMb?: number | undefined;
  /** How long one request may run. Default: 10 seconds. LINE itself gives up after 2. */
  timeoutSeconds?: number | undefined;
  /** Default: 30 days. */
  logRetentionDays?: number | undefined;
  /** Whether error messages, which may quote a user, go to the log. Default: false. */
  logErrorMessages?: boolean | undefined;
  /** A guard against floods: requests per second and how many may come at once. Default: 500 and 1000. */
  throttle?: { rateLimit?: number | undefined; burstLimit?: number | undefined } | undefined;
  /** Default: none, the function shares the account's concurrency. */
  reservedConcurrency?: number | undefined;
  /** How long a destroyed secret can be restored, and its name not be used again. Default: 30 days; 0 is at once. */
  secretRecoveryDays?: number | undefined;
  /** Protects what cannot be had again: the API, whose id is in the webhook's URL, and the secret. Default: false. */
  protect?: boolean | undefined;
  /** Where the zip is put, relative to the working directory. Default: `.artifacts`. */
  artifactDirectory?: string | undefined;
}

/**
 * A LINE bot's backend: credentials in Secrets Manager, a Lambda function behind an HTTPS API, and the channel's
 * webhook pointed at it once all of that is live.
 *
 * ```ts
 * new LineWebhook("bot", { entry: "./webhook.ts", credentials: { channelId, channelSecret } });
 * ```
 */
export class LineWebhook extends pulumi.ComponentResource {
  readonly url: pulumi.Output<string>;
  readonly channelWebhook: LineChannelWebhook;
  readonly artifact: pulumi.Output<Artifact>;
  readonly functionName: pulumi.Output<string>;
  readonly functionVersion: pulumi.Output<string>;
  readonly logGroupName: pulumi.Output<string>;
  readonly credentialsSecretArn: pulumi.Output<string>;

  constructor(name: string, args: LineWebhookArgs, opts?: pulumi.ComponentResourceOptions) {
    super("line-bot:index:LineWebhook", name, {}, opts);
    const child = { parent: this };
    const protect = args.protect ?? false;
    const logRetentionDays = args.logRetentionDays ?? 30;
    const apiUrl = parseLineApiUrl(args.apiUrl ?? lineApiUrl).origin;

    const credentials = this.#provideCredentials(name, args, { ...child, protect });
    this.credentialsSecretArn = credentials.arn;

    this.artifact = pulumi.output(buildArtifact(args.entry, args.artifactDirectory ?? ".artifacts"));
    const { lambda, alias, logGroup } = createWebhookFunction(
      name,
      {
        artifact: this.artifact,
        credentialsSecretArn: credentials.arn,
        apiUrl,
        botUserId: args.bot?.startsWith("U") ? args.bot : undefined,
        ready: credentials.ready,
        memorySizeMb: args.memorySizeMb ?? 512,
        timeoutSeconds: args.timeoutSeconds ?? 10,
        logRetentionDays,
        logErrorMessages: args.logErrorMessages ?? false,
        reservedConcurrency: args.reservedConcurrency,
      },
      child,
    );
    this.functionName = lambda.name;
    this.functionVersion = alias.functionVersion;
    this.logGroupName = logGroup.name;

    const throttle = { rateLimit: args.throttle?.rateLimit ?? 500, burstLimit: args.throttle?.burstLimit ?? 1000 };
    const api = createWebhookApi(name, { lambda, alias, logRetentionDays, throttle, protect }, child);
    this.url = api.url;

    this.channelWebhook = new LineChannelWebhook(
      name,
      {
        endpoint: this.url,
        credentials: credentials.arn,
        artifact: this.artifact.sha256,
        apiUrl,
        bot: args.bot,
        onDestroy: args.onDestroy,
        requireActive: args.requireActive,
        takeOver: args.takeOver,
      },
      // LINE calls the endpoint at once: everything on the way to the bot has to be there.
      { ...child, dependsOn: [...credentials.ready, ...api.ready, alias] },
    );
    this.registerOutputs({ url: this.url });
  }

  #provideCredentials(name: string, args: LineWebhookArgs, opts: pulumi.CustomResourceOptions) {
    if ("credentialsSecretArn" in args.credentials) {
      return { arn: pulumi.output(args.credentials.credentialsSecretArn), ready: [] };
    }
    const recoveryWindowInDays = args.secretRecoveryDays ?? 30;
    const { secret, version } = createCredentialsSecret(name, { ...args.credentials, recoveryWindowInDays }, opts);
    return { arn: secret.arn, ready: [version] };
  }
}
