import type { WatcherList } from "../watcher-list.js";
import { PhaseWatcher } from "./phase.js";

/** Runs after `loop.recreate()` declared a fork, before the backend opens its kernel state anew; never for other repairs. */
export class ForkWatcher extends PhaseWatcher<ForkWatcher> {
  /** @internal */
  protected override get list(): WatcherList<ForkWatcher> {
    return this.state.forks;
  }
}
