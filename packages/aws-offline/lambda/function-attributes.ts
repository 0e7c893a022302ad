import { partitionOf } from "@pulumi-line-bot/kit/partition";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import type { LambdaFunction } from "./model.ts";
import type { CodePackage } from "./package.ts";

/** What a program sees of a function beside its inputs. */
export function describeFunction(fn: LambdaFunction, inputs: Attributes, code: CodePackage): Attributes {
  const version = fn.published.at(-1)?.version ?? "$LATEST";
  const gateway = `arn:${partitionOf(fn.region)}:apigateway:${fn.region}:lambda:path/2015-03-31/functions`;
  const qualifiedArn = `${fn.arn}:${version}`;
  return {
    architectures: inputs["architectures"] ?? ["x86_64"],
    arn: fn.arn,
    codeSha256: code.codeSha256,
    ephemeralStorage: inputs["ephemeralStorage"] ?? { size: 512 },
    invokeArn: `${gateway}/${fn.arn}/invocations`,
    lastModified: fn.modifiedAt.replace("Z", "+0000"),
    loggingConfig: {
      applicationLogLevel: "",
      logFormat: "Text",
      logGroup: `/aws/lambda/${fn.name}`,
      systemLogLevel: "",
      ...(inputs["loggingConfig"] as Attributes | undefined),
    },
    qualifiedArn,
    qualifiedInvokeArn: `${gateway}/${qualifiedArn}/invocations`,
    responseStreamingInvokeArn: `${gateway.replace("2015-03-31", "2021-11-15")}/${fn.arn}/response-streaming-invocations`,
    signingJobArn: "",
    signingProfileVersionArn: "",
    sourceCodeHash: inputs["sourceCodeHash"] ?? code.sha256,
    sourceCodeSize: code.size,
    tracingConfig: inputs["tracingConfig"] ?? { mode: "PassThrough" },
    version,
  };
}
