import type { WatcherList } from "../watcher-list.js";
import { PhaseWatcher } from "./phase.js";

/** Runs in every turn after the wait, before the other events of its priority. */
export class CheckWatcher extends PhaseWatcher<CheckWatcher> {
  /** @internal */
  protected override get list(): WatcherList<CheckWatcher> {
    return this.state.checks;
  }
}
