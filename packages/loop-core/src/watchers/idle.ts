import { LOWEST } from "../pending.js";
import type { WatcherList } from "../watcher-list.js";
import { PhaseWatcher } from "./phase.js";

/**
 * Runs when nothing of its priority or higher is pending, and keeps the loop from blocking while it is active. In one turn
 * only the idle watchers of the highest priority that has any are considered.
 */
export class IdleWatcher extends PhaseWatcher<IdleWatcher> {
  /** @internal */
  protected override get list(): WatcherList<IdleWatcher> {
    return this.state.idles[this.priority - LOWEST] as WatcherList<IdleWatcher>;
  }

  /** @internal */
  protected override arm(): void {
    super.arm();
    this.state.idleCount++;
  }

  /** @internal */
  protected override disarm(): void {
    super.disarm();
    this.state.idleCount--;
  }
}
