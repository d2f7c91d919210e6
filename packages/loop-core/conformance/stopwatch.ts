import { readFileSync } from "node:fs";
import { clock } from "@polyloop/sys";

const now = new Float64Array(2);

/** CLOCK_MONOTONIC, on which timers count, in milliseconds. */
export function monotonic(): number {
  clock(now);
  return now[0] as number;
}

/** CLOCK_REALTIME in milliseconds. */
export function wall(): number {
  clock(now);
  return now[1] as number;
}

/** What a thread has used of a processor, and how often it went to sleep of its own accord. */
export interface Usage {
  /** Milliseconds. */
  readonly processor: number;
  readonly sleeps: number;
}

/** Of the kernel's ticks in /proc there are a hundred in a second. */
const TICK = 10;

/** What this thread has used so far; undefined where /proc does not tell. */
export function threadUsage(): Usage | undefined {
  try {
    // The name in parentheses may contain anything.
    const fields = readFileSync("/proc/thread-self/stat", "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    const sleeps = /^voluntary_ctxt_switches:\s*(\d+)/m.exec(readFileSync("/proc/thread-self/status", "utf8"))?.[1];
    const processor = (Number(fields[11]) + Number(fields[12])) * TICK;
    return sleeps === undefined || Number.isNaN(processor) ? undefined : { processor, sleeps: Number(sleeps) };
  } catch {
    return undefined;
  }
}
