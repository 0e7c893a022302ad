import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { ChannelCredentials } from "../line/credentials.ts";
import { readAwsSettings } from "./aws-settings.ts";

export interface CredentialsSecretArgs {
  channelId: pulumi.Input<string>;
  channelSecret: pulumi.Input<string>;
  channelAccessToken?: pulumi.Input<string | undefined> | undefined;
  recoveryWindowInDays: number;
  /** The key that encrypts it; `undefined` means AWS's own. */
  keyArn: string | undefined;
  apiUrl: URL;
  /** The bot that they have to belong to: user id or basic id. */
  bot: string | undefined;
}

/**
 * A secret with the channel's credentials as JSON, in the form that `line/credentials.ts` parses. A version of it comes
 * into being after LINE has taken what is in it: AWS makes each new one current, and `versionStages` cannot put that
 * off (the provider would show a difference for ever), so a wrong one must not be there at all.
 */
export function createCredentialsSecret(name: string, args: CredentialsSecretArgs, opts: pulumi.CustomResourceOptions) {
  const secret = new aws.secretsmanager.Secret(
    name,
    {
      description: "Credentials of a LINE channel",
      recoveryWindowInDays: args.recoveryWindowInDays,
      ...(args.keyArn !== undefined && { kmsKeyId: args.keyArn }),
    },
    opts,
  );
  const secretString = pulumi.secret(
    pulumi
      .all([args.channelId, args.channelSecret, args.channelAccessToken])
      .apply(([channelId, channelSecret, channelAccessToken]) =>
        JSON.stringify({ channelId, channelSecret, channelAccessToken } satisfies ChannelCredentials),
      ),
  );
  const { protect: _, ...versionOpts } = opts;
  const version = new aws.secretsmanager.SecretVersion(
    name,
    { secretId: secret.arn, secretString },
    { ...versionOpts, hooks: { beforeCreate: [admitBefore(name, args, pulumi.all([secretString, secret.arn]))] } },
  );
  return { secret, version };
}

/** Runs in an update, and not in a preview, which needs no network. */
function admitBefore(
  name: string,
  { apiUrl, bot }: CredentialsSecretArgs,
  wanted: pulumi.Output<[text: string, secretArn: string]>,
): pulumi.ResourceHook {
  return new pulumi.ResourceHook(`${name}-credentials`, async () => {
    const [text, secretArn] = await new Promise<[string, string]>((resolve) => void wanted.apply(resolve));
    // Loaded when needed: most deployments bring no other credentials.
    const { admitCredentials } = await import("./new-credentials.ts");
    await admitCredentials({
      text,
      secretArn,
      apiUrl,
      bot,
      stack: pulumi.getStack(),
      aws: readAwsSettings({ get: (key) => pulumi.runtime.getConfig(key) }),
      tell: (message) => void pulumi.log.info(message),
    });
  });
}

/** Which version of a secret that somebody else fills is the current one. Its value is not read. */
export function findCurrentVersion(secretId: string, parent: pulumi.Resource): pulumi.Output<string> {
  const region = secretId.split(":")[3];
  const args = { secretId, ...(region !== undefined && { region }) };
  const { versions } = aws.secretsmanager.getSecretVersionsOutput(args, { parent });
  return versions.apply(
    (all) => all.find(({ versionStages }) => versionStages.includes("AWSCURRENT"))?.versionId ?? "none",
  );
}
