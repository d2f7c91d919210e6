import { splitTimeout } from "./timeout.js";

/**
 * How long a `poll` may wait, over the rounds that it takes. Everything is kept in arrays: a fraction that enters or leaves a
 * function as a number may be an allocation.
 */
export class WaitLimit {
  /** The next wait in the seconds and nanoseconds of a timespec; −1 seconds for ever. */
  readonly parts = new Int32Array(2);
  /** Milliseconds; 0 not at all, −1 for ever. */
  readonly left = new Float64Array(1);
  /** When the time is up, on the monotonic clock; NaN if nobody has to know. */
  private readonly deadline = new Float64Array(1);
  private isLooking = false;

  /** A new `poll` has stored its timeout in `left`. */
  begin(): void {
    this.deadline[0] = Number.NaN;
  }

  /** There is something to tell: no round waits any more. */
  end(): void {
    this.left[0] = 0;
  }

  /**
   * Prepares the next wait. `isDisturbed`: answers that nobody wants may end it, and it must go on then. For that the time has to
   * be known, so the first such round does not wait, and finds out what time it is.
   */
  prepare(isDisturbed: boolean): void {
    const { left, parts } = this;
    this.isLooking = isDisturbed && (left[0] as number) > 0 && Number.isNaN(this.deadline[0]);
    if (this.isLooking) parts.fill(0);
    else splitTimeout(left, parts);
  }

  /** Nobody was told anything by the round just made, at the end of which it was `times[0]`: whether there is time left to wait. */
  goesOn(times: Float64Array): boolean {
    const { left, deadline } = this;
    if ((left[0] as number) <= 0) return left[0] !== 0;
    const now = times[0] as number;
    if (this.isLooking) deadline[0] = now + (left[0] as number);
    // Unless there was a look before it, the wait was the only one, and is over.
    left[0] = Number.isNaN(deadline[0]) ? 0 : Math.max((deadline[0] as number) - now, 0);
    return left[0] > 0;
  }
}
