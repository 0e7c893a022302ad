import * as v from "valibot";
import type { AccountSettings } from "./settings.ts";

export const accountOutputs = v.object({
  backend: v.string(),
  secretsProvider: v.string(),
  previewRole: v.string(),
  deployRole: v.string(),
  permissionsBoundary: v.string(),
});
export type AccountOutputs = v.InferOutput<typeof accountOutputs>;

/** What connects the stack and its workflows with what was made: commands to be typed, in order. */
export function describeNextSteps(
  { stack, account, project, region, repository }: AccountSettings,
  { backend, secretsProvider, previewRole, deployRole, permissionsBoundary }: AccountOutputs,
): string {
  const name = stack.toUpperCase().replaceAll("-", "_");
  const set = (variable: string, value: string) =>
    `gh variable set ${name}_${variable} --repo ${repository} --body '${value}'`;
  const environment = `repos/${repository}/environments/${stack}`;
  const paragraphs: [string, string[]][] = [
    [
      "The stack:",
      [
        `pulumi login '${backend}'`,
        `pulumi stack init ${stack} --secrets-provider '${secretsProvider}'`,
        `pulumi config set --path --type string 'aws:allowedAccountIds[0]' ${account} -s ${stack}`,
        `pulumi config set ${project}:permissionsBoundary ${permissionsBoundary} -s ${stack}`,
      ],
    ],
    [
      "What the workflows have to know; nothing of it is secret:",
      [
        set("BACKEND", backend),
        set("REGION", region),
        set("PREVIEW_ROLE", previewRole),
        set("DEPLOY_ROLE", deployRole),
      ],
    ],
    [
      "The environment, which only `main` may deploy to:",
      [
        `gh api --method PUT ${environment} -F 'deployment_branch_policy[protected_branches]=false' -F 'deployment_branch_policy[custom_branch_policies]=true'`,
        `gh api --method POST ${environment}/deployment-branch-policies -f name=main`,
      ],
    ],
  ];
  const text = paragraphs.map(([title, lines]) => [title, ...lines.map((line) => `  ${line}`)].join("\n"));
  const reviewers = `Anyone who is to approve deployments to ${stack}: https://github.com/${repository}/settings/environments, ${stack}, "Required reviewers".`;
  const commit = `Commit infra/account/Pulumi.${stack}.yaml and Pulumi.${stack}.yaml.`;
  return ["What to do next.", ...text, reviewers, commit].join("\n\n");
}
