import { MONOTONIC } from "./clock.js";
import { CHECK, FORK, IDLE, PREPARE, TIMER } from "./events.js";
import { HIGHEST, LOWEST } from "./pending.js";
import { isBackendFailure } from "./recovery.js";
import type { LoopState } from "./state.js";
import type { WatcherList } from "./watcher-list.js";
import type { IdleWatcher } from "./watchers/idle.js";
import { feedAll } from "./watchers/phase.js";
import type { TimerWatcher } from "./watchers/timer.js";

/**
 * How long a run goes on: `"default"` until nothing keeps it going, `"once"` for one turn that waits, `"nowait"` for one
 * that does not.
 */
export type RunMode = "default" | "once" | "nowait";

/** Turns the loop; the numbers below are those of "A turn, in order" in docs/semantics.md. */
export function run(state: LoopState, mode: RunMode): boolean {
  state.backends.requireUsable();
  state.wakeups.openIfTerminable();
  const depth = ++state.depth;
  // Time has passed since the last run; a nested one is part of its turn.
  if (depth === 1) state.time.update();
  state.broken[depth] = false;
  try {
    // 1. What is pending comes first, so that a nested run keeps the order.
    state.pending.beginTurn();
    state.pending.promote();
    state.invokePending();
    while (!state.closed) {
      turn(state, mode);
      if (ends(state, depth) || mode !== "default" || state.references <= 0) break;
      state.pending.beginTurn();
    }
  } finally {
    state.broken[depth] = false;
    state.depth--;
  }
  return !state.closed && state.references > 0;
}

/** Asked again after every call of somebody else's code. */
function isClosed(state: LoopState): boolean {
  return state.closed;
}

function ends(state: LoopState, depth: number): boolean {
  return state.closed || state.broken[depth] === true;
}

function turn(state: LoopState, mode: RunMode): void {
  const { depth, pending } = state;
  // 2. After a fork.
  if (state.forked) recreate(state);
  if (isClosed(state)) return;
  // 3. Prepare watchers.
  if (state.prepares.size > 0) {
    feedAll(state.prepares, PREPARE);
    state.invokePending();
  }
  if (ends(state, depth)) return;
  // 4.-6. Reify and poll.
  state.iteration++;
  poll(state, mode);
  state.backends.announce();
  if (isClosed(state)) return;
  state.time.updateAfterWait();
  state.polledAt[0] = state.time.current[MONOTONIC] as number;
  state.wakeups.collect();
  // 7. Queue what the wait brought; the last one queued runs first.
  pending.promote();
  if (state.timers.size > 0) expireTimers(state);
  if (state.idleCount > 0) feedIdle(state);
  feedAll(state.checks, CHECK);
  // 8. Callbacks.
  state.invokePending();
}

/** Kernel state that a fork took away is opened anew, after the fork watchers ran. */
function recreate(state: LoopState): void {
  // Once, also when one of them throws: the others are pending then and run first in the next turn.
  if (!state.forkFed) {
    state.forkFed = true;
    feedAll(state.forks, FORK);
    if (state.forks.size > 0) state.invokePending();
    if (state.closed) return;
  }
  state.forked = false;
  state.forkFed = false;
  const backend = state.backends.usable;
  try {
    backend.recreate();
  } catch (error) {
    recover(state, error);
  }
  state.descriptors.invalidate();
  state.wakeups.reopen();
}

/** Tells the backend what changed and waits once, with the next backend if this one fails. */
function poll(state: LoopState, mode: RunMode): void {
  for (;;) {
    const backend = state.backends.usable;
    try {
      state.descriptors.reify(backend);
      decideWait(state, mode);
      state.time.expectStamp();
      backend.poll(state.wait[0] as number, state);
      return;
    } catch (error) {
      recover(state, error);
    }
  }
}

/** A backend that failed is replaced, and everything wanted is told to the next one. Any other error passes. */
function recover(state: LoopState, error: unknown): void {
  if (!isBackendFailure(error)) throw error;
  state.descriptors.invalidate();
  try {
    state.backends.replace(error);
  } catch (last) {
    // Nothing comes after this that could tell it.
    state.backends.announce();
    throw last;
  }
}

/**
 * 5. How long this turn may wait: milliseconds, 0 for not at all, −1 for ever. Left in `state.wait`, not returned: a fraction
 * that leaves a function is an allocation.
 */
function decideWait(state: LoopState, mode: RunMode): void {
  if (
    mode === "nowait" ||
    state.idleCount > 0 ||
    state.references <= 0 ||
    state.pending.count > 0 ||
    state.descriptors.dirtyCount > 0 ||
    // A failure is told before anything waits, perhaps for ever.
    state.backends.hasNews ||
    state.wakeups.expect()
  ) {
    state.wait[0] = 0;
    return;
  }
  if (state.ioCollectInterval > 0) {
    collectIo(state);
    if (state.wakeups.expect()) {
      state.wait[0] = 0;
      return;
    }
  }
  waitForTimer(state);
}

/** The wait until the earliest timer; for ever if there is none. */
function waitForTimer(state: LoopState): void {
  const { timers, wait } = state;
  wait[0] = -1;
  if (timers.size === 0 || !Number.isNaN(state.suspendedAt)) return;
  state.time.update();
  timers.storeLeft(state.time.current, wait);
  const left = wait[0];
  // An expired timer runs at once; only a later one may be kept waiting so that more come together.
  if (left <= 0) wait[0] = 0;
  else wait[0] = left === Number.POSITIVE_INFINITY ? -1 : Math.max(left, state.timeoutCollectInterval);
}

/** Lets events gather until `ioCollectInterval` after the last poll; a timer or a wake-up ends that. */
function collectIo(state: LoopState): void {
  waitForTimer(state);
  state.time.update();
  const wait = state.wait[0] as number;
  const delay = (state.polledAt[0] as number) + state.ioCollectInterval - (state.time.current[MONOTONIC] as number);
  const bounded = wait < 0 ? delay : Math.min(delay, wait);
  if (bounded > 0) state.wakeups.sleep(bounded);
}

/** Queues the expired timers, the latest first: the last one queued runs first. */
function expireTimers(state: LoopState): void {
  if (!Number.isNaN(state.suspendedAt)) return;
  const { timers, pending } = state;
  const { current } = state.time;
  let latest: TimerWatcher | null = null;
  while (timers.hasExpired(current)) {
    const timer = timers.peek() as TimerWatcher;
    timer.expire();
    timer.expiredBefore = latest;
    latest = timer;
  }
  while (latest !== null) {
    pending.feed(latest, TIMER);
    const before: TimerWatcher | null = latest.expiredBefore;
    latest.expiredBefore = null;
    latest = before;
  }
}

/** Idle watchers of the first priority that has any, unless something of that priority or higher is pending. */
function feedIdle(state: LoopState): void {
  for (let priority = HIGHEST; priority >= LOWEST; priority--) {
    if (state.pending.hasAtLeast(priority)) return;
    const list = state.idles[priority - LOWEST] as WatcherList<IdleWatcher>;
    if (list.size > 0) {
      feedAll(list, IDLE);
      return;
    }
  }
}
