import * as v from "valibot";
import type { Dimensions } from "./metrics.ts";

/** Seconds since 1970, as AWS JSON has times. */
export const Time = v.pipe(
  v.number(),
  v.transform((seconds) => seconds * 1000),
);
/** Where the page before ended: how many to pass over. */
export const Token = v.optional(v.pipe(v.string(), v.digits(), v.transform(Number)), "0");
export const DimensionList = v.optional(v.array(v.object({ Name: v.string(), Value: v.string() })), []);

export function toDimensions(list: readonly { Name: string; Value: string }[]): Dimensions {
  return Object.fromEntries(list.map(({ Name, Value }) => [Name, Value]));
}

export function fromDimensions(dimensions: Dimensions = {}): { Name: string; Value: string }[] {
  return Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
}

/** The token of the next page, where there is one. */
export function toNext(end: number, length: number): { NextToken?: string } {
  return end < length ? { NextToken: String(end) } : {};
}
