import type { WatcherList } from "../watcher-list.js";
import { PhaseWatcher } from "./phase.js";

/** Runs in every turn before the descriptors are handed to the backend: the place for what must happen before the wait. */
export class PrepareWatcher extends PhaseWatcher<PrepareWatcher> {
  /** @internal */
  protected override get list(): WatcherList<PrepareWatcher> {
    return this.state.prepares;
  }
}
