import type { Area, Control } from "./control.ts";
import { controls } from "./controls.ts";
import { toTable } from "@pulumi-line-bot/kit/markdown-table";
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
    "## The services of one machine",
    localServices,
    toTable(["service", "takes", "refuses"], localDoors),
    localLimits,
  ].join("\n\n") + "\n";

const introduction = `What keeps the deployed program safe, as functions over its resources in \`packages/policy\`. A test holds each of them
against the stacks of this project, and shows that it is missed when it is taken away. The same functions are a pack of
policies for the Pulumi CLI, where each stops a deployment that breaks it:

\`\`\`sh
npm run preview -- dev --policy-pack packages/policy
npm run up -- dev --policy-pack packages/policy
\`\`\`

So do the workflows that deploy: to prod, nothing that breaks a control is even brought before its approver.

What concerns one resource stops it before it is made; what concerns several is checked when the stack is whole. The
first preview of a stack does not know its ARNs: what depends on them is reported as not checked, and \`up\` checks it.
The embedded engine takes no policy packs. A stack with a reason to differ names the control in a file of its own,
\`{"lambda-runtime": "advisory"}\` or \`"disabled"\`, and passes that to \`pulumi\` with \`--policy-pack-config\`.

This page is written by \`packages/policy/guide.ts\`; \`npm test -- tests/policy/guide.test.ts -u\` writes it again.
Scanners: SH is AWS Security Hub, CKV is checkov, AwsSolutions and Serverless are packs of cdk-nag, Pulumi is Pulumi's
own compliance policies.`;

const elsewhere = `What is made once for an account by \`npm run bootstrap\`, in \`infra/account\`: the bucket of states, its key, the
pipeline's roles and whom they trust. \`tests/deploy/bootstrap\` holds those. The bot's own stack has no KMS key and no
custom domain, so that what scanners ask of these has nothing to apply to.`;

const localServices = `The local cloud and the embedded engine listen on loopback alone. Each of their services decides whom it answers:`;

const localDoors = [
  [
    "AWS services, LINE simulator with its pages, HTTPS gateway (`packages/kit/own-request.ts`)",
    "programs, which name no origin; their own pages; a link to a page that a person follows",
    "a `Host` that is not `localhost`, `127.0.0.1` or `[::1]`; an `Origin` other than the service's own; a `Sec-Fetch-Site` other than `same-origin` and `none`. All are answered with 403. API Gateway takes any origin: the local gateway is stricter there.",
  ],
  [
    "AWS services",
    "Signature Version 4 by a key that this cloud gave out: its secret is random and the request is signed again to compare",
    "a signature that does not match, is older than 15 minutes or does not cover the host",
  ],
  [
    "gRPC: the AWS provider, the engine's monitor and log, the process of dynamic resources (`packages/kit/own-peer.ts`)",
    "processes of the same user, which Linux names for each connection (`/proc/net/tcp`)",
    "another user's process, also root's. A page cannot speak gRPC: HTTP/2 without TLS is nothing that a browser offers.",
  ],
  [
    "the socket by which a running cloud is found (`local/instance.ts`)",
    "folders and a socket that this user owns, that are no links, and in which nobody else could write; both folders are closed to others (0700)",
    "anything else, with the command that puts it right. Of the answer, six known variables are taken, and only where their URLs lead to this machine and to this folder's state.",
  ],
];

const localLimits = `Not covered: processes of the same user may do all that the user may. Another user's program can call the simulator and
the gateway, which hold test data alone. macOS does not say whose a connection is: there, another user's program can call
gRPC too, and run code as the user by it, so run no local cloud on a Mac that you share. Under WSL the checks are those of
Linux; what they make of a Windows program was not tried. The server by which a program's transforms and hooks are called
is Pulumi's own: it checks no caller, but a call has to name a random token. With the Pulumi CLI in the engine's place,
the provider checks as here, and the CLI's own servers check nothing.`;

const textsOfOthers = `What strangers write is text wherever it is shown. In a report on a pull request, an issue or a job's summary it is code,
also next to other such texts (\`packages/infra-diff/escape.ts\`); a report that another repository's code made is data with
limits, and its own words hold no link, mention or reference. In a terminal, controls, ends of lines and turns of
direction are spelled out (\`packages/kit/printable.ts\`): in logs, the doctor, dead letters, errors and the embedded engine,
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
