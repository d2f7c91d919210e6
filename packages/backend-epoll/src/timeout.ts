const NANOSECONDS = 1_000_000_000;
const LONGEST = 0x7ffffffe;

/**
 * Splits a timeout in milliseconds, as `poll` takes it, into the whole seconds and the nanoseconds that a timespec has; −1
 * seconds stand for ever. Rounded up, so that no timer is early. Both are arrays: a fraction that enters or leaves a function
 * as a number may be an allocation.
 */
export function splitTimeout(limit: Float64Array, parts: Int32Array): void {
  const ms = limit[0] as number;
  if (ms <= 0) {
    parts[0] = ms < 0 ? -1 : 0;
    parts[1] = 0;
    return;
  }
  const seconds = Math.min(Math.floor(ms / 1000), LONGEST);
  const nanoseconds = Math.min(Math.ceil((ms - seconds * 1000) * 1e6), NANOSECONDS);
  // A remainder that rounds up to a second is one.
  parts[0] = nanoseconds === NANOSECONDS ? seconds + 1 : seconds;
  parts[1] = nanoseconds === NANOSECONDS ? 0 : nanoseconds;
}

/** A timeout for kernels that know no other. Rounded up: 0.4 ms must not become a busy loop of waits for nothing. */
export function wholeMilliseconds(ms: number): number {
  return Math.min(Math.ceil(ms), 0x7fffffff) | 0;
}
