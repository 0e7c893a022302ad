import { styleText } from "node:util";
import type { Style } from "./operations.ts";

/** Paints text, or leaves it as it is where no colour is wanted. */
export type Paint = (style: Style, text: string) => string;

export function createPaint(color: boolean): Paint {
  // Whether the stream takes colours is decided by the caller.
  return color ? (style, text) => styleText(style, text, { validateStream: false }) : (_style, text) => text;
}

/** Seconds as a person reads them: `0.31s`, `12s`, `3m5s`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 10) return `${Number(seconds.toFixed(2))}s`;
  if (seconds < 60) return `${Math.round(seconds)}s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}m${whole % 60}s`;
}
