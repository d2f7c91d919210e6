import type { Backend, BackendContext, BackendFactory, Sink } from "../src/backend.js";
import { DescriptorMap } from "../src/descriptor-map.js";
import { describeEvents, type Events, INFORMATION, type Interest } from "../src/events.js";

/** What a backend is told that remembers its sink. */
export const SINK_USED_OUTSIDE = "the backend used a sink after the poll it was given to";

/** A backend without a loop: what core would do is done by hand, and what it reports is read as text. */
export class BareBackend implements Sink {
  readonly backend: Backend;
  /** Where the backend may store the time after its wait; NaN before each poll, as core has it. */
  readonly stamp = new Float64Array(2);
  private readonly wanted = new Map<number, Interest>();
  /** What the backend was told, as long as it holds. */
  private readonly told = new Map<number, Interest>();
  /** Used-up one-shots. */
  private readonly toRearm = new Set<number>();
  private readonly events = new Map<number, Events>();
  private readonly errnos = new Map<number, number>();
  private polling = false;

  /** `stamped: false` hands the backend no place for the time, as a loop on another clock does. */
  constructor(factory: BackendFactory, { stamped = true } = {}) {
    const generations = new DescriptorMap();
    const context: BackendContext = stamped ? { generations, stamp: this.stamp } : { generations };
    this.backend = factory.create(context);
  }

  /** Wants a descriptor for `interest`, 0 for no longer. */
  want(fd: number, interest: Interest): void {
    this.wanted.set(fd, interest);
    this.tell(fd);
  }

  /** One poll, and what it reported, sorted: `"7 READ|HANGUP"`, `"8 failed 9"`. One-shots are armed again as core would. */
  poll(timeout = 0): string[] {
    this.events.clear();
    this.errnos.clear();
    for (const fd of this.toRearm) this.tell(fd);
    this.stamp.fill(Number.NaN);
    this.polling = true;
    try {
      this.backend.poll(timeout, this);
    } finally {
      this.polling = false;
    }
    const ready = [...this.events].map(([fd, events]) => `${String(fd)} ${describeEvents(events)}`);
    const failed = [...this.errnos].map(([fd, errno]) => `${String(fd)} failed ${String(errno)}`);
    return [...ready, ...failed].sort();
  }

  /** Hands over what was recorded, one-shots too, before somebody else polls the backend's descriptor. */
  flush(): void {
    for (const fd of this.toRearm) this.tell(fd);
    this.backend.flush();
  }

  /** What core does after a fork: everything is said anew. */
  recreate(): void {
    this.backend.recreate();
    this.told.clear();
    for (const [fd, interest] of this.wanted) if (interest !== 0) this.tell(fd);
  }

  close(): void {
    this.backend.close();
  }

  ready(fd: number, events: Events): void {
    this.requirePolling();
    const wanted = this.wanted.get(fd) ?? 0;
    // More than was asked for is no fault; information comes with something wanted.
    const got = events & wanted;
    // What is told in several calls is one event, as it is for core.
    if (got !== 0) this.events.set(fd, (this.events.get(fd) ?? 0) | got | (events & INFORMATION));
  }

  failed(fd: number, errno: number): void {
    this.requirePolling();
    this.told.delete(fd);
    this.wanted.delete(fd);
    this.errnos.set(fd, errno);
  }

  rearm(fd: number): void {
    this.requirePolling();
    this.told.delete(fd);
    if ((this.wanted.get(fd) ?? 0) !== 0) this.toRearm.add(fd);
  }

  private tell(fd: number): void {
    const from = this.told.get(fd) ?? 0;
    const to = this.wanted.get(fd) ?? 0;
    this.toRearm.delete(fd);
    if (from !== 0 || to !== 0) this.backend.modify(fd, from, to);
    this.told.set(fd, to);
  }

  private requirePolling(): void {
    if (!this.polling) throw new Error(SINK_USED_OUTSIDE);
  }
}
