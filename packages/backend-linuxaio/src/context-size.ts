/** What the first page of a ring holds, and what each further page adds: see KERNEL.md. */
const FIRST_PAGE = 62;
const PAGE = 64;
const SMALLEST = 15;

/**
 * How many requests to ask a context for so that this many fit: 15 · 2ᵏ, from the second page on as many as fill whole pages.
 * Small to begin with, because fs.aio-max-nr is charged with what was asked for, by everybody in the system.
 */
export function contextSize(requests: number): number {
  for (let size = SMALLEST; ; size *= 2) {
    const whole = size <= FIRST_PAGE ? size : Math.floor(size / PAGE) * PAGE + FIRST_PAGE;
    if (whole >= requests) return whole;
  }
}
