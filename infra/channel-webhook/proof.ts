import { type Channel, LineRefused, type TestResult } from "./channel.ts";
import type { Patience } from "./patience.ts";

/** LINE allows 60 tests an hour, for all stacks of a channel together. */
const mostTests = 5;

/** What a deployment that is a moment old may answer, and then no more: no connection yet, a cold start, no route. */
const passingReasons = new Set(["COULD_NOT_CONNECT", "REQUEST_TIMEOUT"]);
const mayPass = ({ reason, statusCode }: TestResult) =>
  passingReasons.has(reason) || statusCode === 404 || statusCode === 429 || statusCode >= 500;

/** Lets LINE test the URL, again where the failure is one that passes. */
export async function testUntilSettled(channel: Channel, endpoint: string, patience: Patience): Promise<TestResult> {
  const pause = patience.begin();
  for (let tests = 1; ; tests += 1) {
    const test = await testOnce(channel, endpoint);
    if (test.success || !mayPass(test) || tests === mostTests) return test;
    if (!(await pause(`LINE's test of ${endpoint} failed: ${describeTest(test)}.`))) return test;
  }
}

/** LINE's 400 says that it cannot call the URL, as of a host name that was made a moment ago. */
async function testOnce(channel: Channel, endpoint: string): Promise<TestResult> {
  try {
    return await channel.testWebhook(endpoint);
  } catch (error) {
    if (!(error instanceof LineRefused) || error.status !== 400) throw error;
    return { success: false, statusCode: 0, reason: "COULD_NOT_CONNECT", detail: error.message };
  }
}

export const describeTest = ({ reason, detail, statusCode }: TestResult): string =>
  `${reason}, ${detail.replace(/\.$/, "")} (status ${statusCode})`;

/** What the failure most probably means, and where to look. */
export function adviseOn({ statusCode, reason }: TestResult): string {
  if (statusCode === 401) return "401 means that the channel secret there is another channel's, or a former one.";
  if (reason === "COULD_NOT_CONNECT")
    return "The host name, the certificate's chain and the firewall are to be looked at.";
  return "The function's log group and the API's access log have the request.";
}
