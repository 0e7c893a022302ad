import { CloudWatchClient, DescribeAlarmsCommand } from "@aws-sdk/client-cloudwatch";
import { LambdaClient, ListEventSourceMappingsCommand } from "@aws-sdk/client-lambda";
import { paginateListSubscriptionsByTopic, SNSClient, type Subscription } from "@aws-sdk/client-sns";
import { SQSClient } from "@aws-sdk/client-sqs";
import { countMessages } from "../redrive/queue.ts";
import { clientConfigOf } from "../stack-aws.ts";
import { type Facts, type Finding, link } from "./link.ts";

const awsSays = "The error is AWS's: look whether the credentials in use may do this.";

export const queue = link({
  name: "Queue",
  needs: ["deployed"],
  otherwise: awsSays,
  async check({ deployed }, { stack }) {
    const [waiting, mapping] = await Promise.all([count(deployed, "queueUrl"), findMapping(deployed)]);
    if (mapping?.State !== "Enabled") {
      const says = `Nobody works on the queue: its mapping to ${deployed.outputs.workerName} is ${mapping?.State ?? "gone"}`;
      return { status: "failed", says, todo: `\`npm run refresh -- ${stack}\`, then \`npm run up -- ${stack}\`.` };
    }
    return {
      status: "ok",
      says: `${deployed.outputs.workerName} works on the queue, and ${describe(waiting, "event")} wait`,
    };
  },
});

export const deadLetters = link({
  name: "Dead letters",
  needs: ["deployed"],
  otherwise: awsSays,
  async check({ deployed }, { stack }) {
    const left = await count(deployed, "deadLetterQueueUrl");
    if (left === 0) return { status: "ok", says: "no event has failed for good" };
    const todo = `\`npm run redrive -- ${stack}\` shows them, and \`-- ${stack} --send\` sends them to the worker again.`;
    return { status: "failed", says: `${describe(left, "event")} failed three times and wait`, todo };
  },
});

export const alarms = link({
  name: "Alarms",
  needs: ["deployed"],
  otherwise: awsSays,
  async check({ deployed: { outputs, aws, region } }, { stack }) {
    const client = new CloudWatchClient(clientConfigOf(aws, region));
    try {
      const { MetricAlarms = [] } = await client.send(new DescribeAlarmsCommand({ AlarmNames: outputs.alarmNames }));
      const missing = outputs.alarmNames.filter((name) => MetricAlarms.every(({ AlarmName }) => AlarmName !== name));
      if (missing.length > 0) {
        const todo = `\`npm run refresh -- ${stack}\`, then \`npm run up -- ${stack}\`.`;
        return { status: "failed", says: `${missing.join(", ")} is gone`, todo };
      }
      const raised = MetricAlarms.filter(({ StateValue }) => StateValue === "ALARM");
      if (raised.length === 0) return { status: "ok", says: `none of ${MetricAlarms.length} is raised` };
      const says = raised.map(({ AlarmName, AlarmDescription }) => `${AlarmName}: ${AlarmDescription}`).join("; ");
      return { status: "warning", says, todo: `\`npm run logs -- ${stack} --level warn --since 2h\` tells more.` };
    } finally {
      client.destroy();
    }
  },
});

/** An alarm goes to a topic, and from there to nobody, unless somebody has subscribed and confirmed it. */
export const alarmsHeard = link({
  name: "Alarms heard",
  needs: ["deployed"],
  otherwise: awsSays,
  async check({ deployed: { outputs, settings, aws, region } }, { stack, target }) {
    const client = new SNSClient(clientConfigOf(aws, region));
    const subscriptions: Subscription[] = [];
    try {
      for await (const page of paginateListSubscriptionsByTopic({ client }, { TopicArn: outputs.alarmTopic })) {
        subscriptions.push(...(page.Subscriptions ?? []));
      }
    } finally {
      client.destroy();
    }
    const { alarmEmail } = settings;
    return judgeSubscriptions(subscriptions, { stack, alarmEmail, isOnThisMachine: target !== undefined });
  },
});

interface Subscribers {
  stack: string;
  alarmEmail: string | undefined;
  isOnThisMachine: boolean;
}

export function judgeSubscriptions(
  subscriptions: Subscription[],
  { stack, alarmEmail, isOnThisMachine }: Subscribers,
): Finding {
  const waiting = subscriptions.filter(({ SubscriptionArn }) => SubscriptionArn === "PendingConfirmation").length;
  // Beside an ARN there is "PendingConfirmation", and "Deleted" after somebody has followed a mail's "unsubscribe".
  const confirmed = subscriptions.filter(({ SubscriptionArn = "" }) => SubscriptionArn.startsWith("arn:")).length;
  if (confirmed > 0) return { status: "ok", says: `an alarm reaches ${describe(confirmed, "subscription")}` };
  // The local cloud sends no mail.
  if (isOnThisMachine) return { status: "ok", says: "an alarm shows in the terminal of `npm start`" };
  if (waiting > 0) {
    const says = `an alarm reaches nobody: ${describe(waiting, "subscription")} waits to be confirmed`;
    return {
      status: "failed",
      says,
      todo: "Follow the link in AWS's mail; if that has expired, subscribe again in the SNS console.",
    };
  }
  if (subscriptions.length > 0) {
    return {
      status: "failed",
      says: "an alarm reaches nobody: its subscription was ended",
      todo: "Subscribe again in the SNS console: the stack's state has the former subscription still.",
    };
  }
  if (alarmEmail === "none") return { status: "ok", says: "an alarm reaches nobody, as line-bot:alarmEmail has it" };
  return {
    status: "failed",
    says: "an alarm reaches nobody: its topic has no subscription",
    todo: `\`pulumi config set line-bot:alarmEmail <address> -s ${stack}\` (or \`none\`), then \`npm run up -- ${stack}\`.`,
  };
}

const describe = (count: number, what: string) => (count === 1 ? `1 ${what}` : `${count} ${what}s`);

async function count({ outputs, aws, region }: Facts["deployed"], queue: "queueUrl" | "deadLetterQueueUrl") {
  const client = new SQSClient(clientConfigOf(aws, region));
  try {
    return await countMessages(client, outputs[queue]);
  } finally {
    client.destroy();
  }
}

async function findMapping({ outputs, aws, region }: Facts["deployed"]) {
  const client = new LambdaClient(clientConfigOf(aws, region));
  try {
    const { EventSourceMappings = [] } = await client.send(
      new ListEventSourceMappingsCommand({ FunctionName: `${outputs.workerName}:live` }),
    );
    return EventSourceMappings[0];
  } finally {
    client.destroy();
  }
}
