import {
  type Backend,
  type BackendContext,
  type BackendFactory,
  type Capabilities,
  DescriptorMap,
  type Interest,
  type Sink,
} from "@polyloop/loop-core";
import { type Completion, Requests } from "./requests.js";

/** Completions that the first poll hands over; the number doubles whenever it was too small. */
const FEWEST = 8;

/**
 * Turns a backend that reports readiness into one of the other kind, as on io_uring and Linux AIO: one-shot requests, and a
 * queue of completions of which one poll hands over so many, so that what it tells may be over by then.
 */
export function completionStyle(readiness: BackendFactory, Kind = CompletionBackend): BackendFactory {
  const name = `${readiness.name}-completions`;
  return {
    name,
    probe: () => readiness.probe(),
    create(context) {
      // Generations are this backend's business: two that count on one map would take each other for changes.
      const inner = readiness.create({ ...context, generations: new DescriptorMap() });
      return new Kind(name, inner, context);
    },
  };
}

/** The state machine such an interface asks for: what is armed, generations, one-shots that are armed again. */
export class CompletionBackend implements Backend {
  readonly name: string;
  readonly fd = -1;
  readonly supports: Capabilities;
  private readonly inner: Backend;
  protected readonly requests: Requests;
  private readonly context: BackendContext;
  private readonly changes = new Map<number, Interest>();
  private readonly armed = new Set<number>();
  private most = FEWEST;

  constructor(name: string, inner: Backend, context: BackendContext) {
    this.name = name;
    this.inner = inner;
    this.requests = new Requests(inner);
    this.context = context;
    this.supports = { ...inner.supports, edge: false, pollable: false };
  }

  modify(fd: number, _from: Interest, to: Interest): void {
    this.changes.set(fd, to);
  }

  poll(timeout: number, sink: Sink): void {
    // The kernel answers whenever it likes, so also before it hears that the answer is not wanted any more.
    if (this.changes.size > 0) this.requests.enter(0);
    this.flush();
    this.requests.enter(this.waitFor(timeout));
    for (const completion of this.take()) this.reap(completion, sink);
  }

  flush(): void {
    for (const [fd, to] of this.changes) {
      this.abandon(fd);
      if (to === 0) continue;
      this.requests.submit(fd, this.context.generations.get(fd), to);
      this.armed.add(fd);
    }
    this.changes.clear();
  }

  recreate(): void {
    for (const fd of this.armed) this.context.generations.increment(fd);
    this.armed.clear();
    this.changes.clear();
    this.requests.clear();
    this.inner.recreate();
  }

  close(): void {
    this.requests.clear();
    this.inner.close();
  }

  /** How long the kernel may wait: not at all while there are answers that were not taken. */
  protected waitFor(timeout: number): number {
    return this.requests.completions.length > 0 ? 0 : timeout;
  }

  /** The next answers, the oldest first. */
  protected take(): readonly Completion[] {
    const { completions } = this.requests;
    const taken = completions.splice(0, this.most);
    if (completions.length > 0) this.most *= 2;
    return taken;
  }

  /** Takes a request back, if there is one. Its answer may be under way: it carries the old generation. */
  private abandon(fd: number): void {
    if (!this.armed.delete(fd)) return;
    this.requests.cancel(fd);
    this.context.generations.increment(fd);
  }

  private reap({ fd, generation, events, errno }: Completion, sink: Sink): void {
    if (generation !== this.context.generations.get(fd)) return;
    this.armed.delete(fd);
    if (errno !== 0) {
      sink.failed(fd, errno);
      return;
    }
    sink.ready(fd, events);
    sink.rearm(fd);
  }
}
