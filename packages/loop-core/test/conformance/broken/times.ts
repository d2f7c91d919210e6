import { BackendFailure } from "@polyloop/loop-core";
import { clock } from "@polyloop/sys";
import { bent, type Flaw } from "./bent.js";

/** It never waits. */
export const neverWaits: Flaw = bent((inner) => ({ poll: (_timeout, sink) => inner.poll(0, sink) }));

/** It wakes up now and then, to be sure. */
export const sleepsBadly: Flaw = bent((inner) => ({
  poll: (timeout, sink) => inner.poll(timeout < 0 ? 5 : Math.min(timeout, 5), sink),
}));

/** It waits although it was told not to. */
export const alwaysWaits: Flaw = bent((inner) => ({
  poll: (timeout, sink) => inner.poll(timeout === 0 ? 1 : timeout, sink),
}));

/** It wakes up when it suits it. */
export const oversleeps: Flaw = bent((inner) => ({
  poll: (timeout, sink) => inner.poll(timeout > 0 ? timeout + 15 : timeout, sink),
}));

/** It waits until the kernel has taken what is handed over. */
export const sleepsInFlush: Flaw = bent((inner) => ({
  flush() {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30);
    inner.flush();
  },
}));

/** A signed number of 32 bits holds its timeout: 2³² milliseconds are none. */
export const wrapsLongWaits: Flaw = bent((inner) => ({ poll: (timeout, sink) => inner.poll(timeout | 0, sink) }));

/** A signal ends the wait, and that is taken for a failure. */
export const failsOnSignals: Flaw = bent((inner) => ({
  poll(timeout, sink) {
    let told = 0;
    const counted = (tell: () => void): void => {
      told++;
      tell();
    };
    const begin = now();
    inner.poll(timeout, {
      ready: (fd, events) => counted(() => sink.ready(fd, events)),
      failed: (fd, errno) => counted(() => sink.failed(fd, errno)),
      rearm: (fd) => sink.rearm(fd),
    });
    if (told === 0 && (timeout < 0 || now() < begin + timeout)) throw new BackendFailure("poll failed with EINTR");
  },
}));

/** Whole milliseconds, rounded down: the fraction that is left is spent spinning. */
export const roundsDown: Flaw = bent((inner) => ({ poll: (timeout, sink) => inner.poll(Math.floor(timeout), sink) }));

/** It says that the wait ended later than it did. */
export const stampsTheFuture: Flaw = bent((inner, { stamp }) => ({
  poll(timeout, sink) {
    inner.poll(timeout, sink);
    if (stamp === undefined) return;
    clock(stamp);
    stamp[0] = (stamp[0] as number) + 10;
  },
}));

/** It writes the time where there may be no place for it. */
export const needsStamp: Flaw = bent((inner, { stamp }) => ({
  poll(timeout, sink) {
    inner.poll(timeout, sink);
    clock(stamp as Float64Array);
  },
}));

/** It says that the wait ended when it began. */
export const stampsBeforeTheWait: Flaw = bent((inner, { stamp }) => ({
  poll(timeout, sink) {
    const before = new Float64Array(2);
    clock(before);
    inner.poll(timeout, sink);
    stamp?.set(before);
  },
}));

function now(): number {
  const times = new Float64Array(2);
  clock(times);
  return times[0] as number;
}
