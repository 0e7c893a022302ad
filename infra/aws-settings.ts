import * as v from "valibot";

/**
 * How the stack's `aws` provider reaches AWS, by the keys of its configuration: this side has to get the same way to
 * the same account. A key has one row: its value, and how that looks in the words of an error message. The other
 * keys of the provider do not say who is calling, and from where.
 * @see https://www.pulumi.com/registry/packages/aws/installation-configuration/
 */
const rows = {
  accessKey: row(v.string(), "an access key ID"),
  secretKey: row(v.string(), "a secret access key"),
  token: row(v.string(), "a session token"),
  profile: row(v.string(), "the name of a profile"),
  region: row(v.string(), "the name of a region"),
  stsRegion: row(v.string(), "the name of a region"),
  sharedConfigFiles: row(oneFile(), oneFileForm("~/.aws/config")),
  sharedCredentialsFiles: row(oneFile(), oneFileForm("~/.aws/credentials")),
  assumeRole: row(json(roleSchema()), 'a role, such as {"roleArn":"arn:aws:iam::123456789012:role/deploy"}'),
  assumeRoles: row(
    json(v.array(roleSchema())),
    'a list of roles, such as [{"roleArn":"arn:aws:iam::123456789012:role/deploy"}]',
  ),
  assumeRoleWithWebIdentity: row(
    json(webIdentitySchema()),
    "a role with `roleArn` and either `webIdentityToken` or `webIdentityTokenFile`",
  ),
  allowedAccountIds: row(json(v.array(v.string())), "a list of account IDs in quotation marks"),
  forbiddenAccountIds: row(json(v.array(v.string())), "a list of account IDs in quotation marks"),
  useDualstackEndpoint: row(flag(), "true or false"),
  useFipsEndpoint: row(flag(), "true or false"),
};

/** Keys that say how AWS is reached, and that the SDK of this side cannot follow: what to do in place of each. */
const refused: Readonly<Record<string, string>> = {
  customCaBundle: "set NODE_EXTRA_CA_CERTS and AWS_CA_BUNDLE in the environment",
  ec2MetadataServiceEndpoint: "set AWS_EC2_METADATA_SERVICE_ENDPOINT in the environment",
  ec2MetadataServiceEndpointMode: "set AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE in the environment",
  endpoints: "set AWS_ENDPOINT_URL, or AWS_ENDPOINT_URL_<SERVICE> for one service, in the environment",
  httpProxy: "deploy from where AWS can be reached without a proxy",
  httpsProxy: "deploy from where AWS can be reached without a proxy",
  insecure: "set NODE_EXTRA_CA_CERTS and AWS_CA_BUNDLE in the environment to a certificate that can be trusted",
};

export type AwsSettings = { [key in keyof typeof rows]?: v.InferOutput<(typeof rows)[key]["schema"]> | undefined };
export type AssumedRole = v.InferOutput<ReturnType<typeof roleSchema>>;
export type WebIdentity = v.InferOutput<ReturnType<typeof webIdentitySchema>>;

/** `get` as a dynamic provider has it: lists and objects are JSON. @throws naming the key, and never a value. */
export function readAwsSettings(config: { get(key: string): string | undefined }): AwsSettings {
  const read = (key: string) => {
    const text = config.get(`aws:${key}`);
    return text === undefined || ["", "false", "[]", "{}"].includes(text) ? undefined : text;
  };
  for (const [key, instead] of Object.entries(refused)) {
    if (read(key) === undefined) continue;
    throw new Error(
      `aws:${key} reaches the aws provider alone: what tests the function and sets LINE's webhook cannot follow it. ` +
        `Remove it from the configuration, and ${instead}.`,
    );
  }
  const settings = Object.entries(rows).map(([key, { schema, form }]) => {
    const text = read(key);
    return [key, text === undefined ? undefined : parse(`aws:${key}`, schema, form, text)];
  });
  return refuseContradictions(Object.fromEntries(settings));
}

function refuseContradictions(settings: AwsSettings): AwsSettings {
  if ((settings.accessKey === undefined) !== (settings.secretKey === undefined)) {
    throw new Error("aws:accessKey and aws:secretKey belong together, and only one of them is set");
  }
  if (settings.assumeRole !== undefined && settings.assumeRoles !== undefined) {
    throw new Error("aws:assumeRole and aws:assumeRoles are both set: put all roles into aws:assumeRoles");
  }
  return settings;
}

function parse(key: string, schema: v.GenericSchema<string, unknown>, form: string, text: string): unknown {
  const parsed = v.safeParse(schema, text);
  if (parsed.success) return parsed.output;
  const at = v.getDotPath(parsed.issues[0]);
  throw new Error(`${key} has to be ${form}${at === null ? "" : `; look at its \`${at}\``}`);
}

function row<S extends v.GenericSchema<string, unknown>>(schema: S, form: string) {
  return { schema, form };
}

function json<S extends v.GenericSchema>(schema: S) {
  return v.pipe(v.string(), v.parseJson(), schema);
}

function flag() {
  return v.pipe(
    v.picklist(["true", "false"]),
    v.transform((value) => value === "true"),
  );
}

/** The provider takes several, this side's SDK one. A relative path would be another one for each of them. */
function oneFile() {
  const file = v.pipe(v.string(), v.regex(/^(\/|~\/)/));
  return v.pipe(
    json(v.strictTuple([file])),
    v.transform(([path]) => path),
  );
}

function oneFileForm(example: string): string {
  return `a list of one file, with its whole path, such as ["${example}"]`;
}

function roleSchema() {
  return v.strictObject({
    roleArn: v.string(),
    duration: v.optional(duration()),
    externalId: v.optional(v.string()),
    policy: v.optional(v.string()),
    policyArns: v.optional(v.array(v.string())),
    sessionName: v.optional(v.string()),
    sourceIdentity: v.optional(v.string()),
    tags: v.optional(v.record(v.string(), v.string())),
    transitiveTagKeys: v.optional(v.array(v.string())),
  });
}

function webIdentitySchema() {
  return v.pipe(
    v.strictObject({
      roleArn: v.string(),
      duration: v.optional(duration()),
      policy: v.optional(v.string()),
      policyArns: v.optional(v.array(v.string())),
      sessionName: v.optional(v.string()),
      webIdentityToken: v.optional(v.string()),
      webIdentityTokenFile: v.optional(v.string()),
    }),
    v.check(
      ({ webIdentityToken, webIdentityTokenFile }) =>
        (webIdentityToken === undefined) !== (webIdentityTokenFile === undefined),
    ),
  );
}

/** A duration as Go writes it, such as "1h30m", in seconds. */
function duration() {
  return v.pipe(
    v.string(),
    v.regex(/^(\d+h)?(\d+m)?(\d+s)?$/),
    v.transform((text) => {
      const of = (unit: string) => Number(new RegExp(`(\\d+)${unit}`).exec(text)?.[1] ?? 0);
      return of("h") * 3600 + of("m") * 60 + of("s");
    }),
    v.minValue(1),
  );
}
