import type { Attributes, Change, TypeRules } from "@pulumi-line-bot/aws-resources/attributes";
import type { Store } from "./store/store.ts";
import type { OnTrace } from "./trace.ts";
import type { EventSources } from "./lambda/event-source/pollers.ts";
import type { Functions } from "./lambda/functions.ts";
import type { Gateways } from "./apigatewayv2/gateways.ts";
import type { LogGroups } from "./cloudwatch/log-groups.ts";
import type { Metrics } from "./cloudwatch/metrics.ts";
import type { Secrets } from "./secretsmanager/secrets.ts";
import type { Queues } from "./sqs/queues.ts";
import type { FaultRules } from "./faults.ts";
import type { Tables } from "./dynamodb/tables.ts";
import type { AccessKeys } from "./sts/access-keys.ts";

/** The account that resource types act on. */
export interface Cloud {
  readonly accountId: string;
  readonly accessKeys: AccessKeys;
  /** What relative paths of assets are relative to. */
  readonly assetRoot: string;
  readonly store: Store;
  readonly trace: OnTrace;
  readonly functions: Functions;
  readonly eventSources: EventSources;
  readonly gateways: Gateways;
  readonly logGroups: LogGroups;
  readonly metrics: Metrics;
  readonly secrets: Secrets;
  readonly queues: Queues;
  readonly tables: Tables;
  readonly faults: FaultRules;
}

export interface Resource {
  id: string;
  attributes: Attributes;
}

/**
 * How one resource type acts on the cloud. Inputs are checked and hold their defaults; the attributes in an answer
 * are all that the program can see afterwards.
 */
export interface ResourceType extends TypeRules {
  readonly token: string;
  create(inputs: Attributes, cloud: Cloud): Promise<Resource> | Resource;
  /** `undefined` if the object does not exist (any more). */
  read(id: string, known: Attributes, cloud: Cloud): Resource | undefined;
  update(id: string, change: Change, cloud: Cloud): Promise<Attributes> | Attributes;
  /** Deleting what is gone succeeds. */
  delete(id: string, known: Attributes, cloud: Cloud): Promise<void> | void;
  /** What an import id that is not the id stands for: enough for `read` to find the object. */
  fromImportId?(importId: string): Resource;
}
