import { requireDuration, requireInterval } from "../arguments.js";
import type { LoopState } from "../state.js";
import type { HeapMember } from "../timer-heap.js";
import { type Callback, requireCallback, Watcher, type WatcherOptions } from "./watcher.js";

/** How a timer runs. */
export interface TimerOptions extends WatcherOptions {
  /** Milliseconds between later calls, fractions count; 0, the default, means once. */
  readonly repeat?: number;
}

/**
 * A relative timer on CLOCK_MONOTONIC. It counts from the time of the turn in which it is started, not from the moment of
 * the call: started by a callback that has worked for 50 ms, a 100 ms timer comes 50 ms after the callback returns, unless
 * the callback called `loop.updateNow()` first. Outside a turn the loop's time is brought up to date at the start.
 *
 * It never fires early. A repeating timer fires at start + n · repeat without drift; if the loop was late by more than a
 * period it fires once and goes on from now.
 */
export class TimerWatcher extends Watcher implements HeapMember {
  override callback: Callback<TimerWatcher>;
  /** @internal */
  heapIndex = -1;
  /** @internal */
  startOrder = 0;
  /** The timer that expired before this one in the same turn. @internal */
  expiredBefore: TimerWatcher | null = null;
  private after: number;
  /** @internal */
  period: number;
  /** What was left when it was stopped; NaN when `start()` shall begin with `after`. */
  private left = Number.NaN;

  /** @internal */
  constructor(state: LoopState, after: number, callback: Callback<TimerWatcher>, options: TimerOptions) {
    requireDuration("loop.timer", "after", after);
    requireCallback("loop.timer", callback, options);
    if (options.repeat !== undefined) requireInterval("loop.timer", "repeat", options.repeat);
    super(state, "loop.timer", options);
    this.after = after;
    this.period = options.repeat ?? 0;
    this.callback = callback;
    if (options.start !== false) this.start();
  }

  /** Milliseconds between later calls, 0 for once. May be set at any time; counts from the next expiry or `again()`. */
  get repeat(): number {
    return this.period;
  }

  set repeat(value: number) {
    requireInterval("timer.repeat", "repeat", value);
    this.period = value;
  }

  /** Milliseconds left until it fires, or that were left when it was stopped; negative once overdue. */
  get remaining(): number {
    if (this.active) return this.state.timers.timeOf(this) - this.now;
    return Number.isNaN(this.left) ? this.after : this.left;
  }

  /**
   * Defines it anew: `after` milliseconds from the turn's time, or from the next `start()`, then every `repeat`. A pending
   * event is dropped, and so is what was left of a stopped timer.
   */
  set(after: number, repeat = 0): void {
    requireDuration("timer.set", "after", after);
    requireInterval("timer.set", "repeat", repeat);
    this.after = after;
    this.period = repeat;
    this.left = Number.NaN;
    this.clearPending();
    if (this.active) this.restart(after);
  }

  /**
   * Starts the next period now. A pending event is dropped; then an active timer is restarted with `repeat`, or stopped if
   * it has none, and an inactive one is started with `repeat` if it has one (libev: `ev_timer_again`).
   */
  again(): void {
    this.clearPending();
    if (this.active) {
      if (this.period > 0) this.restart(this.period);
      else this.stop();
    } else if (this.period > 0) {
      this.left = this.period;
      this.start();
    }
  }

  /** Fired, being the earliest: a one-shot ends before its callback runs, a repeating one takes its next time. @internal */
  expire(): void {
    const { timers, time } = this.state;
    if (this.period > 0) {
      timers.repeatEarliest(time.current);
    } else {
      timers.remove(this);
      this.deactivate();
    }
  }

  private get now(): number {
    return this.state.timerNow;
  }

  private restart(after: number): void {
    this.state.updateOutsideTurn();
    this.state.timers.remove(this);
    this.state.timers.insert(this, this.now + after);
  }

  /** @internal */
  protected override describe(): Readonly<Record<string, unknown>> {
    return { remaining: this.remaining, repeat: this.period };
  }

  /** @internal */
  protected override arm(): void {
    this.state.updateOutsideTurn();
    const after = Number.isNaN(this.left) ? this.after : this.left;
    this.left = Number.NaN;
    this.state.timers.insert(this, this.now + after);
  }

  /** @internal */
  protected override disarm(): void {
    this.left = this.remaining;
    this.state.timers.remove(this);
  }
}
