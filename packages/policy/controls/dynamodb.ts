import { type Control, forEach, forProtectedStack, unless, violation } from "../control.ts";
import { allOfType } from "../resources.ts";

export const dynamodbControls: Control[] = [
  forEach(
    {
      id: "dynamodb-on-demand",
      area: "DynamoDB",
      title: "The table takes what comes, without a capacity to run out of",
      scanners: ["SH DynamoDB.1", "CKV2_AWS_16"],
    },
    "aws:dynamodb/table:Table",
    ({ billingMode }) => unless(billingMode === "PAY_PER_REQUEST", "set `billingMode` to PAY_PER_REQUEST"),
  ),
  forEach(
    {
      id: "dynamodb-ttl",
      area: "DynamoDB",
      title: "What the table holds goes by itself",
      scanners: [],
    },
    "aws:dynamodb/table:Table",
    ({ ttl }) =>
      unless(
        ttl?.enabled === true && Boolean(ttl.attributeName),
        "set `ttl` to the attribute that says when an item ends",
      ),
  ),
  forProtectedStack(
    {
      id: "dynamodb-deletion-protection",
      area: "DynamoDB",
      title: "The table cannot be deleted by mistake",
      scanners: ["SH DynamoDB.6"],
    },
    (stack) =>
      allOfType(stack, "aws:dynamodb/table:Table")
        .filter(({ props: { deletionProtectionEnabled } }) => deletionProtectionEnabled !== true)
        .map((table) => violation(table, "set `deletionProtectionEnabled` to true")),
  ),
];
