/** Provider resources for packages that a program uses without naming a provider. */
import type { Operation, PropertyMap, PropertyValue } from "../../contracts/contracts.ts";
import { secret } from "../../values/properties.ts";
import type { Goal } from "../resource-state.ts";
import { providerType } from "../../values/urn.ts";

export interface PackageRequest {
  pkg: string;
  version: string | undefined;
  pluginDownloadUrl: string | undefined;
}

/** Programs that bring their providers along as code get the whole configuration, under its full names. */
const DYNAMIC_PACKAGES: ReadonlySet<string> = new Set(["pulumi-nodejs", "pulumi-python"]);

export const keyOfRequest = ({ pkg, version = "", pluginDownloadUrl = "" }: PackageRequest): string =>
  `${pkg}@${version}@${pluginDownloadUrl}`;

/** The registration of a package's default provider; its inputs are the package's part of the configuration. */
export function goalOfDefaultProvider(operation: Operation, request: PackageRequest): Goal {
  const { pkg, version, pluginDownloadUrl } = request;
  const inputs = packageConfig(operation, pkg);
  if (version !== undefined) Object.assign(inputs, { __internal: {}, version });
  if (pluginDownloadUrl) inputs["__internal"] = { pluginDownloadURL: pluginDownloadUrl };
  return {
    type: providerType(pkg),
    name: defaultName(request),
    custom: true,
    remote: false,
    inputs,
    dependencies: [],
    propertyDependencies: {},
    providers: {},
    ignoreChanges: [],
    replaceOnChanges: [],
    replaceWith: [],
    aliases: [],
    additionalSecretOutputs: [],
    supportsResultReporting: true,
  };
}

/** Such as `default_7_48_0`. */
function defaultName({ version, pluginDownloadUrl }: PackageRequest): string {
  const parts = [
    "default",
    ...(version ? version.split(/[.\-+]/) : []),
    ...(pluginDownloadUrl ? [pluginDownloadUrl.replaceAll(/[^A-Za-z0-9_.\-/]/g, "_")] : []),
  ];
  return parts.join("_");
}

function packageConfig({ config, secretKeys }: Operation, pkg: string): PropertyMap {
  const dynamic = DYNAMIC_PACKAGES.has(pkg);
  const inputs: PropertyMap = {};
  for (const [key, value] of Object.entries(config)) {
    const [namespace, name = ""] = key.split(":", 2);
    if (!dynamic && namespace !== pkg) continue;
    const input: PropertyValue = secretKeys.has(key) ? secret(value) : value;
    inputs[dynamic ? key : name] = input;
  }
  return inputs;
}

/** `pulumi:disable-default-providers`: a list of packages, or `*`. */
export function isDenied({ config }: Operation, pkg: string): boolean {
  const text = config["pulumi:disable-default-providers"];
  if (pkg === "pulumi" || !text) return false;
  const list: unknown = JSON.parse(text);
  return Array.isArray(list) && list.some((item) => item === "*" || item === pkg);
}
