import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { ChannelCredentials } from "../line/credentials.ts";

export interface CredentialsSecretArgs {
  channelId: pulumi.Input<string>;
  channelSecret: pulumi.Input<string>;
  channelAccessToken?: pulumi.Input<string | undefined> | undefined;
  recoveryWindowInDays: number;
}

/** A secret with the channel's credentials as JSON, in the form that `line/credentials.ts` parses. */
export function createCredentialsSecret(name: string, args: CredentialsSecretArgs, opts: pulumi.CustomResourceOptions) {
  const secret = new aws.secretsmanager.Secret(
    name,
    { description: "Credentials of a LINE channel", recoveryWindowInDays: args.recoveryWindowInDays },
    opts,
  );
  const secretString = pulumi
    .all([args.channelId, args.channelSecret, args.channelAccessToken])
    .apply(([channelId, channelSecret, channelAccessToken]) =>
      JSON.stringify({ channelId, channelSecret, channelAccessToken } satisfies ChannelCredentials),
    );
  const { protect: _, ...versionOpts } = opts;
  const version = new aws.secretsmanager.SecretVersion(
    name,
    { secretId: secret.arn, secretString: pulumi.secret(secretString) },
    versionOpts,
  );
  return { secret, version };
}
