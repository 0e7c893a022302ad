import { randomUUID } from "node:crypto";
import type { EndpointAnswer } from "../endpoint/json-protocol.ts";
import type { Caller } from "./identity.ts";

/** STS speaks the query protocol: a form in, XML out. */
export function answerSts({ account, arn, userId }: Caller): EndpointAnswer {
  const body =
    `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>` +
    `<Arn>${arn}</Arn><UserId>${userId}</UserId><Account>${account}</Account></GetCallerIdentityResult>` +
    `<ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata></GetCallerIdentityResponse>`;
  return { status: 200, headers: { "content-type": "text/xml" }, body };
}
