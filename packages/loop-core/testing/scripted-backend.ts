import type { Availability, Backend, BackendContext, BackendFactory, Capabilities, Sink } from "../src/backend.js";
import type { Interest } from "../src/events.js";
import type { ManualClock } from "./manual-clock.js";

/** One call of `modify`. */
export interface Change {
  readonly fd: number;
  readonly from: Interest;
  readonly to: Interest;
}

/** What happens inside one call of `poll`. */
export type PollStep = (sink: Sink, timeout: number) => void;

const ALL: Capabilities = { preciseTimeouts: true, edge: true, priority: true, pollable: false };

/**
 * A backend that does what the test wrote down for each poll, and writes down what core asked of it. A poll without a step
 * lets its timeout pass on the manual clock; one that would wait for ever is an error, because the test would hang.
 */
export class ScriptedBackend implements Backend {
  readonly name: string;
  readonly fd = -1;
  readonly supports: Capabilities;
  readonly context: BackendContext;
  /** Every `modify`, in order. */
  readonly changes: Change[] = [];
  /** The timeout of every poll, in order. */
  readonly timeouts: number[] = [];
  flushes = 0;
  recreations = 0;
  closed = false;
  private readonly steps: PollStep[] = [];
  private readonly clock: ManualClock;

  constructor(name: string, clock: ManualClock, context: BackendContext, supports: Partial<Capabilities> = {}) {
    this.name = name;
    this.clock = clock;
    this.context = context;
    this.supports = { ...ALL, ...supports };
  }

  /** Adds what the next polls without a step yet shall do, in order. */
  next(...steps: PollStep[]): this {
    this.steps.push(...steps);
    return this;
  }

  modify(fd: number, from: Interest, to: Interest): void {
    this.changes.push({ fd, from, to });
  }

  poll(timeout: number, sink: Sink): void {
    this.timeouts.push(timeout);
    const step = this.steps.shift();
    if (step !== undefined) {
      step(sink, timeout);
    } else if (timeout > 0) {
      this.clock.advance(timeout);
    } else if (timeout < 0) {
      throw new Error("the loop waits for ever and the script has no step left");
    }
  }

  flush(): void {
    this.flushes++;
  }

  recreate(): void {
    this.recreations++;
  }

  close(): void {
    this.closed = true;
  }
}

/** A factory of scripted backends; `made` lists them, the newest last. */
export interface ScriptedFactory extends BackendFactory {
  readonly made: ScriptedBackend[];
}

/** Makes such a factory. `probe` may say that it is not available, `fallback` name another one. */
export function scripted(
  clock: ManualClock,
  options: {
    readonly name?: string;
    readonly probe?: Availability;
    readonly fallback?: BackendFactory;
    readonly supports?: Partial<Capabilities>;
  } = {},
): ScriptedFactory {
  const { name = "scripted", probe = { ok: true, features: [] }, fallback, supports } = options;
  const made: ScriptedBackend[] = [];
  return {
    name,
    made,
    fallback,
    probe: () => probe,
    create(context) {
      const backend = new ScriptedBackend(name, clock, context, supports);
      made.push(backend);
      return backend;
    },
  };
}
