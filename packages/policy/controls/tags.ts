import type { Control } from "../control.ts";

/** The keys of `aws:defaultTags` that say whose a resource is. */
const wanted = ["Project", "Stack"];

/** What the program makes and AWS can tag. */
const taggable = new Set([
  "aws:apigatewayv2/api:Api",
  "aws:apigatewayv2/stage:Stage",
  "aws:cloudwatch/logGroup:LogGroup",
  "aws:cloudwatch/metricAlarm:MetricAlarm",
  "aws:dynamodb/table:Table",
  "aws:iam/role:Role",
  "aws:lambda/eventSourceMapping:EventSourceMapping",
  "aws:lambda/function:Function",
  "aws:secretsmanager/secret:Secret",
  "aws:sns/topic:Topic",
  "aws:sqs/queue:Queue",
]);

export const tagControls: Control[] = [
  {
    id: "default-tags",
    area: "Lambda",
    title: "Whatever can have tags says which project and stack it belongs to",
    scanners: ["SH Lambda.6", "SH SecretsManager.5"],
    applies: ({ type }) => taggable.has(type),
    check({ props }) {
      // The provider has laid the resource's own tags over the default ones.
      const tags = props["tagsAll"] ?? {};
      const missing = wanted.filter((tag) => !Object.hasOwn(tags, tag));
      return missing.map((tag) => `add the tag ${tag} to aws:defaultTags of the stack`);
    },
  },
];
