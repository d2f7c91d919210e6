import { AsyncHandle, type AsyncHandleData, newSentFlag } from "../async-handle.js";
import { ASYNC, type Events } from "../events.js";
import type { LoopState } from "../state.js";
import type { WatcherList } from "../watcher-list.js";
import { PhaseWatcher } from "./phase.js";
import type { Callback, WatcherOptions } from "./watcher.js";

/**
 * A wake-up from any thread. Sends are coalesced, so the callback runs at least once after the last of them, not once for
 * each; none is lost, also none sent before `run()`, or before `start()`.
 */
export class AsyncWatcher extends PhaseWatcher<AsyncWatcher> {
  private readonly sent: Int32Array;
  private readonly sender: AsyncHandle;

  /** @internal */
  constructor(state: LoopState, callback: Callback<AsyncWatcher>, options: WatcherOptions) {
    super(state, "loop.async", callback, { ...options, start: false });
    this.sent = newSentFlag();
    this.sender = new AsyncHandle(state.wakeups.open().control, this.sent);
    if (options.start !== false) this.start();
  }

  /**
   * What to give to other threads, by `postMessage` or `workerData`: there `AsyncHandle.from(handle).send()` wakes this
   * loop.
   */
  get handle(): AsyncHandleData {
    return this.sender.data;
  }

  /** Whether it was sent and the callback has not run yet. */
  override get pending(): boolean {
    return super.pending || Atomics.load(this.sent, 0) !== 0;
  }

  /** Wakes the loop: the callback will run. `ERR_LOOP_CLOSED` on a closed loop. */
  send(): void {
    this.state.requireOpen();
    this.sender.send();
  }

  /** Whether it was sent since the last call. @internal */
  takeSent(): boolean {
    return Atomics.exchange(this.sent, 0, 0) !== 0;
  }

  override stop(): void {
    if (this.active) this.takeSent();
    super.stop();
  }

  override clearPending(): Events {
    const sent = this.takeSent() ? ASYNC : 0;
    return sent | super.clearPending();
  }

  /** @internal */
  protected override get list(): WatcherList<AsyncWatcher> {
    return this.state.asyncs;
  }

  /** @internal */
  protected override arm(): void {
    super.arm();
    // What was sent while it was stopped is delivered: the loop looks at all of them when any was sent.
    if (Atomics.load(this.sent, 0) !== 0) this.sender.announce();
  }
}
