import { requireDuration, wrongValue } from "../arguments.js";
import type { LoopError } from "../errors.js";
import { type Events, type Interest, READ } from "../events.js";
import type { LoopState } from "../state.js";
import type { Linked } from "../watcher-list.js";
import { IoWatcher, requireInterest } from "./io.js";
import { TimerWatcher } from "./timer.js";
import { type Callback, requireCallback, requireEvents, Watcher, type WatcherOptions } from "./watcher.js";

/** What a once watcher waits for: a descriptor, a timeout or both. */
export interface OnceOptions extends WatcherOptions {
  readonly fd?: number | undefined;
  /** Default READ. */
  readonly events?: Interest;
  /** Milliseconds, fractions count; without it there is no time limit. */
  readonly timeout?: number | undefined;
}

/**
 * Waits for a descriptor or a timeout, whichever comes first, and ends. The bits tell which: READ and WRITE, TIMER, both if
 * both came in one turn, or FAILED if the descriptor cannot be watched.
 */
export class OnceWatcher extends Watcher implements Linked<OnceWatcher> {
  override callback: Callback<OnceWatcher>;
  /** @internal */
  previous: OnceWatcher | null = null;
  /** @internal */
  next: OnceWatcher | null = null;
  private readonly io: IoWatcher | null = null;
  private readonly timer: TimerWatcher | null = null;
  private readonly timeout: number;
  /** The one of the two that a fed event goes to. */
  private readonly inner: IoWatcher | TimerWatcher;

  /** @internal */
  constructor(state: LoopState, options: OnceOptions, callback: (events: Events) => void) {
    requireCallback("loop.once", callback, options);
    const { fd, events = READ, timeout } = options;
    if (fd === undefined && timeout === undefined) {
      throw wrongValue("loop.once", "the options", "a descriptor (fd), a timeout or both", options);
    }
    requireInterest("loop.once", events);
    if (timeout !== undefined) requireDuration("loop.once", "timeout", timeout);
    super(state, "loop.once", options);
    this.callback = (_watcher, bits) => {
      callback(bits);
    };
    const hidden = { start: false, ref: false, priority: this.priority };
    const finish = (_watcher: Watcher, bits: Events): void => {
      this.finish(bits);
    };
    this.timeout = timeout ?? 0;
    if (timeout !== undefined) this.timer = new TimerWatcher(state, timeout, finish, hidden);
    if (fd !== undefined) this.io = new IoWatcher(state, fd, events, finish, hidden, "loop.once");
    this.inner = this.io ?? (this.timer as TimerWatcher);
    if (options.start !== false) this.start();
  }

  /** Why the descriptor could not be watched, after FAILED. */
  get error(): LoopError | undefined {
    return this.io?.error;
  }

  override get pending(): boolean {
    return this.io?.pending === true || this.timer?.pending === true;
  }

  /** Queues an event as if it had happened: the watcher ends with it. */
  override feed(events: Events): void {
    this.inner.feed(events);
  }

  /** Ends the watcher and calls the callback now. */
  override invoke(events: Events): void {
    requireEvents("watcher.invoke", events);
    this.finish(events);
  }

  override clearPending(): Events {
    return (this.io?.clearPending() ?? 0) | (this.timer?.clearPending() ?? 0);
  }

  override stop(): void {
    this.clearPending();
    super.stop();
  }

  private finish(bits: Events): void {
    const all = bits | this.clearPending();
    this.stop();
    this.timer?.set(this.timeout);
    // The watchers inside know nothing of the signal.
    if (!this.isAborted()) this.callback(this, all);
  }

  /** @internal */
  protected override arm(): void {
    for (const inner of [this.io, this.timer]) {
      if (inner !== null && inner.priority !== this.priority) inner.priority = this.priority;
    }
    this.state.onces.append(this);
    this.timer?.start();
    this.io?.start();
  }

  /** @internal */
  protected override disarm(): void {
    this.state.onces.remove(this);
    this.io?.stop();
    this.timer?.stop();
  }
}
