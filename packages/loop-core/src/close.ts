import { CLEANUP } from "./events.js";
import type { LoopState } from "./state.js";
import type { Watcher } from "./watchers/watcher.js";

/** Ends a loop: cleanup watchers, then every other watcher, then the kernel objects. */
export function closeLoop(state: LoopState): void {
  if (state.closing) return;
  state.closing = true;
  const errors = runCleanups(state);
  for (const watcher of activeWatchers(state)) watcher.stop();
  state.pending.clearAll();
  state.closed = true;
  for (const settle of [...state.closers]) settle();
  state.wakeups.close();
  state.backends.current.close();
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, "cleanup watchers failed");
}

/** Calls the cleanup watchers, the last one started first, each of them even if another throws. */
function runCleanups(state: LoopState): unknown[] {
  const errors: unknown[] = [];
  for (const watcher of [...state.cleanups].reverse()) {
    if (!watcher.active) continue;
    watcher.stop();
    try {
      watcher.invoke(CLEANUP);
    } catch (error) {
      errors.push(error);
    }
  }
  return errors;
}

function activeWatchers(state: LoopState): Watcher[] {
  const lists: Iterable<Watcher>[] = [
    state.onces,
    state.descriptors.watchers(),
    state.timers,
    state.prepares,
    state.checks,
    state.forks,
    state.cleanups,
    state.asyncs,
    ...state.idles,
  ];
  return lists.flatMap((list) => [...list]);
}
