import type { dynamic } from "@pulumi/pulumi";

export declare const provider: dynamic.ResourceProvider;
