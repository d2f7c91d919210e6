import type { LoopState } from "../state.js";
import type { WatcherList } from "../watcher-list.js";
import { PhaseWatcher } from "./phase.js";
import type { Callback, WatcherOptions } from "./watcher.js";

/** Runs when the loop is closed, before anything is torn down. It never keeps `run()` going, so it takes no `ref`. */
export class CleanupWatcher extends PhaseWatcher<CleanupWatcher> {
  /** @internal */
  constructor(state: LoopState, callback: Callback<CleanupWatcher>, options: WatcherOptions) {
    super(state, "loop.cleanup", callback, { ...options, ref: false });
  }

  /** Always false. */
  override get ref(): boolean {
    return false;
  }

  /** Setting it changes nothing. */
  override set ref(_value: boolean) {
    // It has no reference that could be given or taken.
  }

  /** @internal */
  protected override get list(): WatcherList<CleanupWatcher> {
    return this.state.cleanups;
  }
}
