import assert from "node:assert/strict";
import type { Backend, BackendContext, BackendFactory, Capabilities, Sink } from "../src/backend.js";
import type { Events, Interest } from "../src/events.js";
import { SINK_USED_OUTSIDE } from "./bare-backend.js";
import { monotonic } from "./stopwatch.js";

/** One thing that a backend told its sink. */
export type Report =
  | { readonly kind: "ready"; readonly fd: number; readonly events: Events }
  | { readonly kind: "failed"; readonly fd: number; readonly errno: number }
  | { readonly kind: "rearm"; readonly fd: number };

/** A backend under observation: it changes nothing, and writes down how often it was polled and what it told. */
export class ObservedBackend implements Backend, Sink {
  /** Calls of `poll`. */
  polls = 0;
  /** Calls of `recreate`. */
  recreations = 0;
  /** What the last `poll` told, in order. */
  reports: Report[] = [];
  /** What core wants of each descriptor, as it was last said; nothing for what is not wanted. */
  readonly wanted = new Map<number, Interest>();
  private readonly inner: Backend;
  private readonly limit: number;
  private readonly deadline: number;
  private sink: Sink | undefined;

  /**
   * Milliseconds after which it is not polled any more: a loop that turns in vain blocks its thread, so that no limit of a
   * test runner could end the test.
   */
  constructor(inner: Backend, limit: number) {
    this.inner = inner;
    this.limit = limit;
    this.deadline = monotonic() + limit;
  }

  get name(): string {
    return this.inner.name;
  }
  get fd(): number {
    return this.inner.fd;
  }
  get supports(): Capabilities {
    return this.inner.supports;
  }

  modify(fd: number, from: Interest, to: Interest): void {
    if (to === 0) this.wanted.delete(fd);
    else this.wanted.set(fd, to);
    this.inner.modify(fd, from, to);
  }

  poll(timeout: number, sink: Sink): void {
    assert.ok(
      monotonic() < this.deadline,
      `the loop turned for ${String(this.limit)} ms: what would end that does not come`,
    );
    this.polls++;
    this.reports = [];
    this.sink = sink;
    try {
      this.inner.poll(timeout, this);
    } finally {
      this.sink = undefined;
    }
  }

  flush(): void {
    this.inner.flush();
  }
  recreate(): void {
    this.wanted.clear();
    this.recreations++;
    this.inner.recreate();
  }
  close(): void {
    this.inner.close();
  }

  ready(fd: number, events: Events): void {
    this.reports.push({ kind: "ready", fd, events });
    this.told().ready(fd, events);
  }
  failed(fd: number, errno: number): void {
    this.wanted.delete(fd);
    this.reports.push({ kind: "failed", fd, errno });
    this.told().failed(fd, errno);
  }
  rearm(fd: number): void {
    this.wanted.delete(fd);
    this.reports.push({ kind: "rearm", fd });
    this.told().rearm(fd);
  }

  private told(): Sink {
    if (this.sink === undefined) throw new Error(SINK_USED_OUTSIDE);
    return this.sink;
  }
}

/** A factory whose backends are observed, for `limit` milliseconds at most; `made` lists them, the newest last. */
export function observe(
  factory: BackendFactory,
  limit = Number.POSITIVE_INFINITY,
): BackendFactory & { readonly made: ObservedBackend[] } {
  const made: ObservedBackend[] = [];
  return {
    name: factory.name,
    made,
    probe: () => factory.probe(),
    create(context: BackendContext) {
      const backend = new ObservedBackend(factory.create(context), limit);
      made.push(backend);
      return backend;
    },
  };
}
