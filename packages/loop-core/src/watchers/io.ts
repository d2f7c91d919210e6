import { outOfRange, wrongType, wrongValue } from "../arguments.js";
import { LoopError } from "../errors.js";
import { describeEvents, FAILED, INFORMATION, INTERESTS, type Interest } from "../events.js";
import type { LoopState } from "../state.js";
import { type Callback, requireCallback, requireFlag, Watcher, type WatcherOptions } from "./watcher.js";

/** How a descriptor is watched. */
export interface IoOptions extends WatcherOptions {
  /**
   * Default false, level-triggered: the callback runs every turn while the descriptor is ready. `true` asks for one call
   * each time it *becomes* ready, where the backend supports it (`loop.backend.supports.edge`) and every watcher of the
   * descriptor asked for it; the callback must then read or write until EAGAIN.
   */
  readonly edge?: boolean;
}

/** The descriptor of an io watcher failed the checks made at the call. */
function badDescriptor(where: string, fd: number, why: string): LoopError {
  return new LoopError("EBADF", `${where}: ${String(fd)} is not a descriptor: ${why}`, {
    errno: -9,
    remedy: "Pass the number of an open descriptor",
  });
}

/** Refuses anything but a number that could be an open descriptor of this process. */
export function requireDescriptor(state: LoopState, where: string, fd: unknown): void {
  if (typeof fd !== "number" || !Number.isInteger(fd)) throw wrongType(where, "the descriptor", "an integer", fd);
  if (fd === state.wakeups.fd && fd >= 0) {
    throw wrongValue(where, "the descriptor", "one of the program's own, not the loop's wake-up", fd);
  }
  if (fd < 0) throw badDescriptor(where, fd, "it is negative");
  if (fd >= state.descriptorLimit && fd >= state.refreshDescriptorLimit()) {
    throw badDescriptor(where, fd, `this process may have ${String(state.descriptorLimit)} (RLIMIT_NOFILE)`);
  }
}

/** Refuses anything but a mask of READ, WRITE and PRIORITY; 0 is legal and never fires. */
export function requireInterest(where: string, events: unknown): void {
  if (typeof events !== "number" || !Number.isInteger(events)) {
    throw wrongType(where, "events", "a mask of READ, WRITE and PRIORITY", events);
  }
  if ((events | 0) !== events || (events & ~INTERESTS) !== 0) {
    const given = (events | 0) === events ? describeEvents(events) : String(events);
    throw outOfRange(where, "events", "a mask of READ, WRITE and PRIORITY", given);
  }
}

/**
 * Watches a descriptor. The descriptor should be non-blocking, because readiness is a hint: by the time the callback runs
 * somebody else may have drained it. Stop the watcher before closing the descriptor.
 *
 * An error or a hang-up counts as READ and as WRITE and is told besides by the bits ERROR and HANGUP. A descriptor that
 * cannot be watched stops its watchers and calls them once with `FAILED | READ | WRITE`; `error` says why.
 */
export class IoWatcher extends Watcher {
  override callback: Callback<IoWatcher>;
  /** @internal */
  nextOnDescriptor: IoWatcher | null = null;
  /** @internal */
  readonly edge: boolean;
  private number: number;
  private mask: Interest;

  /** Why the watcher was stopped with FAILED; undefined before, and again after `start()` and `set()`. */
  error: LoopError | undefined = undefined;

  /** @internal */
  constructor(
    state: LoopState,
    fd: number,
    events: Interest,
    callback: Callback<IoWatcher>,
    options: IoOptions,
    where = "loop.io",
  ) {
    requireDescriptor(state, where, fd);
    requireInterest(where, events);
    requireCallback(where, callback, options);
    requireFlag(where, "edge", options.edge);
    super(state, where, options);
    this.number = fd;
    this.mask = events;
    this.edge = options.edge === true;
    this.callback = callback;
    if (options.start !== false) this.start();
  }

  /** The descriptor. */
  get fd(): number {
    return this.number;
  }

  /** What it is watched for. */
  get events(): Interest {
    return this.mask;
  }

  /**
   * Watches another descriptor, or the same number after it was given to another file. An active watcher stays active; a
   * pending event, being about the old file, is dropped.
   */
  set(fd: number, events: Interest): void {
    requireDescriptor(this.state, "io.set", fd);
    requireInterest("io.set", events);
    const wasActive = this.active;
    if (wasActive) this.stop();
    else this.clearPending();
    this.number = fd;
    this.mask = events;
    this.error = undefined;
    if (wasActive) this.start();
  }

  /** Changes what is watched for; the descriptor is the same file as before. Bits no longer wanted leave a pending event. */
  modify(events: Interest): void {
    requireInterest("io.modify", events);
    if (events === this.mask) return;
    this.mask = events;
    if (this.pending) this.dropUnwanted();
    if (this.active) this.state.descriptors.change(this);
  }

  private dropUnwanted(): void {
    const kept = this.pendingEvents & ~(INTERESTS & ~this.mask);
    if ((kept & ~INFORMATION) === 0) this.clearPending();
    else this.pendingEvents = kept;
  }

  /** @internal */
  protected override describe(): Readonly<Record<string, unknown>> {
    return { fd: this.number, events: describeEvents(this.mask), ...(this.error && { error: this.error.code }) };
  }

  /** @internal */
  protected override arm(): void {
    // A failure that was not told yet belongs to the life that it ended.
    if ((this.pendingEvents & FAILED) !== 0) this.clearPending();
    this.error = undefined;
    this.state.descriptors.add(this);
  }

  /** @internal */
  protected override disarm(): void {
    this.state.descriptors.remove(this);
  }
}
