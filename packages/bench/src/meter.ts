import { performance } from "node:perf_hooks";

/** What one side did in one round. */
export interface Round {
  readonly events: number;
  readonly ns: number;
  /** Of the whole process, the threads of the runtime too. */
  readonly cpuNs: number;
  /** How long each turn of the loop took, in milliseconds, of a workload that is about that. */
  readonly turns?: readonly number[];
}

/** How long a round is. */
export interface Span {
  /** Milliseconds of running before the measurement: the caches fill and the JIT compiles. */
  readonly warm: number;
  /** Milliseconds of the measurement. */
  readonly measure: number;
  /** If not 0: no warm-up, and exactly this many events instead of a time. */
  readonly events: number;
}

/** The clock is read once in so many events, so that reading it does not show in what is measured. */
const LAP = 1000;

/** Counts events, first to warm up and then to measure. `peers/meter.h` is the same in C. */
export class Meter {
  /** Events until the next look at the clock. */
  private left: number;
  private measuring: boolean;
  /** What was asked for. */
  readonly span: Span;
  private began = 0;
  private beganCpu: NodeJS.CpuUsage = { user: 0, system: 0 };
  private events = 0;
  private result: Round | undefined;

  constructor(span: Span) {
    this.span = span;
    this.measuring = span.events > 0;
    this.left = this.measuring ? span.events : LAP;
    this.begin();
  }

  /** Counts an event; true when the measurement is over. */
  tick(): boolean {
    return --this.left === 0 && this.lap();
  }

  /** The result, once the measurement is over. */
  get round(): Round {
    if (this.result === undefined) throw new Error("the loop ended before the measurement did");
    return this.result;
  }

  /** Starts the clocks; to be called when everything is set up. */
  begin(): void {
    this.beganCpu = process.cpuUsage();
    this.began = performance.now();
  }

  private lap(): boolean {
    const { warm, measure, events } = this.span;
    const elapsed = performance.now() - this.began;
    this.left = LAP;
    if (!this.measuring) {
      if (elapsed >= warm) {
        this.measuring = true;
        this.begin();
      }
      return false;
    }
    this.events += events > 0 ? events : LAP;
    if (events === 0 && elapsed < measure) return false;
    const { user, system } = process.cpuUsage(this.beganCpu);
    this.result = { events: this.events, ns: Math.round(elapsed * 1e6), cpuNs: (user + system) * 1000 };
    // Events that are still pending count no more.
    this.left = -1;
    return true;
  }
}
