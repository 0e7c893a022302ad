import { AwsClient } from "aws4fetch";
import type { TestAws } from "./local-aws.ts";

export interface ServiceAnswer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

/** A signed call of a service that speaks AWS JSON. */
export async function callJson({ aws }: TestAws, target: string, input: object): Promise<ServiceAnswer> {
  const service = target.startsWith("secretsmanager") ? "secretsmanager" : "logs";
  const response = await toClient(service).fetch(aws.endpointUrl, {
    method: "POST",
    headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": target },
    body: JSON.stringify(input),
  });
  return toAnswer(response);
}

/** Lambda's Invoke. */
export async function invoke(
  { aws }: TestAws,
  functionName: string,
  event: unknown,
  qualifier?: string,
): Promise<ServiceAnswer> {
  const query = qualifier === undefined ? "" : `?Qualifier=${encodeURIComponent(qualifier)}`;
  const url = `${aws.endpointUrl}/2015-03-31/functions/${encodeURIComponent(functionName)}/invocations${query}`;
  return toAnswer(await toClient("lambda").fetch(url, { method: "POST", body: JSON.stringify(event) }));
}

export function toClient(service: string): AwsClient {
  return new AwsClient({ accessKeyId: "test", secretAccessKey: "test", service, region: "ap-northeast-1", retries: 0 });
}

async function toAnswer(response: Response): Promise<ServiceAnswer> {
  const text = await response.text();
  const body = (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>;
  return { status: response.status, headers: response.headers, body };
}

/** What a log group holds, read as CloudWatch is. */
export async function readLog(aws: TestAws, logGroupName: string): Promise<string[]> {
  const { body } = await callJson(aws, "Logs_20140328.FilterLogEvents", { logGroupName });
  return ((body["events"] ?? []) as { message: string }[]).map(({ message }) => message);
}
