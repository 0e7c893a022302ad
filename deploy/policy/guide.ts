import type { Area, Control } from "./control.ts";
import { controls } from "./controls.ts";
import { toTable } from "../markdown-table.ts";
import { type Suppression, suppressions } from "./suppressions.ts";

/** `docs/security.md`, but for the width of its columns. */
export const securityGuide = (): string =>
  [
    "# Security controls",
    introduction,
    "## What holds",
    ...areas().flatMap((area) => [
      `### ${area}`,
      toTable(["control", "what holds", "where", "scanners"], controlsOf(area).map(toRow)),
    ]),
    "## What stays as it is",
    "Scanners report these, and are right that the program does not do them.",
    toTable(["asked for", "scanners", "why not"], suppressions.filter(isRefused).map(toReason)),
    "## What a stack can choose",
    toTable(
      ["asked for", "scanners", "by default not, because", "setting"],
      suppressions.filter((one) => !isRefused(one)).map((one) => [...toReason(one), code(one.setting ?? "")]),
    ),
    "## What is not checked here",
    elsewhere,
    "## Texts of others",
    textsOfOthers,
  ].join("\n\n") + "\n";

const introduction = `What keeps the deployed program safe, as functions over its resources in \`deploy/policy\`. A test holds each of them
against the stacks of this project, and shows that it is missed when it is taken away. The same functions are a pack of
policies for the Pulumi CLI, where each stops a deployment that breaks it:

\`\`\`sh
npm run preview -- dev --policy-pack deploy/policy
npm run up -- dev --policy-pack deploy/policy
\`\`\`

So do the workflows that deploy: to prod, nothing that breaks a control is even brought before its approver.

What concerns one resource stops it before it is made; what concerns several is checked when the stack is whole. The
first preview of a stack does not know its ARNs: what depends on them is reported as not checked, and \`up\` checks it.
The embedded engine takes no policy packs. A stack with a reason to differ names the control in a file of its own,
\`{"lambda-runtime": "advisory"}\` or \`"disabled"\`, and passes that to \`pulumi\` with \`--policy-pack-config\`.

This page is written by \`deploy/policy/guide.ts\`; \`npm test -- tests/deploy/policy/guide.test.ts -u\` writes it again.
Scanners: SH is AWS Security Hub, CKV is checkov, AwsSolutions and Serverless are packs of cdk-nag, Pulumi is Pulumi's
own compliance policies.`;

const elsewhere = `What is made once for an account by \`npm run bootstrap\`, in \`infra/account\`: the bucket of states, its key, the
pipeline's roles and whom they trust. \`tests/deploy/bootstrap\` holds those. The bot's own stack has no KMS key and no
custom domain, so that what scanners ask of these has nothing to apply to.`;

const textsOfOthers = `What strangers write is text wherever it is shown. In a report on a pull request, an issue or a job's summary it is code,
also next to other such texts (\`deploy/diff/escape.ts\`); a report that another repository's code made is data with
limits, and its own words hold no link, mention or reference. In a terminal, controls, ends of lines and turns of
direction are spelled out (\`line/printable.ts\`): in logs, the doctor, dead letters, errors and the embedded engine,
where only a program's own colours stay.`;

const areas = (): Area[] => [...new Set(controls.map(({ area }) => area))];
const controlsOf = (of: Area): Control[] => controls.filter(({ area }) => area === of);
const isRefused = ({ setting }: Suppression): boolean => setting === undefined;

const toRow = ({ id, title, where, scanners }: Control): string[] => [
  code(id),
  title,
  where ?? "every stack",
  scanners.join(", ") || "none",
];

const toReason = ({ area, asks, scanners, reason }: Suppression): string[] => [
  `${area}: ${asks}`,
  scanners.join(", "),
  reason,
];

const code = (text: string): string => `\`${text}\``;
