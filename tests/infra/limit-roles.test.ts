import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { limitRoles } from "../../infra/limit-roles.ts";

test("gives every role its boundary, and leaves everything else as it is", async () => {
  const made: Record<string, Record<string, unknown>> = {};
  await pulumi.runtime.setMocks({
    newResource({ type, name, inputs }) {
      made[`${type} ${name}`] = inputs as Record<string, unknown>;
      return { id: name, state: inputs as Record<string, unknown> };
    },
    call: () => ({}),
  });
  const boundary = "arn:aws:iam::123456789012:policy/line-bot-dev-boundary";

  await pulumi.runtime.runInPulumiStack(async () => {
    limitRoles(boundary);
    const role = new aws.iam.Role("bot", { assumeRolePolicy: "{}" });
    const policy = new aws.iam.RolePolicy("bot", { role: role.name, policy: "{}" });
    await new Promise((resolve) => pulumi.all([role.urn, policy.urn]).apply(resolve));
    return {};
  });

  expect(made["aws:iam/role:Role bot"]).toEqual({ assumeRolePolicy: "{}", permissionsBoundary: boundary });
  expect(made["aws:iam/rolePolicy:RolePolicy bot"]).not.toHaveProperty("permissionsBoundary");
});
