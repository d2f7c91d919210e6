import type { Events } from "./events.js";
import type { Watcher } from "./watchers/watcher.js";

/** The lowest and highest priority of a watcher. */
export const LOWEST = -2;
export const HIGHEST = 2;
const LEVELS = HIGHEST - LOWEST + 1;

/** Where a watcher's pending event is kept. */
export const NOT_PENDING = 0;
export const QUEUED = 1;
export const DEFERRED = 2;

/** A stack that keeps its memory: an array that is popped gives it back and the next push allocates. */
class WatcherStack {
  readonly slots: (Watcher | null)[] = [];
  /** Used slots, holes included. */
  count = 0;
  /** Used slots, holes not included. */
  live = 0;

  push(watcher: Watcher): void {
    watcher.pendingSlot = this.count;
    this.slots[this.count++] = watcher;
    this.live++;
  }

  pop(): Watcher | null {
    const watcher = this.slots[--this.count] as Watcher | null;
    this.slots[this.count] = null;
    if (watcher !== null) this.live--;
    return watcher;
  }

  /** Leaves a hole, so that the order of the others stays; holes on top go at once. */
  remove(watcher: Watcher): void {
    this.slots[watcher.pendingSlot] = null;
    this.live--;
    while (this.count > 0 && this.slots[this.count - 1] === null) this.count--;
  }

  holds(watcher: Watcher): boolean {
    return this.slots[watcher.pendingSlot] === watcher;
  }
}

/**
 * The events that wait for their callbacks: one stack a priority, the last one queued runs first (libev's order, on which
 * the order within a turn is built), the highest priority before the next.
 *
 * A *phase* is one emptying of the stacks. A watcher runs at most once a phase; fed again after that, it is deferred to
 * the next turn, so no watcher can keep the loop from polling.
 */
export class PendingQueues {
  private readonly stacks: readonly WatcherStack[] = Array.from({ length: LEVELS }, () => new WatcherStack());
  /** No stack above this one holds anything. */
  private top = -1;
  /** Fed in this turn after they ran in it. */
  private deferred = new WatcherStack();
  /** Deferred by the last turn, to run in this one. */
  private due = new WatcherStack();
  /** The phase that is running, or 0. Phases count up, in 32 bits, and are compared by difference. */
  private phase = 0;
  private lastPhase = 0;

  /** Watchers with a pending event, the deferred ones too. */
  count = 0;

  /** Queues an event, or adds its bits to the one already pending. */
  feed(watcher: Watcher, events: Events): void {
    if (watcher.pendingIn !== NOT_PENDING) {
      watcher.pendingEvents |= events;
      return;
    }
    watcher.pendingEvents = events;
    this.count++;
    // "Ran in this phase or in one nested in it."
    if (this.phase !== 0 && ((watcher.phase - this.phase) | 0) >= 0) {
      watcher.pendingIn = DEFERRED;
      this.deferred.push(watcher);
    } else {
      this.queue(watcher);
    }
  }

  /** Takes a watcher's pending event away and returns its bits; 0 if there was none. */
  clear(watcher: Watcher): Events {
    if (watcher.pendingIn === NOT_PENDING) return 0;
    this.stackOf(watcher).remove(watcher);
    return this.take(watcher);
  }

  /** Whether something of priority `priority` or higher is queued. */
  hasAtLeast(priority: number): boolean {
    for (let level = this.top; level >= priority - LOWEST; level--) {
      if ((this.stacks[level] as WatcherStack).live > 0) return true;
    }
    return false;
  }

  /** A turn begins: what was deferred until now is due in it. */
  beginTurn(): void {
    if (this.deferred.count === 0) return;
    if (this.due.count > 0) this.promote();
    const empty = this.due;
    this.due = this.deferred;
    this.deferred = empty;
  }

  /** Queues what is due, beside what happened in this turn. */
  promote(): void {
    const due = this.due;
    if (due.count === 0) return;
    for (let slot = 0; slot < due.count; slot++) {
      const watcher = due.slots[slot] as Watcher | null;
      due.slots[slot] = null;
      if (watcher !== null) this.queue(watcher);
    }
    due.count = 0;
    due.live = 0;
  }

  /** Takes every pending event away. */
  clearAll(): void {
    for (const stack of [...this.stacks, this.deferred, this.due]) {
      while (stack.count > 0) {
        const watcher = stack.pop();
        if (watcher !== null) this.take(watcher);
      }
    }
  }

  /**
   * Runs the callbacks of everything queued, the highest priority first. Called from a callback, it goes on with the
   * phase that is running. A callback that throws leaves the rest queued.
   */
  invoke(): void {
    if (this.phase !== 0) {
      this.drain();
    } else {
      this.beginTurn();
      this.promote();
      this.invokePhase();
    }
  }

  /** Runs the callbacks of everything queued, as a phase of its own. */
  invokePhase(): void {
    const outer = this.phase;
    this.lastPhase = (this.lastPhase + 1) | 0 || 1;
    this.phase = this.lastPhase;
    try {
      this.drain();
    } finally {
      this.phase = outer;
    }
  }

  /** A phase that is over, for a watcher that has not run in any. */
  phaseBefore(): number {
    return ((this.phase === 0 ? this.lastPhase : this.phase) - 1) | 0;
  }

  private drain(): void {
    while (this.top >= 0) {
      const stack = this.stacks[this.top] as WatcherStack;
      if (stack.count === 0) {
        this.top--;
        continue;
      }
      const watcher = stack.pop();
      if (watcher === null) continue;
      watcher.phase = this.phase;
      watcher.callback(watcher as never, this.take(watcher));
    }
  }

  private queue(watcher: Watcher): void {
    const level = watcher.priority - LOWEST;
    watcher.pendingIn = QUEUED;
    (this.stacks[level] as WatcherStack).push(watcher);
    if (level > this.top) this.top = level;
  }

  private take(watcher: Watcher): Events {
    const events = watcher.pendingEvents;
    watcher.pendingEvents = 0;
    watcher.pendingIn = NOT_PENDING;
    this.count--;
    return events;
  }

  /** Where a pending watcher is kept. */
  private stackOf(watcher: Watcher): WatcherStack {
    if (watcher.pendingIn === QUEUED) return this.stacks[watcher.priority - LOWEST] as WatcherStack;
    return this.due.holds(watcher) ? this.due : this.deferred;
  }

  /** Throws unless every count and back pointer is right. */
  verify(fail: (what: string) => never): void {
    let count = 0;
    for (const stack of [...this.stacks, this.deferred, this.due]) {
      let live = 0;
      for (let slot = 0; slot < stack.count; slot++) {
        const watcher = stack.slots[slot] as Watcher | null;
        if (watcher === null) continue;
        live++;
        if (watcher.pendingSlot !== slot || watcher.pendingIn === NOT_PENDING)
          fail("a pending watcher has lost its place");
        if (this.stackOf(watcher) !== stack) fail("a pending watcher is queued under another priority");
      }
      if (live !== stack.live) fail("a pending queue has miscounted");
      count += live;
    }
    if (count !== this.count) fail("pendingCount is wrong");
  }
}
