import * as pulumi from "@pulumi/pulumi";
import { lineApiUrl, parseLineApiUrl } from "../line/api-url.ts";
import { type Alarms, createAlarms } from "./alarms.ts";
import { type Artifact, buildArtifact } from "./artifact.ts";
import { LineChannelWebhook } from "./channel-webhook/resource.ts";
import { createCredentialsSecret, findCurrentVersion } from "./credentials-secret.ts";
import { createDashboard } from "./dashboard.ts";
import { createEventWorker, type LiveEventWorker, startWorking } from "./event-worker.ts";
import { goLive, type LiveFunction } from "./live-function.ts";
import { createReceiver } from "./receiver.ts";
import { requirePinned } from "./pin.ts";
import { createWebhookApi } from "./webhook-api.ts";

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

/** A queue behind the webhook, and the function that works on what is in it. */
export interface WorkerArgs {
  /** The file that exports the Lambda `handler`, relative to the program's working directory. */
  entry: string;
  /** Default: 512 MB. */
  memorySizeMb?: number | undefined;
  /** Events that are worked on at once. Default: 5, half of what a new account may run. */
  concurrency?: number | undefined;
}

export interface LineWebhookArgs {
  /** The file that exports the Lambda `handler` of the webhook, relative to the program's working directory. */
  entry: string;
  /**
   * Gives the webhook's handler the URL of a FIFO queue as `QUEUE_URL`, and whatever it puts there is
   * worked on by this one. Default: none, the webhook's handler does all the work.
   */
  worker?: WorkerArgs | undefined;
  credentials: OwnedCredentials | ForeignCredentials;
  /**
   * The ARN of the KMS key that encrypts the secret, no matter who fills it: functions may use the key then, by way of Secrets
   * Manager alone. Default: AWS's own key, which needs no grant.
   */
  credentialsKeyArn?: string | undefined;
  /** LINE's API, or a simulator's on loopback. Default: `https://api.line.me`. */
  apiUrl?: string | undefined;
  /** The bot that the credentials have to belong to: user id or basic id. Default: whichever they belong to. */
  bot?: string | undefined;
  /** Whether "Use webhook" being off is an error. Default: false, a warning. */
  requireActive?: boolean | undefined;
  /** The URL that may be replaced, although somebody else registered it and it answers. Default: none, an error. */
  takeOver?: string | undefined;
  /** What the channel is left with. Default: "restore", the URL that was there before. */
  onDestroy?: "restore" | "keep" | undefined;
  /** Default: 512 MB, which buys the processor share that a cold start needs. */
  memorySizeMb?: number | undefined;
  /** How long one request may run. Default: 5 seconds. LINE itself gives up after 2. */
  timeoutSeconds?: number | undefined;
  /** Default: 30 days. */
  logRetentionDays?: number | undefined;
  /** Whether error messages, which may quote a user, go to the log. Default: false. */
  logErrorMessages?: boolean | undefined;
  /** A guard against floods: requests per second and how many may come at once. Default: 500 and 1000. */
  throttle?: { rateLimit?: number | undefined; burstLimit?: number | undefined } | undefined;
  /** Default: none, the function shares the account's concurrency. */
  reservedConcurrency?: number | undefined;
  /** Who gets a mail when an alarm goes off. Default: nobody; the topic `alarmTopicArn` takes subscriptions. */
  alarmEmail?: string | undefined;
  /** Whether AWS X-Ray traces the functions. Default: false. */
  tracing?: boolean | undefined;
  /** How long a destroyed secret can be restored, and its name not be used again. Default: 30 days; 0 is at once. */
  secretRecoveryDays?: number | undefined;
  /**
   * Protects what cannot be had again: the API, whose id is in the webhook's URL, and the secret; the channel's webhook,
   * which needs all the rest, so that nothing of it is deleted; and the table of events from deletion by anybody.
   * Default: false.
   */
  protect?: boolean | undefined;
  /** The SHA-256 of the zip, in hexadecimal: where another is built, no function is. Default: any. */
  artifactSha256?: string | undefined;
  /** Where the zip is put, relative to the working directory. Default: `.artifacts`. */
  artifactDirectory?: string | undefined;
}

/**
 * A LINE bot's backend: credentials in Secrets Manager, a Lambda function behind an HTTPS API, a queue and a worker
 * behind that, alarms, and the channel's webhook pointed at it once all of it is live.
 *
 * ```ts
 * new LineWebhook("bot", { entry: "./webhook.ts", credentials: { channelId, channelSecret } });
 * ```
 */
export class LineWebhook extends pulumi.ComponentResource {
  readonly url: pulumi.Output<string>;
  readonly channelWebhook: LineChannelWebhook;
  readonly artifact: pulumi.Output<Artifact>;
  readonly receiver: LiveFunction;
  /** Undefined without `worker` among the arguments. */
  readonly worker: LiveEventWorker | undefined;
  readonly credentialsSecretArn: pulumi.Output<string>;
  readonly alarms: Alarms;

  constructor(name: string, args: LineWebhookArgs, opts?: pulumi.ComponentResourceOptions) {
    super("line-bot:index:LineWebhook", name, {}, opts);
    const made: pulumi.Resource[] = [];
    const remember: pulumi.ResourceTransformation = ({ resource }) => void made.push(resource);
    const child = { parent: this, transformations: [remember] };
    const apiUrl = parseLineApiUrl(args.apiUrl ?? lineApiUrl).origin;

    const credentials = this.#provideCredentials(name, args, child);
    this.credentialsSecretArn = credentials.arn;
    this.artifact = pulumi.output(
      buildArtifact({
        name,
        entries: args.worker === undefined ? [args.entry] : [args.entry, args.worker.entry],
        directory: args.artifactDirectory ?? ".artifacts",
      }).then((artifact) => requirePinned(artifact, toPin(args.artifactSha256))),
    );

    const common = {
      artifact: this.artifact,
      ready: credentials.ready,
      credentialsSecretArn: credentials.arn,
      credentialsKeyArn: args.credentialsKeyArn,
      credentialsVersion: credentials.version,
      logRetentionDays: args.logRetentionDays ?? 30,
      logErrorMessages: args.logErrorMessages ?? false,
      tracing: args.tracing ?? false,
      apiUrl,
      protect: args.protect ?? false,
    };
    const { entry, memorySizeMb = 512, concurrency = 5 } = args.worker ?? {};
    const worker = entry === undefined ? undefined : createEventWorker(name, { ...common, entry, memorySizeMb }, child);
    const receiver = createReceiver(name, { ...args, ...common, worker }, child);
    // Where one does not prove to work, the other stays as it was, too. What a new receiver sends, a new worker gets.
    this.worker =
      worker && startWorking(name, goLive(`${name}-worker`, worker, [receiver.proven], child), concurrency, child);
    this.receiver = goLive(name, receiver, this.worker ? [this.worker.alias] : [], child);
    const api = createWebhookApi(
      name,
      {
        ...this.receiver,
        logRetentionDays: common.logRetentionDays,
        protect: common.protect,
        throttle: { rateLimit: args.throttle?.rateLimit ?? 500, burstLimit: args.throttle?.burstLimit ?? 1000 },
      },
      child,
    );
    this.url = api.url;
    const watched = { receiver: this.receiver, worker: this.worker, ...api };
    this.alarms = createAlarms(name, { ...watched, email: args.alarmEmail }, child);
    createDashboard(name, watched, child);

    this.channelWebhook = new LineChannelWebhook(
      name,
      {
        endpoint: this.url,
        credentials: credentials.arn,
        artifact: this.artifact.sha256,
        live: [this.receiver, this.worker].flatMap((each) => (each === undefined ? [] : [toLive(each)])),
        apiUrl,
        bot: args.bot,
        onDestroy: args.onDestroy,
        requireActive: args.requireActive,
        takeOver: args.takeOver,
      },
      // LINE calls the endpoint at once: all of it has to be there. For the same reason none of it is deleted before
      // this is, and where this is protected, not at all.
      { parent: this, protect: common.protect, dependsOn: made },
    );
    this.registerOutputs({ url: this.url });
  }

  #provideCredentials(name: string, args: LineWebhookArgs, opts: pulumi.CustomResourceOptions) {
    if ("credentialsSecretArn" in args.credentials) {
      const arn = args.credentials.credentialsSecretArn;
      return { arn: pulumi.output(arn), version: findCurrentVersion(arn, this), ready: [] };
    }
    const recoveryWindowInDays = args.secretRecoveryDays ?? 30;
    const protect = args.protect ?? false;
    const apiUrl = parseLineApiUrl(args.apiUrl ?? lineApiUrl);
    const { secret, version } = createCredentialsSecret(
      name,
      { ...args.credentials, recoveryWindowInDays, keyArn: args.credentialsKeyArn, apiUrl, bot: args.bot },
      { ...opts, protect },
    );
    return { arn: secret.arn, version: version.versionId, ready: [version] };
  }
}

const toPin = (artifact: string | undefined) => (artifact === undefined ? undefined : { artifact });

const toLive = ({ alias }: Pick<LiveFunction, "alias">) => ({ aliasArn: alias.arn, version: alias.functionVersion });
