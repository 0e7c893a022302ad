/** What the platform does wrong on request. Each is used up after `times` uses. */
export type Fault =
  | {
      on: "api";
      /** The OpenAPI operation, such as `pushMessage`; absent: every call. */
      operation?: string;
      channelId?: string;
      /** Absent: the call is only slow. */
      status?: 429 | 500;
      /** Whether the call had its effect before the error is answered. */
      effect?: "before" | "after";
      delayMs?: number;
      times: number;
    }
  | {
      on: "webhook";
      channelId?: string;
      /**
       * `duplicate` sends an event twice at once, `reorder` holds one back until the next has gone,
       * `unreachable` fails to connect, `slow` waits `delayMs` before it sends.
       */
      what: "duplicate" | "reorder" | "unreachable" | "slow";
      delayMs?: number;
      times: number;
    };

export interface Faults {
  add(fault: Fault): void;
  /** The first that fits, counted as used. Reordering is decided before sending: ask for it by `what`. */
  take(on: "api", channelId: string | undefined, operation: string): Extract<Fault, { on: "api" }> | undefined;
  take(on: "webhook", channelId: string, what?: string): Extract<Fault, { on: "webhook" }> | undefined;
  list(): readonly Fault[];
  clear(): void;
}

export function createFaults(): Faults {
  let faults: Fault[] = [];
  const fits = (fault: Fault, on: Fault["on"], channelId?: string, name?: string) =>
    fault.on === on &&
    (fault.channelId === undefined || fault.channelId === channelId) &&
    (fault.on === "webhook"
      ? (fault.what === "reorder") === (name === "reorder")
      : fault.operation === undefined || fault.operation === name);
  return {
    add: (fault) => void faults.push({ ...fault }),
    take(on: Fault["on"], channelId?: string, name?: string) {
      const fault = faults.find((candidate) => fits(candidate, on, channelId, name));
      if (fault === undefined) return undefined;
      fault.times -= 1;
      if (fault.times <= 0) faults = faults.filter((other) => other !== fault);
      // The overloads tie the result to `on`, which `fits` compared.
      return fault as never;
    },
    list: () => faults,
    clear() {
      faults = [];
    },
  };
}
