import { type Abortable, release, tie } from "./abort.js";
import { LoopError } from "./errors.js";
import { type Events, FAILED, type Interest, TIMER } from "./events.js";
import type { LoopState } from "./state.js";
import { requireDescriptor, requireInterest } from "./watchers/io.js";
import { OnceWatcher } from "./watchers/once.js";
import { requireOptions, requireSignal } from "./watchers/watcher.js";

/** How long `loop.ready()` waits. */
export interface ReadyOptions {
  /** Milliseconds, fractions count; then the promise rejects with `ETIMEDOUT`. */
  readonly timeout?: number | undefined;
  /** Rejects the promise with its reason when it aborts: an `AbortError` unless the program gave another. */
  readonly signal?: AbortSignal | undefined;
}

/** How long `loop.watch()` goes on. */
export interface WatchOptions {
  /** Ends the iteration when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** One wait for a descriptor: what it comes to, and the way to end it early. */
interface Wait {
  readonly promise: Promise<Events>;
  /** Releases the watcher and rejects the promise. Does nothing once it has settled. */
  cancel(reason: unknown): void;
}

function wait(state: LoopState, fd: number, events: Interest, timeout: number | undefined, signal?: AbortSignal): Wait {
  const { promise, resolve, reject } = withResolvers<Events>();
  const settle = (): void => {
    watcher.stop();
    state.closers.delete(onClose);
    if (signal !== undefined) release(tied, signal);
  };
  const cancel = (reason: unknown): void => {
    settle();
    reject(reason);
  };
  const tied: Abortable = {
    onAbort() {
      cancel(signal?.reason);
    },
  };
  const onClose = (): void => {
    cancel(closedWhileWaiting(fd));
  };
  const watcher = new OnceWatcher(state, { fd, events, timeout }, (bits) => {
    settle();
    if ((bits & FAILED) !== 0) reject(watcher.error);
    else if ((bits & ~TIMER) === 0) reject(timedOut(fd, timeout));
    else resolve(bits & ~TIMER);
  });
  state.closers.add(onClose);
  if (signal !== undefined) tie(tied, signal);
  return { promise, cancel };
}

/** One wait for a descriptor as a promise; every error, a bad argument too, is a rejection. */
export async function ready(state: LoopState, fd: number, events: Interest, options: ReadyOptions): Promise<Events> {
  requireDescriptor(state, "loop.ready", fd);
  requireInterest("loop.ready", events);
  requireOptions("loop.ready", options);
  requireSignal("loop.ready", options.signal);
  options.signal?.throwIfAborted();
  return await wait(state, fd, events, options.timeout, options.signal).promise;
}

const DONE: IteratorResult<Events, undefined> = { done: true, value: undefined };

/**
 * Waits for a descriptor again and again. The descriptor is watched only while the program waits for the next event, so a
 * slow consumer costs nothing. Ends when its signal aborts or the loop closes; `return()`, `throw()` and with them `break`
 * release the watcher, also while a `next()` is outstanding, which then ends too.
 */
export class ReadinessIterator implements AsyncIterableIterator<Events, undefined> {
  private readonly state: LoopState;
  private readonly fd: number;
  private readonly events: Interest;
  private readonly signal: AbortSignal | undefined;
  private current: Wait | null = null;
  private last: Promise<void> = Promise.resolve();
  private outstanding = 0;
  private readonly settled = (): void => {
    this.outstanding--;
  };
  private done = false;

  /** @internal */
  constructor(state: LoopState, fd: number, events: Interest, options: WatchOptions) {
    requireDescriptor(state, "loop.watch", fd);
    requireInterest("loop.watch", events);
    requireOptions("loop.watch", options);
    requireSignal("loop.watch", options.signal);
    state.requireOpen();
    this.state = state;
    this.fd = fd;
    this.events = events;
    this.signal = options.signal;
  }

  /** The next readiness. Calls made while one is outstanding are answered in their order. */
  next(): Promise<IteratorResult<Events, undefined>> {
    // The first one begins to watch at once, so that a `run()` right after it finds the descriptor.
    const step = this.outstanding === 0 ? this.step() : this.last.then(() => this.step());
    this.outstanding++;
    this.last = step.then(this.settled, this.settled);
    return step;
  }

  /** Ends the iteration. */
  return(): Promise<IteratorResult<Events, undefined>> {
    this.end();
    return Promise.resolve(DONE);
  }

  /** Ends the iteration with an error. */
  throw(error: unknown): Promise<IteratorResult<Events, undefined>> {
    this.end();
    const { promise, reject } = withResolvers<IteratorResult<Events, undefined>>();
    reject(error);
    return promise;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  private isOver(): boolean {
    return this.done || this.state.closed || this.signal?.aborted === true;
  }

  private end(): void {
    this.done = true;
    this.current?.cancel(undefined);
  }

  private async step(): Promise<IteratorResult<Events, undefined>> {
    if (this.isOver()) return DONE;
    this.current = wait(this.state, this.fd, this.events, undefined, this.signal);
    try {
      return { done: false, value: await this.current.promise };
    } catch (error) {
      if (this.isOver()) return DONE;
      this.done = true;
      throw error;
    } finally {
      this.current = null;
    }
  }
}

/** `Promise.withResolvers`, which Node has from version 22 on. */
function withResolvers<T>(): {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
} {
  let resolve: ((value: T) => void) | undefined;
  let reject: ((reason: unknown) => void) | undefined;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve: resolve as NonNullable<typeof resolve>, reject: reject as NonNullable<typeof reject> };
}

function timedOut(fd: number, timeout: number | undefined): LoopError {
  return new LoopError("ETIMEDOUT", `descriptor ${String(fd)} was not ready within ${String(timeout)} ms`, {
    errno: -110,
  });
}

function closedWhileWaiting(fd: number): LoopError {
  return new LoopError("ERR_LOOP_CLOSED", `the loop was closed while descriptor ${String(fd)} was waited for`);
}
