import * as pulumi from "@pulumi/pulumi";

export interface PolicyStatement {
  Sid: string;
  Effect: "Allow" | "Deny";
  Action: string[] | "*";
  Resource: pulumi.Input<string>[] | "*";
  Condition?: Record<string, Record<string, pulumi.Input<string> | string[]>>;
}

export function toPolicy(statements: PolicyStatement[]): pulumi.Output<string> {
  return pulumi.jsonStringify({ Version: "2012-10-17", Statement: statements });
}
