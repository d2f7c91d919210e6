/** A second. */
export const NANOSECONDS = 1_000_000_000;

/** The whole seconds of a timeout in milliseconds, as many as an int holds. */
export function wholeSeconds(ms: number): number {
  return Math.min(Math.floor(ms / 1000), 0x7ffffffe) | 0;
}

/** What is left of it, in nanoseconds; rounded up, so that no timer is early, and so perhaps {@link NANOSECONDS}. */
export function nanosecondsBeyond(ms: number, seconds: number): number {
  return Math.min(Math.ceil((ms - seconds * 1000) * 1e6), NANOSECONDS) | 0;
}

/** A timeout for kernels that know no other. Rounded up: 0.4 ms must not become a busy loop of waits for nothing. */
export function wholeMilliseconds(ms: number): number {
  return Math.min(Math.ceil(ms), 0x7fffffff) | 0;
}
