import type { DescriptorMap } from "./descriptor-map.js";
import type { Events, Interest } from "./events.js";

/**
 * The contract between the loop and a kernel backend.
 *
 * Core owns the truth: which descriptor is wanted for what. A backend is a cache of that truth inside the kernel, so
 * losing one loses nothing. No user code ever runs inside a backend.
 */
export interface Backend {
  /** The factory's name. */
  readonly name: string;
  /**
   * Becomes readable when `poll(0)` would report something, so that another poller can wait for this one; −1 if there is
   * none. What was recorded since the last `poll` counts only after `flush()`.
   */
  readonly fd: number;
  /** What this backend can do; users, core and the conformance kit read it. */
  readonly supports: Capabilities;
  /**
   * Records that descriptor `fd`, until now registered for `from`, is wanted for `to`. The kernel hears of it at the next
   * `poll` or `flush`. Usually there is one call a descriptor and turn; when several come before that, the last one counts.
   * `from === to` means that the number may stand for another file by now, or that an edge may have been missed: look
   * again. Never throws for a bad descriptor: that is reported by `sink.failed` at the next `poll`.
   */
  modify(fd: number, from: Interest, to: Interest): void;
  /**
   * Hands the recorded changes to the kernel, waits until something is ready, a signal arrives or the time is up, and
   * tells `sink`. `timeout` is in milliseconds, fractions count and are never rounded down; 0 does not wait, −1 waits for
   * ever. It may return early with nothing to say, but not again and again. Throws only {@link BackendFailure}.
   */
  poll(timeout: number, sink: Sink): void;
  /** Hands the recorded changes to the kernel without waiting, before somebody else polls `fd`. */
  flush(): void;
  /** The kernel state is gone (the process forked): open it anew, empty. Core then calls `modify` for everything wanted. */
  recreate(): void;
  /** Gives everything back to the kernel. Idempotent; nothing else is called afterwards. */
  close(): void;
}

/** Where a backend reports to. Only valid during the `poll` it was given to. */
export interface Sink {
  /** `fd` is ready for these; ERROR and HANGUP come together with READ and WRITE. More than was asked for is ignored. */
  ready(fd: number, events: Events): void;
  /** `fd` cannot be watched: its watchers get the error (a positive errno) and stop; the loop lives. */
  failed(fd: number, errno: number): void;
  /** The kernel forgot `fd` (a one-shot was used up): `modify(fd, 0, wanted)` will come in the next turn. */
  rearm(fd: number): void;
}

/** What a backend says of itself. It must neither claim what is not so nor hide what is. */
export interface Capabilities {
  /** Waits end with less than a millisecond of rounding. */
  readonly preciseTimeouts: boolean;
  /** {@link EDGE} is honoured. */
  readonly edge: boolean;
  /** {@link PRIORITY} is reported. */
  readonly priority: boolean;
  /** `fd` is a descriptor that others can poll. */
  readonly pollable: boolean;
}

/** What core hands to a new backend. */
export interface BackendContext {
  /**
   * The generation of each descriptor number, kept across backends. A backend tags every kernel registration with it, moves
   * it on (`generations.increment(fd)`) whenever a registration is removed, replaced or abandoned, and discards every
   * answer that carries another one.
   */
  readonly generations: DescriptorMap;
  /**
   * Where a backend may store the time after its wait, when its system call's native code can read the clock at no extra
   * call: `[CLOCK_MONOTONIC, CLOCK_REALTIME]` in milliseconds. Core reads the clock itself when the first is NaN. Missing
   * when the loop runs on another clock.
   */
  readonly stamp?: Float64Array;
}

/** Whether a backend can run here, as a value: the reason is kept and can be shown. */
export type Availability =
  | { readonly ok: true; readonly features: readonly string[] }
  | {
      readonly ok: false;
      /** For programs: the kernel's error name, or `ERR_…`. */
      readonly code: string;
      /** Why not, as a sentence without a full stop. */
      readonly reason: string;
      /** What to do about it, as an instruction. */
      readonly remedy?: string | undefined;
    };

/** Makes backends of one kind. This is what a backend package exports and registers. */
export interface BackendFactory {
  /** What people write in configuration: `[a-z0-9-]+`. */
  readonly name: string;
  /** Tries the real system calls and says whether they work; never throws. */
  probe(): Availability;
  /** Opens one; throws {@link BackendUnavailable} when the kernel says no after all. */
  create(context: BackendContext): Backend;
  /** Tried when this one is unavailable, or fails, and no listed candidate is left. */
  readonly fallback?: BackendFactory | undefined;
}
