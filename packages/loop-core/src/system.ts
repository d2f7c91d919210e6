import { isMainThread } from "node:worker_threads";
import { descriptorLimit } from "@polyloop/sys";
import { Wakeup as NativeWakeup } from "@polyloop/sys/wakeup";
import { type Clock, systemClock } from "./clock.js";

/** What wakes a loop that is blocked in its backend. */
export interface Wakeup {
  /** Readable after a wake-up; the loop watches it like any other descriptor. */
  readonly fd: number;
  /** What senders in all threads share; see `AsyncHandle`. */
  readonly control: Int32Array;
  /** Takes the wake-up off the descriptor. Returns a negative errno if somebody else has closed it. */
  consume(): number;
  /** Waits up to `ms` milliseconds, fractions count, or until a wake-up, which stays on the descriptor. */
  wait(ms: number): void;
  /** Opens the descriptor anew, after a fork or when a stranger closed it. Returns 0 or a negative errno. */
  reopen(): number;
  /** Idempotent. No sender is inside when it returns. */
  close(): void;
}

/** What the loop needs of the operating system beside a backend. Tests hand in another one, which needs no native code. */
export interface System {
  readonly clock: Clock;
  /** The time that a backend's system call stamps is this clock's. */
  readonly stampsAgree: boolean;
  /** This thread can be told to end while it is blocked, so a wake-up must be there from the start. */
  readonly terminable: boolean;
  /** Descriptors that this process may have: RLIMIT_NOFILE. */
  descriptorLimit(): number;
  openWakeup(): Wakeup;
}

/** The machine this runs on. */
export const linux: System = {
  clock: systemClock,
  stampsAgree: true,
  terminable: !isMainThread,
  descriptorLimit,
  openWakeup: () => new NativeWakeup({ watchThread: !isMainThread }),
};
