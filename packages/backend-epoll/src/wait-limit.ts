import { splitTimeout } from "./timeout.js";

/** Waits that were ended by what nobody wants to know; after so many the loop has its turn, to see to what else there is. */
const MOST_QUIET_ROUNDS = 1000;

/**
 * How long a `poll` may wait, over the rounds that it takes. Everything is kept in arrays: a fraction that enters or leaves a
 * function as a number may be an allocation.
 */
export class WaitLimit {
  /** The next wait in the seconds and nanoseconds of a timespec; −1 seconds for ever. */
  readonly parts = new Int32Array(2);
  /** Milliseconds; 0 not at all, −1 for ever. */
  readonly left = new Float64Array(1);
  /** When the time is up at the earliest, on the monotonic clock. */
  private readonly deadline = new Float64Array(1);
  private quietRounds = 0;

  /**
   * A new `poll` has stored its timeout in `left`. `times[0]` is when the last call into the kernel ended: what is measured from
   * there ends somewhat too early, never too late, and no system call is needed to know it.
   */
  begin(times: Float64Array): void {
    this.quietRounds = 0;
    this.deadline[0] = (times[0] as number) + (this.left[0] as number);
  }

  /** There is something to tell: no round waits any more. */
  end(): void {
    this.left[0] = 0;
  }

  /** Prepares the next wait. */
  prepare(): void {
    splitTimeout(this.left, this.parts);
  }

  /** A wait was ended by what nobody wants to know, at `times[0]`: whether there is time left for another one. */
  goesOn(times: Float64Array): boolean {
    const { left } = this;
    if ((left[0] as number) > 0) left[0] = Math.max((this.deadline[0] as number) - (times[0] as number), 0);
    return left[0] !== 0 && ++this.quietRounds <= MOST_QUIET_ROUNDS;
  }
}
