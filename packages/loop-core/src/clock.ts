import { clock } from "@polyloop/sys";

/** Where a clock keeps CLOCK_MONOTONIC: it never jumps; timers count on it. Milliseconds, fractional. */
export const MONOTONIC = 0;
/** Where a clock keeps CLOCK_REALTIME: milliseconds since the epoch, fractional; people and other programs may set it. */
export const WALL = 1;

/**
 * What the loop reads the time from. It writes into an array instead of returning numbers because a fractional number that
 * leaves a function is an allocation, and a steady turn makes none.
 */
export interface Clock {
  /** Stores the time at {@link MONOTONIC} and {@link WALL}. */
  read(into: Float64Array): void;
}

/** The kernel's clocks. */
export const systemClock: Clock = {
  read(into) {
    clock(into);
  },
};

/** The loop's idea of the time: constant between two updates, so that everything in one turn happens at one moment. */
export class LoopTime {
  /** The time of the turn, at {@link MONOTONIC} and {@link WALL}. */
  readonly current = new Float64Array(2);
  /** What the backend's own system call said after the wait, if it said anything. */
  readonly stamp = new Float64Array(2);
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
    this.update();
  }

  /** Reads the clock. */
  update(): void {
    this.clock.read(this.current);
  }

  /** Called before the wait. */
  expectStamp(): void {
    this.stamp[MONOTONIC] = Number.NaN;
  }

  /** Called after the wait: takes the backend's stamp, or reads the clock if it left none. */
  updateAfterWait(): void {
    const stamp = this.stamp;
    const monotonic = stamp[MONOTONIC] as number;
    if (Number.isNaN(monotonic)) {
      this.update();
    } else {
      this.current[MONOTONIC] = monotonic;
      this.current[WALL] = stamp[WALL] as number;
    }
  }
}
