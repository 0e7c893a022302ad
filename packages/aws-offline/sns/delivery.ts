import type { Stored, HasStore } from "../store/store.ts";
import type { HasQueues } from "../sqs/queues.ts";
import type { HasAccountId } from "../account-id.ts";
import { ServiceError } from "../errors.ts";
import { toDraft } from "../sqs/draft.ts";
import { arnToQueueUrl, tryFindQueue } from "../sqs/model.ts";
import { askPolicy } from "./resource-policy.ts";

/** What a topic sends on. */
export interface Notice {
  topicArn: string;
  messageId: string;
  subject?: string;
  message: string;
}

type Delivered = "delivered" | "refused" | "unconfirmed";

/** To a queue whose policy lets the topic send; an address that nobody has confirmed gets nothing, as on AWS. */
export function deliver(cloud: HasStore & HasAccountId & HasQueues, { attributes }: Stored, notice: Notice): Delivered {
  if (attributes["pendingConfirmation"] === true) return "unconfirmed";
  const arn = attributes["endpoint"] as string;
  const queue = tryFindQueue(cloud, arnToQueueUrl(arn));
  const said = askPolicy((queue?.attributes["policy"] as string | undefined) || "{}", {
    action: "sqs:SendMessage",
    resource: arn,
    service: "sns.amazonaws.com",
    accountId: cloud.accountId,
    sourceArn: notice.topicArn,
  });
  if (!queue || !said.allows || said.denies) return "refused";
  const body = attributes["rawMessageDelivery"] === true ? notice.message : toEnvelope(notice);
  try {
    cloud.queues.send(queue, [toDraft({ MessageBody: body }, queue, "sns.amazonaws.com")]);
    return "delivered";
  } catch (error) {
    // Too long for the queue, say: the publisher is not told.
    if (error instanceof ServiceError) return "refused";
    throw error;
  }
}

/** Without a signature: there is no certificate here that could have signed it. */
function toEnvelope({ topicArn, messageId, subject, message }: Notice): string {
  return JSON.stringify({
    Type: "Notification",
    MessageId: messageId,
    TopicArn: topicArn,
    ...(subject !== undefined && { Subject: subject }),
    Message: message,
    Timestamp: new Date().toISOString(),
  });
}
