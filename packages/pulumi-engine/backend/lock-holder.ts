import { readFileSync, readlinkSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import * as v from "valibot";
import { isErrorCode } from "@pulumi-line-bot/kit/files";

const holderSchema = v.object({
  pid: v.fallback(v.number(), 0),
  username: v.fallback(v.string(), "unknown"),
  hostname: v.fallback(v.string(), "unknown"),
  timestamp: v.fallback(v.string(), "an unknown time"),
  /** Linux: the PID namespace that the pid counts in. */
  pidNamespace: v.optional(v.string()),
  /** Linux: when the process began, in clock ticks since the machine's start. A pid comes again, with another. */
  startTime: v.optional(v.string()),
  /** Linux: the machine's start. */
  bootId: v.optional(v.string()),
});

/** What a lock file says of its holder. Pulumi writes the first four, and reads past the others. */
export type Holder = v.InferOutput<typeof holderSchema>;

export function describeOurselves(): Holder {
  return {
    pid: process.pid,
    username: userInfo().username,
    hostname: hostname(),
    timestamp: new Date().toISOString(),
    pidNamespace,
    startTime: tryReadProcess(process.pid)?.startTime,
    bootId,
  };
}

const lockFile = v.fallback(
  v.pipe(v.string(), v.parseJson(), holderSchema),
  () => v.parse(holderSchema, {}), // A lock that cannot be read is a lock all the same.
);

export const parseHolder = (text: string): Holder => v.parse(lockFile, text);

/**
 * Whether the holder is known to have ended. A pid means something in its own namespace only, and containers may
 * share a host name: on Linux a holder that does not name this one's, such as the Pulumi CLI, counts as alive.
 */
export function isDead(holder: Holder): boolean {
  if (holder.hostname !== hostname() || !(holder.pid > 0)) return false;
  if (holder.pidNamespace !== pidNamespace) return false;
  // In the machine's own namespace, what a former start of it has left is gone.
  if (holder.bootId !== bootId) return pidNamespace === initialNamespace;
  if (!isRunning(holder.pid)) return true;
  const running = tryReadProcess(holder.pid);
  return running !== undefined && (running.state === "Z" || running.startTime !== holder.startTime);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: alive, and another user's.
    return !isErrorCode(error, "ESRCH");
  }
}

/**
 * The state "Z" is that of a process that was killed and waits for a parent to ask for its exit code: in a container
 * without an init nobody ever does. `undefined` if there is none, and beyond Linux.
 */
function tryReadProcess(pid: number): { state: string | undefined; startTime: string | undefined } | undefined {
  const stat = tryRead(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  if (stat === undefined) return undefined;
  // The fields follow the name, which stands in parentheses and may hold any character. See proc_pid_stat(5).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0], startTime: fields[19] };
}

/** Only Linux has these files. */
function tryRead(read: () => string): string | undefined {
  try {
    return read().trim();
  } catch (error) {
    if (isErrorCode(error, "ENOENT") || isErrorCode(error, "ESRCH") || isErrorCode(error, "EACCES")) return undefined;
    throw error;
  }
}

/** The inode number that the kernel gives to the namespace that the machine starts with (PROC_PID_INIT_INO). */
const initialNamespace = "pid:[4026531836]";
const pidNamespace = tryRead(() => readlinkSync("/proc/self/ns/pid"));
const bootId = tryRead(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8"));
