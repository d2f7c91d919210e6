import { type InspectOptions, inspect } from "node:util";
import { type Abortable, release, tie } from "../abort.js";
import { outOfRange, requireFunction, requireInteger, wrongType } from "../arguments.js";
import { LoopError } from "../errors.js";
import type { Events } from "../events.js";
import type { Loop } from "../loop.js";
import { HIGHEST, LOWEST, type PendingStack } from "../pending.js";
import type { LoopState } from "../state.js";

/** What every watcher can be given when it is made. */
export interface WatcherOptions {
  /** −2 … 2, default 0: callbacks of a higher priority run first within a turn. */
  readonly priority?: number;
  /** Default true. `false`: this watcher alone does not keep `run()` going. */
  readonly ref?: boolean;
  /** Default true. `false`: made, but not started. */
  readonly start?: boolean;
  /** Stops the watcher when it aborts; one that has already aborted keeps it from starting. */
  readonly signal?: AbortSignal | undefined;
}

/** A watcher's callback: why it runs is told by the bits of `events`. */
export type Callback<Self> = (watcher: Self, events: Events) => void;

const ACTIVE = 1;
const UNREFERENCED = 2;

/**
 * Something that is watched for, and the function to call when it happens. Made by the methods of a `Loop`, started unless
 * told otherwise. It may be stopped, started, changed and disposed of at any time, in any callback, its own too.
 */
export abstract class Watcher implements Abortable {
  /** @internal */
  readonly state: LoopState;
  /** @internal The bits of the pending event. */
  pendingEvents: Events = 0;
  /** @internal Where the pending event waits, if there is one. */
  pendingIn: PendingStack | null = null;
  /** @internal */
  pendingOlder: Watcher | null = null;
  /** @internal */
  pendingNewer: Watcher | null = null;
  /** @internal The phase it last ran in. */
  phase: number;
  private flags = 0;
  private level = 0;
  private readonly abortSignal: AbortSignal | undefined;

  /** Called with the watcher and the events. May be replaced at any time; a pending event goes to the new one. */
  abstract callback: (watcher: never, events: Events) => void;

  /** @internal */
  constructor(state: LoopState, where: string, options: WatcherOptions) {
    this.state = state;
    this.phase = state.pending.phaseBefore();
    state.requireOpen();
    if (options.priority !== undefined) {
      requirePriority(where, options.priority);
      this.level = options.priority;
    }
    requireFlag(where, "ref", options.ref);
    requireFlag(where, "start", options.start);
    if (options.ref === false) this.flags = UNREFERENCED;
    requireSignal(where, options.signal);
    this.abortSignal = options.signal;
  }

  /** The loop this watcher belongs to. */
  get loop(): Loop {
    return this.state.loop;
  }

  /** Whether it is started and has not stopped. */
  get active(): boolean {
    return (this.flags & ACTIVE) !== 0;
  }

  /** Whether an event waits for the callback. */
  get pending(): boolean {
    return this.pendingIn !== null;
  }

  /**
   * −2 … 2. Can be set only while the watcher is neither active nor pending: `ERR_WATCHER_ACTIVE` otherwise,
   * `ERR_OUT_OF_RANGE` for anything but such an integer.
   */
  get priority(): number {
    return this.level;
  }

  set priority(value: number) {
    requirePriority("watcher.priority", value);
    if (this.active || this.pending) {
      throw new LoopError(
        "ERR_WATCHER_ACTIVE",
        `watcher.priority cannot change to ${String(value)} while the watcher is ${this.active ? "active" : "pending"}`,
        { remedy: "Stop the watcher first, then set the priority and start it again" },
      );
    }
    this.level = value;
  }

  /** Whether the watcher keeps `run()` going while it is active. May be set at any time. */
  get ref(): boolean {
    return (this.flags & UNREFERENCED) === 0;
  }

  set ref(value: boolean) {
    if (typeof value !== "boolean") throw wrongType("watcher.ref", "the value", "true or false", value);
    if (value === this.ref) return;
    if (this.active) this.state.references += value ? 1 : -1;
    this.flags ^= UNREFERENCED;
  }

  /** Starts watching; does nothing if the watcher is active, or its signal has aborted. `ERR_LOOP_CLOSED` on a closed loop. */
  start(): void {
    if (this.active) return;
    this.state.requireOpen();
    if (this.isAborted()) return;
    this.arm();
    this.flags |= ACTIVE;
    if (this.ref) this.state.references++;
    if (this.abortSignal !== undefined) tie(this, this.abortSignal);
  }

  /**
   * Stops watching and takes back a pending event: after this the callback is not called until the watcher is started, fed
   * or invoked again. Does nothing more if the watcher is not active.
   */
  stop(): void {
    this.state.pending.clear(this);
    if (!this.active) return;
    this.disarm();
    this.deactivate();
  }

  /** Queues an event as if it had happened, merging its bits with a pending one. The watcher need not be active. */
  feed(events: Events): void {
    requireEvents("watcher.feed", events);
    this.state.requireOpen();
    this.state.pending.feed(this, events);
  }

  /** Calls the callback now; what is pending stays pending. */
  invoke(events: Events): void {
    requireEvents("watcher.invoke", events);
    this.callback(this as never, events);
  }

  /** Takes back a pending event and returns its bits; 0 if there was none. */
  clearPending(): Events {
    return this.state.pending.clear(this);
  }

  /** Whether its signal has aborted. @internal */
  isAborted(): boolean {
    return this.abortSignal?.aborted === true;
  }

  /** Its signal aborted. @internal */
  onAbort(): void {
    this.stop();
  }

  /** What printing it shows. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    const { active, pending, priority, ref } = this;
    return `${this.constructor.name} ${inspect({ ...this.describe(), active, pending, priority, ref }, options)}`;
  }

  /** What is peculiar to it, for printing. @internal */
  protected describe(): Readonly<Record<string, unknown>> {
    return {};
  }

  /** Stops the watcher, so that `using` can hold it. */
  [Symbol.dispose](): void {
    this.stop();
  }

  /** Begins to watch. @internal */
  protected abstract arm(): void;
  /** Ends watching. @internal */
  protected abstract disarm(): void;

  /** The watcher has ended, by `stop()` or by itself. @internal */
  deactivate(): void {
    this.flags &= ~ACTIVE;
    if (this.ref) this.state.references--;
    if (this.abortSignal !== undefined) release(this, this.abortSignal);
  }
}

/** Refuses anything but an integer from −2 to 2. */
export function requirePriority(where: string, value: unknown): void {
  requireInteger(where, "priority", value, LOWEST, HIGHEST);
}

/** Refuses anything but true, false, or nothing. */
export function requireFlag(where: string, name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "boolean") throw wrongType(where, name, "true or false", value);
}

/** Refuses anything but an AbortSignal, or none. */
export function requireSignal(where: string, value: unknown): void {
  if (value !== undefined && !(value instanceof AbortSignal)) throw wrongType(where, "signal", "an AbortSignal", value);
}

/** Refuses anything but a mask of event bits. */
export function requireEvents(where: string, value: unknown): void {
  if (typeof value !== "number") throw wrongType(where, "events", "a mask of event bits", value);
  if ((value | 0) !== value || value < 0) throw outOfRange(where, "events", "a mask of event bits", value);
}

/** Refuses anything but a callback and an object of options. */
export function requireCallback(where: string, callback: unknown, options: unknown): void {
  requireFunction(where, "the callback", callback);
  requireOptions(where, options);
}

/** Refuses anything but an object of options. */
export function requireOptions(where: string, options: unknown): void {
  if (typeof options !== "object" || options === null) throw wrongType(where, "the options", "an object", options);
}
