import type { Events } from "../events.js";
import type { LoopState } from "../state.js";
import type { Linked, WatcherList } from "../watcher-list.js";
import { type Callback, requireCallback, Watcher, type WatcherOptions } from "./watcher.js";

/** A watcher of a point in the turn: nothing to wait for, only a list to be on. */
export abstract class PhaseWatcher<Self extends PhaseWatcher<Self>> extends Watcher implements Linked<Self> {
  override callback: Callback<Self>;
  /** @internal */
  previous: Self | null = null;
  /** @internal */
  next: Self | null = null;

  /** @internal */
  constructor(state: LoopState, where: string, callback: Callback<Self>, options: WatcherOptions) {
    requireCallback(where, callback, options);
    super(state, where, options);
    this.callback = callback;
    if (options.start !== false) this.start();
  }

  /** The list it is on while active. @internal */
  protected abstract get list(): WatcherList<Self>;

  /** @internal */
  protected override arm(): void {
    this.list.append(this as unknown as Self);
  }

  /** @internal */
  protected override disarm(): void {
    this.list.remove(this as unknown as Self);
  }
}

/** Feeds every watcher of a list; they run in the reverse order of starting, because the last one queued runs first. */
export function feedAll<Member extends PhaseWatcher<Member>>(list: WatcherList<Member>, events: Events): void {
  for (let watcher = list.first; watcher !== null; watcher = watcher.next) {
    watcher.state.pending.feed(watcher, events);
  }
}
