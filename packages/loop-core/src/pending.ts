import type { Events } from "./events.js";
import type { Watcher } from "./watchers/watcher.js";

/** The lowest and highest priority of a watcher. */
export const LOWEST = -2;
export const HIGHEST = 2;
const LEVELS = HIGHEST - LOWEST + 1;

/**
 * A stack of watchers, linked through the watchers themselves: nothing to allocate, and any of them leaves in O(1) without
 * disturbing the order of the others.
 */
export class PendingStack {
  newest: Watcher | null = null;
  size = 0;

  push(watcher: Watcher): void {
    const older = this.newest;
    watcher.pendingIn = this;
    watcher.pendingOlder = older;
    if (older !== null) older.pendingNewer = watcher;
    this.newest = watcher;
    this.size++;
  }

  remove(watcher: Watcher): void {
    const { pendingOlder: older, pendingNewer: newer } = watcher;
    if (newer === null) this.newest = older;
    else newer.pendingOlder = older;
    if (older !== null) older.pendingNewer = newer;
    watcher.pendingIn = null;
    watcher.pendingOlder = null;
    watcher.pendingNewer = null;
    this.size--;
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
  private readonly stacks: readonly PendingStack[] = Array.from({ length: LEVELS }, () => new PendingStack());
  /** No stack above this one holds anything. */
  private top = -1;
  /** Fed in this turn after they ran in it. */
  private deferred = new PendingStack();
  /** Deferred by the last turn, to run in this one. */
  private due = new PendingStack();
  /** The phase that is running, or 0. Phases count up, in 32 bits, and are compared by difference. */
  private phase = 0;
  private lastPhase = 0;

  /** Watchers with a pending event, the deferred ones too. */
  count = 0;

  /** Queues an event, or adds its bits to the one already pending. */
  feed(watcher: Watcher, events: Events): void {
    watcher.pendingEvents |= events;
    const stack = watcher.pendingIn;
    if (stack === null) {
      this.count++;
      if (this.hasRun(watcher)) this.deferred.push(watcher);
      else this.queue(watcher);
    } else if ((stack === this.deferred || stack === this.due) && !this.hasRun(watcher)) {
      // It waits for the next turn, but now it has a reason to run in this phase.
      stack.remove(watcher);
      this.queue(watcher);
    }
  }

  /** Whether a watcher ran in the running phase, or in one nested in it. */
  private hasRun(watcher: Watcher): boolean {
    return this.phase !== 0 && ((watcher.phase - this.phase) | 0) >= 0;
  }

  /** Takes a watcher's pending event away and returns its bits; 0 if there was none. */
  clear(watcher: Watcher): Events {
    return watcher.pendingIn === null ? 0 : this.take(watcher, watcher.pendingIn);
  }

  /** Whether something of priority `priority` or higher is queued. */
  hasAtLeast(priority: number): boolean {
    for (let level = this.top; level >= priority - LOWEST; level--) {
      if ((this.stacks[level] as PendingStack).size > 0) return true;
    }
    return false;
  }

  /** A turn begins: what was deferred until now is due in it. */
  beginTurn(): void {
    if (this.deferred.size === 0) return;
    if (this.due.size > 0) this.promote();
    const empty = this.due;
    this.due = this.deferred;
    this.deferred = empty;
  }

  /** Queues what is due, beside what happened in this turn. */
  promote(): void {
    for (let watcher = this.due.newest; watcher !== null; watcher = this.due.newest) {
      this.due.remove(watcher);
      this.queue(watcher);
    }
  }

  /** Takes every pending event away. */
  clearAll(): void {
    for (const stack of [...this.stacks, this.deferred, this.due]) {
      while (stack.newest !== null) this.take(stack.newest, stack);
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
      const stack = this.stacks[this.top] as PendingStack;
      const watcher = stack.newest;
      if (watcher === null) {
        this.top--;
        continue;
      }
      watcher.phase = this.phase;
      const events = this.take(watcher, stack);
      // A timer that expired is no longer active, and so not stopped by its signal, while its event is pending.
      if (!watcher.isAborted()) watcher.callback(watcher as never, events);
    }
  }

  private queue(watcher: Watcher): void {
    const level = watcher.priority - LOWEST;
    (this.stacks[level] as PendingStack).push(watcher);
    if (level > this.top) this.top = level;
  }

  private take(watcher: Watcher, stack: PendingStack): Events {
    const events = watcher.pendingEvents;
    stack.remove(watcher);
    watcher.pendingEvents = 0;
    this.count--;
    return events;
  }

  /** Throws unless every count and link is right. */
  verify(fail: (what: string) => never): void {
    let count = 0;
    for (const stack of [...this.stacks, this.deferred, this.due]) {
      let size = 0;
      let newer: Watcher | null = null;
      for (let watcher = stack.newest; watcher !== null; watcher = watcher.pendingOlder) {
        size++;
        if (watcher.pendingIn !== stack || watcher.pendingNewer !== newer) fail("a pending watcher has lost its place");
        newer = watcher;
      }
      if (size !== stack.size) fail("a pending queue has miscounted");
      count += size;
    }
    this.stacks.forEach((stack, level) => {
      for (let watcher = stack.newest; watcher !== null; watcher = watcher.pendingOlder) {
        if (watcher.priority !== level + LOWEST) fail("a pending watcher is queued under another priority");
        if (level > this.top) fail("a pending queue has been forgotten");
      }
    });
    if (count !== this.count) fail("pendingCount is wrong");
  }
}
