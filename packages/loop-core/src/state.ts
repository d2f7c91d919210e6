import type { BackendContext, Sink } from "./backend.js";
import { LoopTime, MONOTONIC } from "./clock.js";
import { DescriptorTable } from "./descriptors.js";
import { LoopError } from "./errors.js";
import type { Events } from "./events.js";
import type { Loop } from "./loop.js";
import { HIGHEST, LOWEST, PendingQueues } from "./pending.js";
import { type BackendChoice, Backends } from "./recovery.js";
import type { System } from "./system.js";
import { TimerHeap } from "./timer-heap.js";
import { WatcherList } from "./watcher-list.js";
import { Wakeups } from "./wakeups.js";
import type { AsyncWatcher } from "./watchers/async.js";
import type { CheckWatcher } from "./watchers/check.js";
import type { CleanupWatcher } from "./watchers/cleanup.js";
import type { ForkWatcher } from "./watchers/fork.js";
import type { IdleWatcher } from "./watchers/idle.js";
import type { OnceWatcher } from "./watchers/once.js";
import type { PrepareWatcher } from "./watchers/prepare.js";
import type { TimerWatcher } from "./watchers/timer.js";

/**
 * Everything a loop consists of, for the parts that make it turn. `Loop` is what users hold of it; watchers reach it
 * through here, so that nothing of it becomes public.
 */
export class LoopState implements Sink {
  readonly loop: Loop;
  private readonly system: System;
  readonly pending = new PendingQueues();
  readonly descriptors = new DescriptorTable(this.pending);
  readonly timers = new TimerHeap<TimerWatcher>();
  readonly prepares = new WatcherList<PrepareWatcher>();
  readonly checks = new WatcherList<CheckWatcher>();
  readonly forks = new WatcherList<ForkWatcher>();
  readonly cleanups = new WatcherList<CleanupWatcher>();
  readonly asyncs = new WatcherList<AsyncWatcher>();
  readonly onces = new WatcherList<OnceWatcher>();
  /** One list a priority. */
  readonly idles: readonly WatcherList<IdleWatcher>[] = Array.from(
    { length: HIGHEST - LOWEST + 1 },
    () => new WatcherList<IdleWatcher>(),
  );
  /** Told when the loop closes, beside the cleanup watchers: promises that would otherwise never settle. */
  readonly closers = new Set<() => void>();
  readonly time: LoopTime;
  readonly backends: Backends;
  readonly wakeups: Wakeups;

  /** How long the next poll may wait, in milliseconds. */
  readonly wait = new Float64Array(1);
  /** When the last poll ended, on CLOCK_MONOTONIC. */
  readonly polledAt = new Float64Array(1);
  idleCount = 0;
  /** Active watchers that keep `run()` going, plus `ref()`, minus `unref()`. */
  references = 0;
  iteration = 0;
  depth = 0;
  /** Whether the run at each depth was told to end. */
  readonly broken: boolean[] = [false];
  closed = false;
  /** `close()` was called and may still be running cleanup watchers. */
  closing = false;
  /** A fork was declared; the next turn opens the kernel state anew. */
  forked = false;
  /** The fork watchers were fed for it. */
  forkFed = false;
  ioCollectInterval = 0;
  timeoutCollectInterval = 0;
  onInvokePending: ((loop: Loop) => void) | null = null;
  /** When `suspend()` was called, on CLOCK_MONOTONIC; NaN while not suspended. */
  suspendedAt = Number.NaN;
  descriptorLimit: number;

  constructor(loop: Loop, choice: BackendChoice, system: System) {
    this.loop = loop;
    this.system = system;
    this.time = new LoopTime(system.clock);
    this.polledAt[0] = this.time.current[MONOTONIC] as number;
    this.descriptorLimit = system.descriptorLimit();
    const { generations } = this.descriptors;
    // The context must not lead back to the loop: a backend's native object may outlive everything else here.
    const context: BackendContext = system.stampsAgree ? { generations, stamp: this.time.stamp } : { generations };
    this.backends = new Backends(loop, choice, context);
    this.wakeups = new Wakeups(this, system);
  }

  /** The time on which timers count: it stands still while the loop is suspended. */
  get timerNow(): number {
    return Number.isNaN(this.suspendedAt) ? (this.time.current[MONOTONIC] as number) : this.suspendedAt;
  }

  /** Outside a turn no moment is "the time of the turn", so what starts there starts now. */
  updateOutsideTurn(): void {
    if (this.depth === 0) this.time.update();
  }

  /** The limit may have been raised since it was read. */
  refreshDescriptorLimit(): number {
    this.descriptorLimit = this.system.descriptorLimit();
    return this.descriptorLimit;
  }

  requireOpen(): void {
    if (this.closed) throw new LoopError("ERR_LOOP_CLOSED", "the loop is closed", { remedy: "Make a new loop" });
  }

  /** Runs what is pending, as a phase, or lets the program's own function do it. */
  invokePending(): void {
    if (this.onInvokePending === null) this.pending.invokePhase();
    else this.onInvokePending(this.loop);
  }

  /** {@inheritDoc Sink.ready} */
  ready(fd: number, events: Events): void {
    if (fd === this.wakeups.fd) this.wakeups.noteReadable();
    else this.descriptors.ready(fd, events);
  }

  /** {@inheritDoc Sink.failed} */
  failed(fd: number, errno: number): void {
    // The loop's own watcher stops before anybody is told, so that its end is no event.
    if (fd === this.wakeups.fd) this.wakeups.noteLost();
    this.descriptors.failed(fd, errno);
  }

  /** {@inheritDoc Sink.rearm} */
  rearm(fd: number): void {
    this.descriptors.rearm(fd);
  }
}
