import type { Message } from "../../sqs/message.ts";
import { md5, md5OfAttributes } from "../../sqs/draft.ts";
import { toSystemAttributes } from "../../sqs/received.ts";

/** The event of a batch: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html */
export function toSqsEvent(messages: Message[], queueArn: string): { Records: object[] } {
  const awsRegion = queueArn.split(":")[3];
  return {
    Records: messages.map((message) => ({
      messageId: message.id,
      receiptHandle: message.receipt,
      body: message.body,
      attributes: toSystemAttributes(message),
      messageAttributes: toAttributes(message),
      ...(message.attributes && { md5OfMessageAttributes: md5OfAttributes(message.attributes) }),
      md5OfBody: md5(message.body),
      eventSource: "aws:sqs",
      eventSourceARN: queueArn,
      awsRegion,
    })),
  };
}

function toAttributes({ attributes = {} }: Message): object {
  const entries = Object.entries(attributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
    name,
    {
      ...(StringValue !== undefined && { stringValue: StringValue }),
      ...(BinaryValue !== undefined && { binaryValue: BinaryValue }),
      stringListValues: [],
      binaryListValues: [],
      dataType: DataType,
    },
  ]);
  return Object.fromEntries(entries) as object;
}
