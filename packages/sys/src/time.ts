import { native } from "./native.js";
import { inspectView } from "./views.js";

let lastPolled: unknown;
let lastClock: unknown;

/**
 * poll(2): waits until a descriptor is ready, or for `timeoutMs`. Blocks the thread.
 *
 * @param fds triples of descriptor, events, revents. The first two are read, the third is written. Bits are those of
 * poll(2): POLLIN 1, POLLPRI 2, POLLOUT 4, POLLERR 8, POLLHUP 16, POLLNVAL 32, POLLRDHUP 0x2000. A negative descriptor is
 * passed over and reports 0; a closed one reports POLLNVAL and is no error of the call.
 * @param timeoutMs milliseconds; fractions are honoured, rounded up to the next nanosecond, so that it is never early.
 * 0 does not wait, any negative number waits for ever.
 * @returns the number of triples with revents, 0 after the time, or a negative errno, the revents untouched: `-EINTR` when
 * a signal handler ran, `-EINVAL` for more triples than {@link descriptorLimit}, `-ENOMEM`.
 */
export function poll(fds: Int32Array, timeoutMs: number): number {
  if (fds !== lastPolled) lastPolled = inspectView("poll", "fds", fds);
  return native().poll(fds, timeoutMs);
}

/**
 * Both clocks at once, without allocating: `out[0]` is CLOCK_MONOTONIC, the time since some fixed point, never set back;
 * `out[1]` is CLOCK_REALTIME, the time since 1970, which jumps when the clock is set. Milliseconds with fractions.
 *
 * @param out of length 2.
 * @returns 0.
 */
export function clock(out: Float64Array): number {
  if (out !== lastClock) lastClock = inspectView("clock", "out", out);
  return native().clock(out);
}

/**
 * timerfd_create(2) and timerfd_settime(2) on CLOCK_MONOTONIC: a descriptor that becomes readable when the time is over; then
 * eight bytes can be read from it, the number of expirations.
 *
 * @param firstMs milliseconds until the first expiration, ≥ 0, fractions honoured, never early; 0 is "at once".
 * @param intervalMs milliseconds between further expirations, 0 for none.
 * @returns the descriptor, or a negative errno: `-EMFILE`, `-ENFILE`, …
 */
export function timerfd(firstMs: number, intervalMs: number): number {
  return native().timerfd(firstMs, intervalMs);
}
