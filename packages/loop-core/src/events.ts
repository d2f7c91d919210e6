/** A mask of the event bits below: what a callback is told. */
export type Events = number;

/** A mask of {@link READ}, {@link WRITE}, {@link PRIORITY} and, inside the backend contract, {@link EDGE}: what is waited for. */
export type Interest = number;

/** There is something to read, or the other side is gone (an interest). */
export const READ = 0x1;
/** There is room to write, or the other side is gone (an interest). */
export const WRITE = 0x2;
/** Urgent data, or the edge of a sysfs attribute such as a GPIO value: `POLLPRI` (an interest). */
export const PRIORITY = 0x4;
/** The descriptor has an error; reported beside READ and WRITE, never asked for. */
export const ERROR = 0x8;
/** The other side hung up; reported beside READ and WRITE, never asked for. */
export const HANGUP = 0x10;

/**
 * Part of the {@link Interest} a backend is given, never of what a callback sees: deliver this descriptor
 * edge-triggered. Core sets it only when every watcher of the descriptor asked for it and the backend
 * `supports.edge`.
 */
export const EDGE = 0x20;

/** A relative timer expired. */
export const TIMER = 0x100;
/** A wall-clock timer came due. Reserved: no watcher reports it yet. */
export const PERIODIC = 0x200;
/** A signal arrived. Reserved: no watcher reports it yet. */
export const SIGNAL = 0x400;
/** A child process ended. Reserved: no watcher reports it yet. */
export const CHILD = 0x800;
/** A path's attributes changed. Reserved: no watcher reports it yet. */
export const STAT = 0x1000;
/** Nothing of this priority or higher was pending. */
export const IDLE = 0x2000;
/** The loop is about to wait. */
export const PREPARE = 0x4000;
/** The loop has waited. */
export const CHECK = 0x8000;
/** An embedded loop has events. Reserved: no watcher reports it yet. */
export const EMBED = 0x10000;
/** The kernel state was declared lost after a fork. */
export const FORK = 0x20000;
/** The loop is being closed. */
export const CLEANUP = 0x40000;
/** Another thread, or this one, sent a wake-up. */
export const ASYNC = 0x80000;
/** Free for programs: fed by hand. */
export const CUSTOM = 0x1000000;
/** The watcher could not go on and was stopped; its `error` says why. */
export const FAILED = 0x2000000;

/** What a descriptor can be watched for. */
export const INTERESTS = READ | WRITE | PRIORITY;
/** What is only reported. */
export const INFORMATION = ERROR | HANGUP;

const NAMES: readonly (readonly [number, string])[] = [
  [READ, "READ"],
  [WRITE, "WRITE"],
  [PRIORITY, "PRIORITY"],
  [ERROR, "ERROR"],
  [HANGUP, "HANGUP"],
  [EDGE, "EDGE"],
  [TIMER, "TIMER"],
  [PERIODIC, "PERIODIC"],
  [SIGNAL, "SIGNAL"],
  [CHILD, "CHILD"],
  [STAT, "STAT"],
  [IDLE, "IDLE"],
  [PREPARE, "PREPARE"],
  [CHECK, "CHECK"],
  [EMBED, "EMBED"],
  [FORK, "FORK"],
  [CLEANUP, "CLEANUP"],
  [ASYNC, "ASYNC"],
  [CUSTOM, "CUSTOM"],
  [FAILED, "FAILED"],
];

/**
 * The names of the bits in a mask, for people: `describeEvents(READ | HANGUP)` is `"READ|HANGUP"`, an empty mask is
 * `"NONE"`, and bits without a name are given in hexadecimal at the end.
 */
export function describeEvents(mask: Events): string {
  const parts: string[] = [];
  let rest = mask;
  for (const [bit, name] of NAMES) {
    if ((mask & bit) !== 0) {
      parts.push(name);
      rest &= ~bit;
    }
  }
  if (rest !== 0) parts.push(`0x${(rest >>> 0).toString(16)}`);
  return parts.length === 0 ? "NONE" : parts.join("|");
}
