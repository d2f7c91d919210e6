import { type InspectOptions, inspect } from "node:util";
import { requireInterval, show, wrongType, wrongValue } from "./arguments.js";
import type { BackendFactory } from "./backend.js";
import { MONOTONIC, WALL } from "./clock.js";
import { closeLoop } from "./close.js";
import { LoopError } from "./errors.js";
import type { Events, Interest } from "./events.js";
import { ReadinessIterator, type ReadyOptions, ready, type WatchOptions } from "./promises.js";
import { type BackendInfo, requireFactories } from "./recovery.js";
import { LoopState } from "./state.js";
import { linux, type System } from "./system.js";
import { type RunMode, run } from "./turn.js";
import { AsyncWatcher } from "./watchers/async.js";
import { CheckWatcher } from "./watchers/check.js";
import { CleanupWatcher } from "./watchers/cleanup.js";
import { ForkWatcher } from "./watchers/fork.js";
import { IdleWatcher } from "./watchers/idle.js";
import { type IoOptions, IoWatcher, requireDescriptor } from "./watchers/io.js";
import { OnceWatcher, type OnceOptions } from "./watchers/once.js";
import { PrepareWatcher } from "./watchers/prepare.js";
import { type TimerOptions, TimerWatcher } from "./watchers/timer.js";
import { type Callback, requireEvents, Watcher, type WatcherOptions } from "./watchers/watcher.js";

/** How a loop is made. */
export interface LoopOptions {
  /** A backend's factory, such as `epoll()`, or candidates of which the first that can run here is taken. */
  readonly backend: BackendFactory | readonly BackendFactory[];
  /** Default false. `true`: a candidate that cannot run here, or fails later, is an error and not replaced. */
  readonly strict?: boolean;
  /** Who asked for these, as `loop.backend.source` tells it. Default `"the backend option"`. */
  readonly source?: string;
  /** For tests: another clock and other wake-ups; see `@polyloop/loop-core/testing`. */
  readonly system?: System;
}

/**
 * An event loop with libev's semantics, on the kernel interface of its backend. `run()` owns its thread: promises,
 * `setTimeout` and Node's own I/O wait until it returns, so it belongs in a worker or in a process of its own.
 *
 * Durations are milliseconds and fractions count. Callbacks are `(watcher, events) => void`. A loop and its watchers belong
 * to the thread that made them; only an `AsyncHandle` crosses threads.
 */
export class Loop {
  /** @internal */
  readonly state: LoopState;

  constructor(options: LoopOptions) {
    const given: unknown = options;
    if (typeof given !== "object" || given === null || !("backend" in given) || given.backend === undefined) {
      throw new LoopError("ERR_NO_BACKEND", `new Loop() takes { backend: … }, and none was given in ${show(given)}`, {
        remedy:
          "Pass a factory, as in new Loop({ backend: epoll() }), or use createLoop(), which goes by configuration",
      });
    }
    const { source = "the backend option", strict = false, system = linux } = options;
    if (typeof strict !== "boolean") throw wrongType("new Loop", "strict", "true or false", strict);
    const candidates = requireFactories("new Loop", options.backend);
    this.state = new LoopState(this, { candidates, source, strict }, system);
    this.state.backends.announce();
  }

  /** The backend in use, what was asked for and what was passed over. */
  get backend(): BackendInfo {
    return this.state.backends.info;
  }

  /**
   * Watches a descriptor for a mask of READ, WRITE and PRIORITY. A number that can be no descriptor of this process is `EBADF`,
   * anything but an integer `ERR_INVALID_ARG_TYPE`, a mask of other bits `ERR_OUT_OF_RANGE`.
   */
  io(fd: number, events: Interest, callback: Callback<IoWatcher>, options: IoOptions = {}): IoWatcher {
    return new IoWatcher(this.state, fd, events, callback, options);
  }

  /**
   * Calls back `after` milliseconds from the turn's time, then every `repeat`. Negative: at once; NaN is an error; Infinity:
   * never.
   */
  timer(after: number, callback: Callback<TimerWatcher>, options: TimerOptions = {}): TimerWatcher {
    return new TimerWatcher(this.state, after, callback, options);
  }

  /** Calls back when nothing of its priority or higher is pending, and keeps the loop from blocking. */
  idle(callback: Callback<IdleWatcher>, options: WatcherOptions = {}): IdleWatcher {
    return new IdleWatcher(this.state, "loop.idle", callback, options);
  }

  /** Calls back in every turn before the wait. */
  prepare(callback: Callback<PrepareWatcher>, options: WatcherOptions = {}): PrepareWatcher {
    return new PrepareWatcher(this.state, "loop.prepare", callback, options);
  }

  /** Calls back in every turn after the wait. */
  check(callback: Callback<CheckWatcher>, options: WatcherOptions = {}): CheckWatcher {
    return new CheckWatcher(this.state, "loop.check", callback, options);
  }

  /** Calls back when a wake-up was sent, from this thread or another. */
  async(callback: Callback<AsyncWatcher>, options: WatcherOptions = {}): AsyncWatcher {
    return new AsyncWatcher(this.state, callback, options);
  }

  /** Calls back after `recreate()` declared a fork, before the kernel state is opened anew. */
  fork(callback: Callback<ForkWatcher>, options: WatcherOptions = {}): ForkWatcher {
    return new ForkWatcher(this.state, "loop.fork", callback, options);
  }

  /** Calls back when the loop is closed. Never keeps `run()` going. */
  cleanup(callback: Callback<CleanupWatcher>, options: WatcherOptions = {}): CleanupWatcher {
    return new CleanupWatcher(this.state, callback, options);
  }

  /** Waits for a descriptor, a timeout or whichever comes first. Its callback is given the bits alone: they tell which. */
  once(options: OnceOptions, callback: (events: Events) => void): OnceWatcher {
    return new OnceWatcher(this.state, options, callback);
  }

  /**
   * Waits for a descriptor as a promise; rejects with `AbortError` on abort, `ETIMEDOUT` on timeout, the watcher's error if
   * the descriptor cannot be watched. Something must turn the loop meanwhile, and the promise goes on only once `run()` has
   * returned.
   */
  ready(fd: number, events: Interest, options: ReadyOptions = {}): Promise<Events> {
    return ready(this.state, fd, events, options);
  }

  /**
   * Waits for a descriptor again and again; ends when the signal aborts or the loop closes. Each event arrives once the `run()`
   * that met it has returned.
   */
  watch(fd: number, events: Interest, options: WatchOptions = {}): AsyncIterableIterator<Events, undefined> {
    return new ReadinessIterator(this.state, fd, events, options);
  }

  /**
   * Turns the loop until nothing keeps it going or `break()` is called (`"default"`), once with waiting (`"once"`) or once
   * without (`"nowait"`). Returns whether active watchers that keep it going remain. May be called from a callback.
   */
  run(mode: RunMode = "default"): boolean {
    const given: unknown = mode;
    if (given !== "default" && given !== "once" && given !== "nowait") {
      throw wrongValue("loop.run", "mode", '"default", "once" or "nowait"', given);
    }
    this.state.requireOpen();
    return run(this.state, mode);
  }

  /** Ends the innermost `run()`, or all nested ones, after the callbacks of this turn. Does nothing outside a run. */
  break(which: "one" | "all" = "one"): void {
    const given: unknown = which;
    if (given !== "one" && given !== "all") throw wrongValue("loop.break", "which", '"one" or "all"', given);
    const { broken, depth } = this.state;
    for (let at = which === "one" ? depth : 1; at <= depth; at++) broken[at] = at > 0;
  }

  /** Keeps `run()` going as if one more watcher were active. */
  ref(): void {
    this.state.requireOpen();
    this.state.references++;
  }

  /**
   * Takes one `ref()` back, or makes up for one watcher that is active. One too many ends the run as if nothing were left, until
   * `ref()` makes up for it.
   */
  unref(): void {
    this.state.requireOpen();
    this.state.references--;
  }

  /** The wall-clock time of the turn: milliseconds since the epoch, fractional, constant within a turn. */
  now(): number {
    return this.state.time.current[WALL] as number;
  }

  /** Brings `now()`, and the time from which new timers count, up to date. */
  updateNow(): void {
    this.state.time.update();
  }

  /**
   * Timers stop counting until `resume()`. Everything else goes on; a `run()` that has only timers to wait for waits until
   * something else resumes them.
   */
  suspend(): void {
    const { state } = this;
    state.requireOpen();
    if (!Number.isNaN(state.suspendedAt)) return;
    state.time.update();
    state.suspendedAt = state.time.current[MONOTONIC] as number;
  }

  /** Timers go on counting with what was left when `suspend()` was called. */
  resume(): void {
    const { state } = this;
    state.requireOpen();
    if (Number.isNaN(state.suspendedAt)) return;
    state.time.update();
    state.timers.shift((state.time.current[MONOTONIC] as number) - state.suspendedAt);
    state.suspendedAt = Number.NaN;
  }

  /** How often the loop polled its backend. */
  get iteration(): number {
    return this.state.iteration;
  }

  /** How many calls of `run()` are nested right now; 0 outside. */
  get depth(): number {
    return this.state.depth;
  }

  /** Watchers with an event that waits for its callback. */
  get pendingCount(): number {
    return this.state.pending.count;
  }

  /** Queues an event for a watcher of this loop as if it had happened. */
  feed(watcher: Watcher, events: Events): void {
    const given: unknown = watcher;
    if (!(given instanceof Watcher) || given.state !== this.state) {
      throw wrongValue("loop.feed", "the watcher", "a watcher of this loop", given);
    }
    given.feed(events);
  }

  /** Queues readiness of a descriptor as if the kernel had reported it: each watcher gets the bits it asked for. */
  feedFd(fd: number, events: Events): void {
    requireDescriptor(this.state, "loop.feedFd", fd);
    requireEvents("loop.feedFd", events);
    this.state.requireOpen();
    this.state.descriptors.ready(fd, events);
  }

  /** Runs the callbacks of what is pending now. */
  invokePending(): void {
    this.state.requireOpen();
    this.state.pending.invoke();
  }

  /**
   * A function that takes the place of `invokePending()` wherever the loop runs callbacks, or null. It should call
   * `invokePending()` itself, now or later; while something is pending the loop does not block, so leaving it there for
   * long keeps the processor busy.
   */
  get onInvokePending(): ((loop: Loop) => void) | null {
    return this.state.onInvokePending;
  }

  set onInvokePending(value: ((loop: Loop) => void) | null) {
    const given: unknown = value;
    if (given !== null && typeof given !== "function") {
      throw wrongValue("loop.onInvokePending", "the value", "a function or null", given);
    }
    this.state.onInvokePending = value;
  }

  /** Milliseconds from one poll to the next within which events are left to gather; 0, the default, polls at once. */
  get ioCollectInterval(): number {
    return this.state.ioCollectInterval;
  }

  set ioCollectInterval(value: number) {
    requireInterval("loop.ioCollectInterval", "the interval", value);
    this.state.ioCollectInterval = value;
  }

  /** The least time, in milliseconds, that a turn waits for a timer that has not expired, so that more come together. */
  get timeoutCollectInterval(): number {
    return this.state.timeoutCollectInterval;
  }

  set timeoutCollectInterval(value: number) {
    requireInterval("loop.timeoutCollectInterval", "the interval", value);
    this.state.timeoutCollectInterval = value;
  }

  /** Throws `ERR_INTERNAL` if the loop's data structures contradict each other. */
  verify(): void {
    const fail = (what: string): never => {
      throw new LoopError("ERR_INTERNAL", `loop.verify: ${what}`, {
        remedy: "Please report this as a bug of loop-core",
      });
    };
    this.state.pending.verify(fail);
    this.state.timers.verify(fail);
    this.state.descriptors.verify(fail, this.state.backends.current.supports.edge);
  }

  /** Declares the kernel state lost, as after a fork: the next turn runs the fork watchers and opens it anew. */
  recreate(): void {
    this.state.requireOpen();
    this.state.forked = true;
  }

  /**
   * Runs the cleanup watchers, stops all watchers and gives everything back to the kernel. Idempotent; inside a callback the
   * turn ends after it. A closed loop throws `ERR_LOOP_CLOSED`. An error of a cleanup watcher is thrown at the end.
   */
  close(): void {
    closeLoop(this.state);
  }

  /** What printing it shows. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    const { closed, backends } = this.state;
    const { depth, iteration, pendingCount } = this;
    return `Loop ${inspect({ backend: backends.current.name, closed, depth, iteration, pendingCount }, options)}`;
  }

  /** Closes the loop, so that `using` can hold it. */
  [Symbol.dispose](): void {
    this.close();
  }
}
