import { CLOSED, SKIPPED, STATE } from "@polyloop/sys/wakeup";
import type { System, Wakeup } from "../src/system.js";
import { ManualClock } from "./manual-clock.js";

/** A wake-up that is a number and a flag: no kernel object, no native code. */
export class ManualWakeup implements Wakeup {
  fd: number;
  readonly control = new Int32Array(new SharedArrayBuffer(16));
  closed = false;
  consumed = 0;
  /** What `wait` was asked for, in milliseconds. */
  readonly waits: number[] = [];
  private readonly clock: ManualClock;
  private readonly reopened: (old: number) => number;

  constructor(clock: ManualClock, fd: number, reopened: (old: number) => number) {
    this.clock = clock;
    this.fd = fd;
    this.reopened = reopened;
  }

  consume(): number {
    this.consumed++;
    return 0;
  }

  wait(ms: number): void {
    this.waits.push(ms);
    if (Atomics.load(this.control, SKIPPED) === 0) this.clock.advance(ms);
  }

  reopen(): number {
    const fd = this.reopened(this.fd);
    if (fd < 0) return fd;
    this.fd = fd;
    return 0;
  }

  close(): void {
    this.closed = true;
    Atomics.or(this.control, STATE, CLOSED);
  }
}

/** An operating system for unit tests: time is the test's to move, and nothing is native. */
export class ManualSystem implements System {
  readonly clock = new ManualClock();
  readonly stampsAgree = true;
  terminable = false;
  limit = 1024;
  readonly wakeups: ManualWakeup[] = [];
  /** Whether a wake-up that is opened anew gets its old number again, as the kernel may well give it. */
  reuseNumbers = false;
  /** What opening a wake-up anew fails with: a negative errno, or 0. */
  reopenFails = 0;
  private nextFd = 900;

  descriptorLimit(): number {
    return this.limit;
  }

  openWakeup(): ManualWakeup {
    const wakeup = new ManualWakeup(this.clock, this.nextFd++, (old) => {
      if (this.reopenFails < 0) return this.reopenFails;
      return this.reuseNumbers ? old : this.nextFd++;
    });
    this.wakeups.push(wakeup);
    return wakeup;
  }
}
